import { readFileSync } from "node:fs";
import { z } from "zod";
import { fromRoot } from "../../../scripts/lib/paths.ts";

const keySchema = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("exact"), values: z.array(z.string()) }),
  z.looseObject({ kind: z.literal("numeric"), value: z.number() }),
  z.looseObject({ kind: z.literal("regex"), pattern: z.string() }),
]);
const problemSchema = z.looseObject({ id: z.string(), answer: keySchema.nullable().optional() });
const courseSchema = z.looseObject({
  chapters: z.array(
    z.looseObject({ id: z.string(), completion: z.looseObject({}).optional(), problems: z.array(problemSchema) }),
  ),
  problems: z.array(problemSchema),
});

/** What one can write where the key is a pattern. */
const WRITTEN: Record<string, string> = {
  "algorithms.name-the-growth": "O(n^2)",
  "algorithms.two-sum": "11, 20",
  "algorithms.stack-order": "2 4 3",
  "algorithms.binary-search-trace": "16, 56, 23",
  "algorithms.search-second-chance": "7, 11",
  "algorithms.inorder": "1 3 4 6 8 10 14",
  "algorithms.preorder": "8 3 1 6 4 10 14",
  "algorithms.topological-order": "C B A D",
  "algorithms.sort-growth": "O(n log n)",
};

/** The sample course as somebody who knows every answer sees it: chapters to be marked, and problems with what to write. */
export function sampleCourse(): { chapters: string[]; answers: Map<string, string> } {
  const course = courseSchema.parse(JSON.parse(readFileSync(fromRoot("samples/algorithms/course.json"), "utf8")));
  const answers = new Map<string, string>();
  for (const { id, answer } of [...course.chapters.flatMap((chapter) => chapter.problems), ...course.problems]) {
    if (answer === null || answer === undefined) continue;
    const text =
      answer.kind === "exact" ? answer.values[0] : answer.kind === "numeric" ? String(answer.value) : WRITTEN[id];
    if (text === undefined) throw new Error(`nobody has written down an answer to ${id}`);
    answers.set(id, text);
  }
  const marked = course.chapters.filter(({ completion }) => completion === undefined || "mark" in completion);
  return { chapters: marked.map((chapter) => chapter.id), answers };
}
