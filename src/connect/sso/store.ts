import { directory } from "../../platform/database/shards.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import type { Result } from "../../platform/results.ts";
import { refuse } from "../../platform/results.ts";
import { seal, unseal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import type { SignOnProvider } from "./flow.ts";
import { settingsSchema } from "./shapes.ts";
import { providerByName, resealSecret } from "./statements.ts";
import type { ProviderRow } from "./tables.ts";

/** What the secret of a client belongs to: it is never sent to another issuer. */
export const secretPlace = (name: string, issuer: string) => `identity provider ${name} ${issuer}`;

/** The page that the provider sends the browser back to. One for each provider, so that no answer of another is taken. */
export const redirectOf = (origin: string, name: string) => `${origin}/sign-in/with/${name}`;

export function findProvider(env: Env, name: string): Promise<ProviderRow | null> {
  return providerByName(directory(env), name).first<ProviderRow>();
}

/** A provider that people sign in with, its secret opened. @returns `not_found`, or `unavailable` where the secret does not open. */
export async function openProvider(env: Env, name: string): Promise<Result<SignOnProvider>> {
  const row = await findProvider(env, name);
  if (row === null || row.sign_in !== 1) return refuse("not_found", { detail: "There is no such identity provider." });
  const parsed = settingsSchema.parse(JSON.parse(row.settings));
  if (row.secret === null) return { ok: true, value: { ...row, parsed, clientSecret: null } };
  const secrets = acceptedSecrets(env);
  const place = secretPlace(row.name, row.issuer);
  const opened = await unseal(secrets, place, row.secret);
  if (opened === null) {
    const detail = "The secret of this provider cannot be read with the present AUTH_SECRET. An admin sets it again.";
    return refuse("unavailable", { detail });
  }
  if (opened.isOld) await resealSecret(directory(env), name, row.secret, await seal(secrets, place, opened.text)).run();
  return { ok: true, value: { ...row, parsed, clientSecret: opened.text } };
}

export function viewProvider(row: ProviderRow, origin: string | null) {
  const { name, label, issuer, client_id, audience, top_role } = row;
  return {
    name,
    label,
    issuer,
    client_id,
    has_secret: row.secret !== null,
    sign_in: row.sign_in === 1,
    audience,
    top_role,
    settings: settingsSchema.parse(JSON.parse(row.settings)),
    redirect_uri: origin === null ? null : redirectOf(origin, name),
    last_sign_in_at: toInstantOrNull(row.signed_in_at),
    last_failure_at: toInstantOrNull(row.failed_at),
    last_failure: row.failure,
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  };
}
