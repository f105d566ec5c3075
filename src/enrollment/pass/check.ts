import { ok, type Result, refuse } from "../../platform/results.ts";
import type { SecretBindings } from "../../platform/secrets.ts";
import { decodePass, type PassFacts } from "./format.ts";
import { passKeys } from "./keys.ts";
import { subjectHash } from "./order.ts";
import { isRevoked, type Revoked } from "./revoked.ts";

/** The limit of passes whose signature this isolate has checked; about 2 KB each. */
const MAX_CHECKED = 1_000;

/** By the caller's enrollment and the text of the pass. No other way of looking up a pass exists. */
const checked = new Map<string, PassFacts>();

/**
 * The content of a pass, if it is genuine, for this enrollment, not ended and not revoked; else why not.
 * @param revoked the revoked passes of the course.
 */
export async function checkPass(
  env: SecretBindings,
  enrollment: string,
  text: string,
  revoked: Revoked,
  now: number,
): Promise<Result<PassFacts>> {
  const keys = await passKeys(env);
  // A pass with a removed key is not valid, whatever is remembered of it.
  const name = `${keys.map(({ jwk }) => jwk.kid).join(" ")} ${enrollment} ${text}`;
  let facts = checked.get(name);
  if (facts === undefined) {
    const decoded = await decodePass(text, keys);
    if (decoded === null) return refuse("pass_refused", { detail: "This server did not sign the pass." });
    const subject = await subjectHash(enrollment);
    if (subject.toHex() !== decoded.subject.toHex()) {
      return refuse("pass_refused", { detail: "The pass is for another learner or another course." });
    }
    facts = decoded;
    checked.set(name, facts);
    const oldest = checked.keys().next();
    if (checked.size > MAX_CHECKED && !oldest.done) checked.delete(oldest.value);
  }
  if (now >= (facts.issued_at + facts.lasts) * 1_000)
    return refuse("pass_refused", { detail: "The pass has expired." });
  const shown = { subject: facts.subject.toHex(), issuedAt: facts.issued_at * 1_000, version: facts.version };
  return isRevoked(revoked, shown)
    ? refuse("pass_refused", { detail: "The pass was revoked: something was locked since." })
    : ok(facts);
}
