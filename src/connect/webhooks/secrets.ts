import { Webhook } from "standardwebhooks";
import { directory } from "../../platform/database/shards.ts";
import { seal, unseal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { resealHook } from "./statements.ts";
import type { HookRow } from "./tables.ts";

/** Bytes of a secret; the specification asks for 24 to 64. */
const SECRET_BYTES = 32;

/** What a secret belongs to: it opens nowhere else. */
const placeOf = (id: string) => `webhook ${id}`;

/** A new secret, in the form that the libraries of Standard Webhooks take. */
export function newSecret(): string {
  return `whsec_${crypto.getRandomValues(new Uint8Array(SECRET_BYTES)).toBase64()}`;
}

export function sealSecret(env: Env, id: string, secret: string): Promise<string> {
  return seal(acceptedSecrets(env), placeOf(id), secret);
}

/** Signs what is sent: the `webhook-signature` header of an id, an instant and a body. */
export type Sign = (id: string, at: Date, body: string) => string;

/**
 * Opens the secrets of a subscription. While a new one is being brought to the receiver, both sign.
 * @returns null where they cannot be read with the present AUTH_SECRET.
 */
export async function signerOf(env: Env, row: HookRow, now: number): Promise<Sign | null> {
  const secrets = acceptedSecrets(env);
  const opened = await unseal(secrets, placeOf(row.id), row.secret);
  if (opened === null) return null;
  if (opened.isOld) {
    await resealHook(directory(env), row.id, row.secret, await sealSecret(env, row.id, opened.text)).run();
  }
  const isBoth = row.previous_secret !== null && (row.previous_until ?? 0) > now;
  const before = isBoth ? await unseal(secrets, placeOf(row.id), row.previous_secret ?? "") : null;
  const keys = [opened, ...(before === null ? [] : [before])].map(({ text }) => new Webhook(text));
  return (id, at, body) => keys.map((key) => key.sign(id, at, body)).join(" ");
}
