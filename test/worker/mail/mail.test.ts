import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { addMail, pruneMails, sendMail, sweepMails } from "../../../src/mail/index.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem } from "../../support/worker/http.ts";

const NOW = Date.now();
const BASE = "https://learn.example.org";
type Sent = { to: string; subject: string; text: string; from: string };

/** A deployment that sends mail, by a platform that fails as often as it is told. */
function deployed({ failures = 0, before = async () => {} }: { failures?: number; before?: () => Promise<void> } = {}) {
  const sent: Sent[] = [];
  let left = failures;
  const mail = {
    async send(message: Sent) {
      await before();
      left -= 1;
      if (left >= 0) throw new Error(`the platform refuses ${message.to}`);
      sent.push(message);
      return { messageId: "m" };
    },
  };
  const bindings: object = {
    ENVIRONMENT: "production",
    MAIL_FROM: "no-reply@example.org",
    PUBLIC_URL: BASE,
    MAIL: mail,
  };
  // SAFETY: what the generated types say of these is what the file says today.
  return { env: { ...env, ...bindings } as Env, sent };
}

async function written(address = `${crypto.randomUUID()}@example.org`, at = NOW): Promise<string> {
  const id = crypto.randomUUID().replaceAll("-", "");
  const details = { base: BASE, name: "Ada" };
  await addMail(env.DB, { id, user: null, address, kind: "recover", language: "en", details }, at).run();
  return id;
}

const stateOf = (id: string) =>
  env.DB.prepare("SELECT state, attempts, due_at FROM mails WHERE id = ?")
    .bind(id)
    .first<{ state: string; attempts: number; due_at: number | null }>();

describe("a mail that was written", () => {
  it("is sent once, with its link, however many try at the same moment", async () => {
    const { env: there, sent } = deployed();
    const id = await written();
    await Promise.all(Array.from({ length: 5 }, () => sendMail(there, id, NOW)));
    expect(sent).toHaveLength(1);
    expect(sent[0]?.text).toMatch(new RegExp(`${BASE}/sign-in/new-password#${id}\\.[\\w-]{22}`));
    expect(sent[0]?.from).toBe("no-reply@example.org");
    expect(await stateOf(id)).toMatchObject({ state: "sent", due_at: null });
    expect(await sendMail(there, id, NOW + 3_600_000)).toBe("nothing");
  });

  it("[I1] is sent by a later minute if the platform refuses it or its sender dies", async () => {
    const { env: there, sent } = deployed({ failures: 2 });
    const id = await written();
    expect(await sendMail(there, id, NOW)).toBe("later");
    expect(await sendMail(there, id, NOW + 1_000)).toBe("nothing");
    await sweepMails(there, NOW + 600_000);
    await sweepMails(there, NOW + 1_200_000);
    expect(sent.filter(({ text }) => text.includes(id))).toHaveLength(1);
    // A sender that never came back holds it for a minute.
    const hung = await written();
    await env.DB.prepare("UPDATE mails SET due_at = ?, attempts = 1 WHERE id = ?")
      .bind(NOW + 60_000, hung)
      .run();
    expect(await sendMail(there, hung, NOW + 59_000)).toBe("nothing");
    expect(await sendMail(there, hung, NOW + 60_000)).toBe("sent");
  });

  it("is not sent when its reason is over, and is removed after a week", async () => {
    const { env: there, sent } = deployed();
    const id = await written(undefined, NOW - 2 * 86_400_000);
    expect(await sendMail(there, id, NOW)).toBe("nothing");
    expect(sent).toEqual([]);
    expect((await stateOf(id))?.state).toBe("failed");
    await pruneMails(env, NOW + 4 * 86_400_000);
    expect((await stateOf(id))?.state).toBe("failed");
    await pruneMails(env, NOW + 6 * 86_400_000);
    expect(await stateOf(id)).toBeNull();
  });

  it("is shown on a page of a local installation, and of no other", async () => {
    expect((await call("GET", "/system/mails")).status).toBe(200);
    // SAFETY: see above.
    const elsewhere = await callWith({ ENVIRONMENT: "production" } as unknown as Partial<Env>, "GET", "/system/mails");
    expect((await problem(elsewhere, 501)).code).toBe("not_enabled");
  });
});
