import { z } from "@hono/zod-openapi";
import { criterionIdSchema, type Rubric } from "../courses/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { broken } from "../platform/http/field-errors.ts";
import { type FieldError, ok, type Result, refuse } from "../platform/results.ts";
import { percentOf } from "../unlock/index.ts";
import type { LineComment, Marks, RubricMark } from "./requests.ts";

/** Bytes of all texts of one verdict: comment, remarks on lines and on criteria. */
const MAX_TEXT_BYTES = 32_000;
const MAX_COMMENTS = 100;
const MAX_CRITERIA = 20;

const pointsSchema = z
  .strictObject({ points: z.number().min(0).max(100_000), max: z.number().positive().max(100_000) })
  .refine(({ points, max }) => points <= max, {
    path: ["points"],
    ...broken("more_than_max", "at most `max`"),
  });

const rubricMarkSchema = z
  .strictObject({
    criterion: criterionIdSchema,
    level: criterionIdSchema.nullable().default(null),
    points: z.number().min(0).nullable().default(null).openapi({ description: "Absent: those of the level." }),
    comment: z.string().max(1_000).nullable().default(null),
  })
  .openapi("NewRubricMark");

const lineCommentSchema = z
  .strictObject({ line: z.int().min(1), to: z.int().min(1).optional(), text: z.string().trim().min(1).max(2_000) })
  .openapi("NewLineComment");

/** The judgement of a person or a service about a submission. */
export const verdictSchema = z
  .strictObject({
    passed: z.boolean().openapi({
      description:
        "Whether the problem counts as completed. This is independent of the score: a condition on a score asks only for the score, whether the attempt passed or not.",
    }),
    score: z.number().min(0).max(100).optional().openapi({
      description:
        "In percent. The best score counts, whether the attempt passed or not. Exactly one of `score`, `points` and `rubric` says it.",
    }),
    points: pointsSchema.optional().openapi({ description: "The score in points." }),
    rubric: z.array(rubricMarkSchema).min(1).max(MAX_CRITERIA).optional().openapi({
      description: "A mark for each criterion of the item's rubric; the score is their sum.",
    }),
    comments: z.array(lineCommentSchema).max(MAX_COMMENTS).default([]).openapi({
      description: "Remarks on lines of the answer, counted from 1; `to` is the last line, absent: the same.",
    }),
    decides: z.boolean().default(false).openapi({
      description:
        "This verdict passes or fails the item, for conditions on its completion state. Without it, an attempt that did not pass leaves the item incomplete.",
    }),
    feedback: z.string().max(5_000).nullable().default(null).openapi({
      description: "Markdown. All texts of a verdict together have 32,000 bytes at most.",
    }),
    held: z.boolean().default(false).openapi({
      description:
        "It neither shows nor counts for its learner until it is released: `release` in a fact of `POST /progress/import`.",
    }),
    replaces: z.int().min(1).optional().openapi({
      description:
        "Changes a verdict: the `number` of the one that the caller has seen. Another one since is `already_judged`, with that verdict.",
    }),
    relock: z.boolean().default(false).openapi({
      description:
        "With `replaces`: what rested on the verdict before locks again, where the rules do not open it now.",
    }),
  })
  .superRefine((verdict, context) => {
    const { score, points, rubric } = verdict;
    const named = [score, points, rubric].filter((each) => each !== undefined).length;
    if (named !== 1) {
      context.addIssue({
        code: "custom",
        path: ["score"],
        params: { rule: "one_score" },
        message: "exactly one of score, points and rubric says how well it was done",
      });
    }
    if (verdict.relock && verdict.replaces === undefined) {
      context.addIssue({
        code: "custom",
        path: ["relock"],
        params: { rule: "nothing_replaced" },
        message: "only the change of a verdict can lock something again",
      });
    }
    if (textBytes(verdict) > MAX_TEXT_BYTES) {
      context.addIssue({
        code: "custom",
        path: ["feedback"],
        params: { rule: "too_many_bytes" },
        message: `all texts have ${MAX_TEXT_BYTES} bytes at most`,
      });
    }
  })
  .openapi("Verdict");
export type Verdict = z.infer<typeof verdictSchema>;

function textBytes({ feedback, comments, rubric = [] }: Pick<Verdict, "feedback" | "comments" | "rubric">): number {
  const texts = [feedback ?? "", ...comments.map(({ text }) => text), ...rubric.map(({ comment }) => comment ?? "")];
  return texts.reduce((sum, text) => sum + utf8Bytes(text), 0);
}

/**
 * Score and marks of a verdict.
 * @param rubric the item's published rubric; only read if the verdict uses one.
 */
export function readVerdict(verdict: Verdict, rubric: Rubric | null): Result<{ score: number; marks: Marks }> {
  const comments = verdict.comments.map(({ line, to = line, text }): LineComment => ({ line, to, text }));
  const remarks: Marks = comments.length === 0 ? {} : { comments };
  if (verdict.rubric !== undefined) {
    const marked = marksOf(verdict.rubric, rubric);
    if (!marked.ok) return marked;
    const points = {
      points: marked.value.reduce((sum, each) => sum + each.points, 0),
      max: marked.value.reduce((sum, each) => sum + each.max, 0),
    };
    return ok({ score: percent(points), marks: { rubric: marked.value, ...remarks, points } });
  }
  const { points, score } = verdict;
  if (points !== undefined) return ok({ score: percent(points), marks: { ...remarks, points } });
  return ok({ score: score ?? 0, marks: remarks });
}

const percent = ({ points, max }: { points: number; max: number }): number => percentOf({ points, min: 0, max }) ?? 0;

/** A mark for each criterion, in the rubric's order; or which one is missing or unknown. */
function marksOf(given: NonNullable<Verdict["rubric"]>, rubric: Rubric | null): Result<RubricMark[]> {
  if (rubric === null) {
    const message = "The item has no rubric in the published version.";
    return refuse("invalid_input", { errors: [{ path: "body.rubric", rule: "no_rubric", message }] });
  }
  const errors: FieldError[] = [];
  const fault = (path: string, rule: string, message: string) => {
    errors.push({ path, rule, message });
    return [];
  };
  given.forEach(({ criterion }, index) => {
    const path = `body.rubric[${index}].criterion`;
    const isKnown = rubric.criteria.some(({ id }) => id === criterion);
    if (!isKnown) fault(path, "no_such_criterion", `The rubric has no criterion "${criterion}".`);
    if (given.findIndex((each) => each.criterion === criterion) < index)
      fault(path, "duplicate_id", "It is marked twice.");
  });
  const marks = rubric.criteria.flatMap(({ id, title, levels, points: max }): RubricMark[] => {
    const index = given.findIndex(({ criterion }) => criterion === id);
    const mark = given[index];
    const path = `body.rubric[${index}]`;
    if (mark === undefined) return fault("body.rubric", "criterion_missing", `The criterion "${id}" has no mark.`);
    const level = levels.find((each) => each.id === mark.level) ?? null;
    if (mark.level !== null && level === null) {
      return fault(`${path}.level`, "no_such_level", `The criterion has no level "${mark.level}".`);
    }
    const points = mark.points ?? level?.points ?? null;
    if (points === null) return fault(`${path}.points`, "no_points", "Name points, or a level.");
    if (points > max) return fault(`${path}.points`, "too_many_points", `At most ${max}.`);
    const named = { level: level?.id ?? null, level_title: level?.title ?? null };
    return [{ criterion: id, title, ...named, points, max, comment: mark.comment }];
  });
  return errors.length > 0 ? refuse("invalid_input", { errors }) : ok(marks);
}
