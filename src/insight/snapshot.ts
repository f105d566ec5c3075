import { z } from "@hono/zod-openapi";
import { sha256Hex } from "../shared/http.ts";
import type { CourseFacts, Learner } from "./world.ts";

/**
 * Data snapshots: what a run learnt from, kept as lines of JSON under the hash of their content, so that nothing can
 * change behind a model's back. Learners stand in them under a pseudonym, see `pseudonymOf`.
 */
const PREFIX = "insight/snapshots/";

const courseLine = z.object({
  kind: z.literal("course"),
  course: z.string(),
  module: z.string(),
  period: z.string(),
  start: z.number(),
  length: z.number(),
  assessments: z.array(
    z.object({ item: z.string(), due: z.number().nullable(), weight: z.number(), isExam: z.boolean() }),
  ),
});
const learnerLine = z.object({
  kind: z.literal("learner"),
  user: z.string(),
  registered: z.number().nullable(),
  withdrawn: z.number().nullable(),
  attempts: z.number(),
  credits: z.number(),
  passed: z.boolean().nullable(),
  submissions: z.array(z.object({ item: z.string(), day: z.number(), score: z.number().nullable() })),
});

/** One piece of a snapshot: some learners of a course. */
export const partSchema = z.object({ sha256: z.string(), learners: z.number() });
export type SnapshotPart = z.infer<typeof partSchema>;

/** What a snapshot holds; its hash is the hash of this text. */
export const manifestSchema = z.object({
  format: z.literal(1),
  as_of: z.number(),
  courses: z.array(z.object({ course: z.string(), parts: z.array(partSchema) })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Where the content of a hash lies. */
export function snapshotKey(sha256: string): string {
  return `${PREFIX}${sha256}`;
}

/** One part as text. */
export function partText(course: CourseFacts): string {
  const { learners, ...rest } = course;
  const lines = [{ kind: "course", ...rest }, ...learners.map((learner) => ({ kind: "learner", ...learner }))];
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** Puts parts of one course together again. @throws when a line is not what a snapshot has. */
export function courseOfParts(texts: readonly string[]): CourseFacts {
  let course: CourseFacts | null = null;
  const learners: Learner[] = [];
  for (const text of texts) {
    const [head = "", ...lines] = text.trimEnd().split("\n");
    const { kind: _kind, ...facts } = courseLine.parse(JSON.parse(head));
    course = { ...facts, learners };
    for (const line of lines) {
      const { kind: _learner, ...learner } = learnerLine.parse(JSON.parse(line));
      learners.push(learner);
    }
  }
  if (course === null) throw new Error("a course without parts");
  return course;
}

/** Stores content under its hash; what is there already is the same. @returns the hash. */
export async function storeContent(bucket: R2Bucket, text: string): Promise<string> {
  const sha256 = await sha256Hex(text);
  await bucket.put(snapshotKey(sha256), text, { onlyIf: { etagDoesNotMatch: "*" } });
  return sha256;
}

/** Content by its hash, or null when it is gone or is not what the hash says. */
export async function loadContent(bucket: R2Bucket, sha256: string): Promise<string | null> {
  const stored = await bucket.get(snapshotKey(sha256));
  const text = await stored?.text();
  return text !== undefined && (await sha256Hex(text)) === sha256 ? text : null;
}

/** A course of a snapshot. @throws when a part is missing or altered. */
export async function loadCourse(bucket: R2Bucket, parts: readonly SnapshotPart[]): Promise<CourseFacts> {
  const texts: string[] = [];
  for (const { sha256 } of parts) {
    const text = await loadContent(bucket, sha256);
    if (text === null) throw new Error(`part ${sha256} of a data snapshot is missing or altered`);
    texts.push(text);
  }
  return courseOfParts(texts);
}

/** The name under which a user stands in snapshots: not to be turned back, and the same in every snapshot. */
export async function pseudonymOf(secret: CryptoKey, user: string): Promise<string> {
  const signature = await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(user));
  return new Uint8Array(signature).slice(0, 12).toHex();
}
