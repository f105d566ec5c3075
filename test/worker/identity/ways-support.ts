import { env } from "cloudflare:workers";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { collectingQueue, consume } from "../refresh/support.ts";
import { type Call, call, PASSWORD, problem, read, tokenOf } from "./support.ts";

const mailsSchema = z.object({
  results: z.array(
    z.object({ to: z.string(), kind: z.string(), subject: z.string(), text: z.string(), html: z.string() }),
  ),
});
export type Mail = z.infer<typeof mailsSchema>["results"][number];

/** Calls a route, and delivers the messages about mail that it has sent. */
export async function withMail(method: string, path: string, options: Call = {}, deliveries = 1): Promise<Response> {
  const { queue, sent } = collectingQueue();
  const answer = await callWith({ MAIL_QUEUE: queue }, method, path, { background: "wait", ...options });
  for (let delivery = 0; delivery < deliveries; delivery += 1) {
    for (const { body } of sent) await consume("latchkey-mail", [body]);
  }
  return answer;
}

/** The mails to an address, the newest first, as the local page shows them. */
export async function mailsTo(address: string): Promise<Mail[]> {
  const { results } = await read(await call("GET", "/system/mails?limit=200"), 200, mailsSchema);
  return results.filter(({ to }) => to === address);
}

/** What the link of the newest mail of a kind ends with. */
export async function linkTo(address: string, kind: string): Promise<string> {
  const mail = (await mailsTo(address)).find((one) => one.kind === kind);
  const token = /#(\S+)/.exec(mail?.text ?? "")?.[1];
  if (token === undefined) throw new Error(`no link of the kind ${kind} to ${address}`);
  return token;
}

/** Lets every link and step of a user be over. */
export async function outlive(user: string): Promise<void> {
  await env.DB.prepare("UPDATE verifications SET expires_at = 1 WHERE identifier = ?").bind(user).run();
}

export const admin = () => tokenOf("head", "admin");

/** The app that has a secret. */
export function appOf(secret: string) {
  const otp = createOTP(base32.decode(secret));
  /** The code of an interval from now. */
  return (from = 0) => otp.hotp(Math.floor(Date.now() / 30_000) + from);
}

const setUp = z.object({ secret: z.string(), uri: z.string() });
const codes = z.object({ backup_codes: z.array(z.string()) });

/** Switches a second factor on. @returns its app, and the backup codes. */
export async function secondFactorOf(token: string) {
  const begun = await read(
    await call("POST", "/auth/second-factor", { token, body: { password: PASSWORD } }),
    200,
    setUp,
  );
  const app = appOf(begun.secret);
  const confirmed = await call("POST", "/auth/second-factor/confirm", { token, body: { code: await app(-1) } });
  return { app, backup: (await read(confirmed, 200, codes)).backup_codes, uri: begun.uri };
}

const stepSchema = z.object({
  code: z.literal("second_factor_required"),
  challenge: z.string(),
  setup: setUp.nullable(),
});

/** The step that a sign-in asks for. */
export async function stepIn(answer: Response) {
  const text = await answer.text();
  if (answer.status !== 401) throw new Error(`expected 401, got ${answer.status}: ${text}`);
  return stepSchema.parse(JSON.parse(text));
}

export const codeOf = async (answer: Response, status: number) => (await problem(answer, status)).code;
