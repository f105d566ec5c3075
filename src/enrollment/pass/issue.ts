import type { SnapshotInfo } from "../../mirror/index.ts";
import { toInstant } from "../../platform/instants.ts";
import type { SecretBindings } from "../../platform/secrets.ts";
import type { Program } from "../../unlock/index.ts";
import { encodePass } from "./format.ts";
import { passKeys } from "./keys.ts";
import { itemsDigest, subjectHash } from "./order.ts";
import { PASS_SECONDS } from "./revoked.ts";

export interface IssuedPass {
  pass: string;
  issued_at: string;
  valid_until: string;
  items_digest: string;
}

/**
 * Signs which items a learner may open.
 * @param asked when the enrollment was asked, epoch ms: the pass begins then.
 * @param open one bit for each item of the program.
 * @returns null if the answer ends within a second: such a pass would be useless.
 */
export async function issuePass(
  env: SecretBindings,
  {
    enrollment,
    program,
    snapshot,
    open,
    asked,
  }: {
    enrollment: string;
    program: Program;
    snapshot: SnapshotInfo;
    open: Uint8Array;
    asked: number;
  },
): Promise<IssuedPass | null> {
  const issued_at = Math.floor(asked / 1_000);
  const ends = snapshot.valid_until === null ? Number.POSITIVE_INFINITY : Date.parse(snapshot.valid_until) / 1_000;
  const lasts = Math.min(PASS_SECONDS, Math.floor(ends) - issued_at);
  if (lasts <= 0) return null;
  const { course_version, version, progress_seq, policy_seq, engine } = snapshot;
  const [subject, items_digest] = await Promise.all([subjectHash(enrollment), itemsDigest(program, course_version)]);
  const [key] = await passKeys(env);
  const facts = {
    subject,
    issued_at,
    lasts,
    items_digest,
    course_version,
    version,
    progress_seq,
    policy_seq,
    engine,
    open,
  };
  return {
    pass: await encodePass(facts, key),
    issued_at: toInstant(issued_at * 1_000),
    valid_until: toInstant((issued_at + lasts) * 1_000),
    items_digest: items_digest.toHex(),
  };
}
