import { z } from "@hono/zod-openapi";
import type { CourseFacts, Learner } from "./world.ts";

// Data snapshots as text; see snapshot.ts for where they are stored.

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

/** The content of a snapshot; its hash is the hash of this text. */
export const manifestSchema = z.object({
  format: z.literal(1),
  as_of: z.number(),
  courses: z.array(z.object({ course: z.string(), parts: z.array(partSchema) })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** One part as text. */
export function partText(course: CourseFacts): string {
  const { learners, ...rest } = course;
  const lines = [{ kind: "course", ...rest }, ...learners.map((learner) => ({ kind: "learner", ...learner }))];
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** Joins the parts of one course. @throws if a line does not fit the form of a snapshot. */
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
