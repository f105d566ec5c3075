import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { refuse } from "../../platform/results.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { idOf, signedId } from "../../platform/signed-ids.ts";
import { dropOneTimes, oneTime, spendTry, takeOneTime } from "./statements.ts";

// Single-use values: links in mails, and the step between a password and a code. They stand in better-auth's table
// `verifications`, under their user, whose erasure removes them.

/** What a value is for: it serves nothing else. */
const PURPOSES = ["recover", "link", "verify", "change", "step", "launch", "landing"] as const;
export type Purpose = (typeof PURPOSES)[number];

/** How long each serves, milliseconds. */
export const LIVES: Readonly<Record<Purpose, number>> = {
  recover: 30 * 60_000,
  link: 15 * 60_000,
  verify: 86_400_000,
  change: 86_400_000,
  step: 10 * 60_000,
  // From an address behind a `#` that a browser was just sent to.
  launch: 60_000,
  // In a page that waits for somebody to press its button.
  landing: 30 * 60_000,
};
/** Values of one user and purpose that serve at a time. Beyond, no further mail is sent: nobody's mailbox is flooded. */
export const MOST_AT_A_TIME = 5;

const stored = z.object({ id: z.string(), identifier: z.string(), value: z.string() });
const valueSchema = z.object({
  for: z.enum(PURPOSES),
  /** The address that a link was sent to. */
  email: z.string().optional(),
  tries: z.int().optional(),
  /** The step sets up a second factor. */
  setup: z.boolean().optional(),
  /** Where a launch leads to, below the origin of the pages. */
  to: z.string().optional(),
});
type OneTimeValue = z.infer<typeof valueSchema>;

export interface OneTime {
  id: string;
  user: string;
  value: OneTimeValue;
}

/** One answer for what was used, has ended, or is not ours. */
export const LINK_INVALID = refuse("link_invalid");

function parsed(row: unknown): OneTime | null {
  if (row === null) return null;
  const { id, identifier, value } = stored.parse(row);
  return { id, user: identifier, value: valueSchema.parse(JSON.parse(value)) };
}

function purposeOf(purpose: Purpose): "mail-link" | "sign-in-step" {
  return purpose === "step" ? "sign-in-step" : "mail-link";
}

/** What a token stands for, without using it; null where it serves no more. */
export async function lookAt(env: Env, token: string, purpose: Purpose, now: number): Promise<OneTime | null> {
  const id = await idOf(acceptedSecrets(env), purposeOf(purpose), token);
  return id === null ? null : parsed(await oneTime(directory(env), id, purpose, now).first());
}

/** Uses a token. Of two at the same moment, one gets it. */
export async function take(env: Env, token: string, purpose: Purpose, now: number): Promise<OneTime | null> {
  const id = await idOf(acceptedSecrets(env), purposeOf(purpose), token);
  return id === null ? null : parsed(await takeOneTime(directory(env), id, purpose, now).first());
}

/** Spends one of the tries of a step; null when there is none left. */
export async function tryStep(env: Env, token: string, now: number): Promise<OneTime | null> {
  const id = await idOf(acceptedSecrets(env), "sign-in-step", token);
  return id === null ? null : parsed(await spendTry(directory(env), id, now).first());
}

/** The token that a browser shows in the next step. */
export function stepToken(env: Env, id: string): Promise<string> {
  return signedId(env.AUTH_SECRET, "sign-in-step", id);
}

/** Ends every link and step of a user. */
export async function dropAll(env: Env, user: string): Promise<void> {
  await dropOneTimes(directory(env), user).run();
}
