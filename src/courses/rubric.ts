import { z } from "@hono/zod-openapi";
import { localizedTextSchema } from "../platform/text.ts";

/** Bounds of one rubric: what a person can look over while judging. */
const MAX_CRITERIA = 20;
const MAX_LEVELS = 10;
const MAX_POINTS = 1_000;

export const criterionIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "lower-case letters, digits, dashes and underscores, at most 32");
const points = z.number().min(0).max(MAX_POINTS);
const level = z.strictObject({
  id: criterionIdSchema,
  title: localizedTextSchema(200),
  points: points.openapi({ description: "What it gives; at most the points of its criterion." }),
});
const criterion = z.strictObject({
  id: criterionIdSchema,
  title: localizedTextSchema(200),
  description: localizedTextSchema(1_000).optional(),
  points: points.openapi({ description: "The most that it gives." }),
  levels: z.array(level).max(MAX_LEVELS).default([]),
});

/** How a person judges answers to a problem: criteria, each with points and, where there are any, levels. */
export const rubricSchema = z
  .strictObject({ criteria: z.array(criterion).min(1).max(MAX_CRITERIA) })
  .superRefine(({ criteria }, context) => {
    const fault = (path: (string | number)[], rule: string, message: string) => {
      context.addIssue({ code: "custom", path: ["criteria", ...path], message, params: { rule } });
    };
    const ids = new Set<string>();
    criteria.forEach(({ id, levels, points: most }, index) => {
      if (ids.has(id)) fault([index, "id"], "duplicate_id", `"${id}" is named twice.`);
      ids.add(id);
      const names = new Set<string>();
      levels.forEach((each, at) => {
        if (names.has(each.id)) fault([index, "levels", at, "id"], "duplicate_id", `"${each.id}" is named twice.`);
        names.add(each.id);
        if (each.points > most) {
          fault([index, "levels", at, "points"], "too_many_points", `At most the ${most} points of the criterion.`);
        }
      });
    });
    if (criteria.every((each) => each.points === 0)) fault([], "no_points", "No criterion gives a point.");
  })
  .openapi("Rubric");
export type Rubric = z.infer<typeof rubricSchema>;

/** Under which name a rubric lies beside the texts of its version: no item is called so. */
export const rubricOf = (item: string): string => `${item}#rubric`;
