import { z } from "@hono/zod-openapi";
import { MEMBER_ROLES } from "../../courses/index.ts";
import { broken } from "../../platform/http/field-errors.ts";
import { courseSlugSchema } from "../../platform/ids.ts";
import { cohortNameSchema } from "../../unlock/index.ts";

/** Rules of one source: each of its groups may mean something in several courses. */
const MAX_RULES = 2_000;
/** Longest name of a group. */
export const MAX_GROUP_NAME = 256;
/** Cohorts of one learner. */
export const MAX_COHORTS = 20;

export const sourceSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "scim, or the name of an identity provider")
  .openapi({ example: "scim", description: "`scim`, or the name of an identity provider." });

export const ruleSchema = z
  .strictObject({
    group: z.string().min(1).max(MAX_GROUP_NAME).describe("Its name at the directory, or the value of the claim."),
    course: courseSlugSchema,
    role: z.enum(["learner", ...MEMBER_ROLES]).default("learner"),
    cohort: cohortNameSchema.nullable().default(null).describe("Of learners. Null: none."),
  })
  .refine(({ role, cohort }) => role === "learner" || cohort === null, {
    path: ["cohort"],
    ...broken("only_with_role", "only learners are in cohorts"),
  })
  .openapi("GroupRule");
export type GroupRule = z.output<typeof ruleSchema>;

export const rulesBody = z.strictObject({ rules: z.array(ruleSchema).max(MAX_RULES) }).openapi("GroupRulesRequest");
export const rulesView = z
  .object({
    source: z.string(),
    rules: z.array(ruleSchema),
    waiting: z.int().openapi({ description: "People whose places still have to be looked at." }),
    last_sync_at: z.string().nullable(),
    last_failure_at: z.string().nullable(),
    last_failure: z.string().nullable(),
    refused: z.int().openapi({ description: "Changes that were refused since the last one that was done, about." }),
    not_kept: z
      .array(z.object({ attribute: z.string(), last_sent_at: z.string() }))
      .openapi({ description: "Attributes that the directory sends and this service does not keep." }),
  })
  .openapi("GroupRules");
