import { z } from "@hono/zod-openapi";
import { broken } from "../../../platform/http/field-errors.ts";
import { type Activity, activity } from "./activity.ts";
import { actor, agent, group } from "./actors.ts";
import {
  duration,
  extensions,
  iri,
  languageMap,
  languageTag,
  mediaType,
  sha2,
  text,
  timestamp,
  uuid,
} from "./values.ts";

// The form of a statement: xAPI 1.0.3 part 2, section 2.4; 2.0 (IEEE 9274.1.1), section 4.2. Where a rule is of one version
// only, the version of the request decides.

/** The verb of a statement that withdraws another (1.0.3 part 2, section 2.3.2). */
export const VOIDED = "http://adlnet.gov/expapi/verbs/voided";
/** What an attachment is that signs its statement (1.0.3 part 2, section 2.6). */
export const SIGNATURE = "http://adlnet.gov/expapi/attachments/signature";
const MAX_LISTED = 200;

const statementRef = z.strictObject({ objectType: z.literal("StatementRef"), id: uuid });
const score = z
  .strictObject({
    scaled: z.number().min(-1).max(1).optional(),
    raw: z.number().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine(({ min, max }) => min === undefined || max === undefined || min < max, {
    path: ["max"],
    ...broken("range", "greater than min"),
  })
  .refine(({ raw, min = -Infinity, max = Infinity }) => raw === undefined || (raw >= min && raw <= max), {
    path: ["raw"],
    ...broken("range", "between min and max"),
  });
const result = z.strictObject({
  score: score.optional(),
  success: z.boolean().optional(),
  completion: z.boolean().optional(),
  response: z.string().optional(),
  duration: duration.optional(),
  extensions: extensions.optional(),
});
/** One activity is taken for a list of one, and stored as that (1.0.3 part 2, section 2.4.6.2). */
const activities = z.union([z.array(activity).max(MAX_LISTED), activity.transform((one): Activity[] => [one])]);
const relevantTypes = z.array(iri).min(1).max(MAX_LISTED).optional();
const contextFields = {
  registration: uuid.optional(),
  instructor: actor.optional(),
  team: group.optional(),
  contextActivities: z
    .strictObject({
      parent: activities.optional(),
      grouping: activities.optional(),
      category: activities.optional(),
      other: activities.optional(),
    })
    .optional(),
  revision: text.optional(),
  platform: text.optional(),
  language: languageTag.optional(),
  statement: statementRef.optional(),
  extensions: extensions.optional(),
};
const context1 = z.strictObject(contextFields);
const context2 = z.strictObject({
  ...contextFields,
  contextAgents: z
    .array(z.strictObject({ objectType: z.literal("contextAgent"), agent, relevantTypes }))
    .max(MAX_LISTED)
    .optional(),
  contextGroups: z
    .array(z.strictObject({ objectType: z.literal("contextGroup"), group, relevantTypes }))
    .max(MAX_LISTED)
    .optional(),
});
type Context = z.output<typeof context2>;
const attachment = z.strictObject({
  usageType: iri,
  display: languageMap,
  description: languageMap.optional(),
  contentType: mediaType,
  length: z.int().min(0),
  sha2,
  fileUrl: iri.optional(),
});
const verb = z.strictObject({ id: iri, display: languageMap.optional() });

/** `null` is no value anywhere but in extensions. */
function fields(context: z.ZodType<Context>) {
  return {
    actor,
    verb,
    result: result.optional(),
    context: context.optional(),
    timestamp: timestamp.optional(),
    attachments: z.array(attachment).max(MAX_LISTED).optional(),
  };
}

const isAboutActivity = ({ objectType }: { objectType?: string | undefined }) =>
  objectType === undefined || objectType === "Activity";
/** What only a statement about an activity says of its context. */
const ofActivities = (
  given: {
    object: { objectType?: string | undefined };
    context?: { revision?: unknown; platform?: unknown } | undefined;
  },
  issues: z.RefinementCtx,
) => {
  if (isAboutActivity(given.object)) return;
  for (const field of ["revision", "platform"] as const) {
    if (given.context?.[field] === undefined) continue;
    const message = "only a statement about an activity says this";
    issues.addIssue({ code: "custom", path: ["context", field], message, params: { rule: "only_activity" } });
  }
};

const simpleObject = z.discriminatedUnion("objectType", [
  activity,
  agent.safeExtend({ objectType: z.literal("Agent") }),
  group,
  statementRef,
]);

function statementOf(context: z.ZodType<Context>) {
  const sub = z
    .strictObject({ objectType: z.literal("SubStatement"), ...fields(context), object: simpleObject })
    .superRefine(ofActivities);
  const object = z.discriminatedUnion("objectType", [
    activity,
    agent.safeExtend({ objectType: z.literal("Agent") }),
    group,
    statementRef,
    sub,
  ]);
  return z
    .strictObject({
      id: uuid.optional(),
      ...fields(context),
      object,
      stored: timestamp.optional(),
      authority: z
        .discriminatedUnion("objectType", [agent, group])
        .refine(
          (one) =>
            one.objectType !== "Group" ||
            (one.member?.length === 2 &&
              one.mbox === undefined &&
              one.mbox_sha1sum === undefined &&
              one.openid === undefined &&
              one.account === undefined),
          broken("authority", "an agent, or an anonymous group of a program and its user"),
        )
        .optional(),
      version: z
        .string()
        .regex(/^(?:1\.0(?:\.\d+)?|2\.0\.\d+)$/, "1.0.x or 2.0.x")
        .optional(),
    })
    .superRefine(ofActivities)
    .refine(({ verb: { id }, object: target }) => id !== VOIDED || target.objectType === "StatementRef", {
      path: ["object"],
      ...broken("voiding", "a voiding statement refers to the statement it voids"),
    });
}

const STATEMENT_1 = statementOf(context1);
const STATEMENT_2 = statementOf(context2);

export type Statement = z.output<typeof STATEMENT_2>;
export type Attachment = z.output<typeof attachment>;

/** The schema of statements sent with this version. */
export function statementSchema(major: 1 | 2): z.ZodType<Statement> {
  return major === 1 ? STATEMENT_1 : STATEMENT_2;
}
