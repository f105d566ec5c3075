import { z } from "@hono/zod-openapi";

// The forms of the answers to a publish.

/** A finding of a publish in a document: place, rule, and a sentence. */
export const findingSchema = z.object({ path: z.string(), rule: z.string(), message: z.string() });

export const publishedSchema = z
  .object({
    course: z.string(),
    version: z.int(),
    activation: z.int(),
    created: z.boolean().openapi({
      description: "False if the active version already has this document and no relock is requested.",
    }),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(findingSchema),
  })
  .openapi("PublishedVersion");
export type PublishedVersion = z.infer<typeof publishedSchema>;

/** The effect of a publish on the learners of a course, and how exact the numbers are. */
export const impactSchema = z
  .looseObject({
    enrollments: z.int().openapi({ description: "Active enrollments of the course." }),
    evaluated: z.int().openapi({ description: "How many of them were evaluated." }),
    gaining: z.int().openapi({ description: "Evaluated learners for whom at least one item would open." }),
    losing: z.int(),
    items: z.array(z.object({ item: z.string(), gain: z.int(), lose: z.int() })).openapi({
      description: "How many learners would gain or lose each item. Items without a change are left out.",
    }),
    learners: z
      .array(
        z.object({
          user_id: z.string(),
          name: z.string().nullable(),
          gain: z.array(z.string()),
          lose: z.array(z.string()),
        }),
      )
      .optional()
      .openapi({
        description:
          "Learners for whom something would change, those who lose first: at most 50, with at most 20 items each way.",
      }),
    as_of: z.string(),
    up_to_date: z.int().openapi({ description: "Enrollments of which every write so far is counted." }),
    maybe_behind: z.int().openapi({
      description:
        "Enrollments that were not asked or did not answer: writes of the last seconds may be missing from their rows.",
    }),
  })
  .openapi("Impact");
export type PublishImpact = z.infer<typeof impactSchema>;
