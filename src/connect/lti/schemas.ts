import { z } from "@hono/zod-openapi";
import { MEMBER_ROLES } from "../../courses/index.ts";
import { broken } from "../../platform/http/field-errors.ts";
import { courseSlugSchema, itemIdSchema } from "../../platform/ids.ts";
import { nameSchema } from "../../platform/text.ts";
import { PLATFORM_KINDS } from "./kinds.ts";
import { MAX_COLUMNS } from "./results-kept.ts";
import { MAX_LISTED } from "./tables.ts";

const MAX_ADDRESS = 1_000;
/** What the standard allows for issuers, client ids and deployments. */
const MAX_ID = 255;

const platformIdSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and inner dashes, at most 40 characters")
  .openapi({ example: "school-canvas" });
export const platformParam = z.object({ platform: platformIdSchema });

export const keyParam = z.object({ kid: z.uuid().openapi({ description: "Of the tool's keys." }) });

const address = z.string().min(1).max(MAX_ADDRESS);
/** Of https; of the own machine also others, for a trial: see LTI_PRIVATE_PLATFORMS in outside.ts. */
const origin = z
  .string()
  .max(300)
  .regex(
    /^(?:https:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+|http:\/\/(?:127\.0\.0\.1|localhost)(?::\d{1,5})?)$/,
    "https://name, or https://*.name for every name below it",
  );

export const platformBody = z
  .strictObject({
    name: nameSchema(100),
    kind: z.enum(PLATFORM_KINDS).default("other"),
    issuer: z.string().min(1).max(MAX_ID).describe("`iss` of its tokens. Several platforms may share one."),
    client_id: z.string().min(1).max(MAX_ID).describe("What this tool is called there."),
    auth_url: address.describe("Where a launch is authorised (OIDC authorisation endpoint)."),
    token_url: address.describe("Where access tokens for its services are given."),
    jwks_url: address.describe("Where its public keys are."),
    deployments: z
      .array(z.string().min(1).max(MAX_ID))
      .max(MAX_LISTED)
      .default([])
      .describe("Ids of deployments that may launch. Launches of others are refused, and their ids shown."),
    origins: z
      .array(origin)
      .max(20)
      .nullable()
      .default(null)
      .describe("Origins whose pages may frame a launch. Null: those of the issuer, of `auth_url` and of the kind."),
    courses: z
      .array(courseSlugSchema)
      .max(MAX_LISTED)
      .nullable()
      .default([])
      .describe("Courses that the platform may open and enroll into. Null: every published course."),
    teachers: z
      .enum(MEMBER_ROLES)
      .default("grader")
      .describe("What teachers of the platform become in a course that they open."),
    enabled: z
      .boolean()
      .default(true)
      .describe("False: it is switched off. Nobody comes in, who came is signed out, and nothing is read or sent."),
    same_people: z
      .boolean()
      .default(false)
      .describe(
        "Has to be true where the issuer of a platform changes from which people have come: they are the same.",
      ),
  })
  .refine(({ courses, teachers }) => courses !== null || teachers === "grader", {
    path: ["teachers"],
    ...broken("only_with_courses", "a platform whose teachers become co-authors names its courses"),
  });

export const registrationBody = z
  .strictObject({
    platform: platformIdSchema,
    name: nameSchema(100),
    kind: z.enum(PLATFORM_KINDS).default("other"),
    courses: z.array(courseSlugSchema).max(MAX_LISTED).nullable().default([]),
    teachers: z.enum(MEMBER_ROLES).default("grader"),
  })
  .refine(({ courses, teachers }) => courses !== null || teachers === "grader", {
    path: ["teachers"],
    ...broken("only_with_courses", "a platform whose teachers become co-authors names its courses"),
  });

const instant = z.string().nullable();
export const platformView = z
  .object({
    id: platformIdSchema,
    name: z.string(),
    kind: z.enum(PLATFORM_KINDS),
    issuer: z.string(),
    client_id: z.string(),
    auth_url: z.string(),
    token_url: z.string(),
    jwks_url: z.string(),
    deployments: z.array(z.string()),
    origins: z.array(z.string()),
    courses: z.array(z.string()).nullable(),
    teachers: z.enum(MEMBER_ROLES),
    enabled: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
    last_launch: instant,
    last_delivery: instant.openapi({ description: "When a score was taken last." }),
    last_unsent: z.object({ at: z.string(), why: z.string() }).nullable().openapi({
      description: "The last score that was not taken and still waits, or has been given up.",
    }),
    last_failure: z.object({ at: z.string(), why: z.string() }).nullable().openapi({
      description: "The last launch that was refused: a word, and what it is about.",
    }),
  })
  .openapi("LtiPlatform");

export const toolView = z
  .object({
    enabled: z.boolean().openapi({ description: "False: PUBLIC_URL is not set, and every launch is refused." }),
    login_url: z.string().nullable(),
    launch_url: z.string().nullable(),
    jwks_url: z.string().nullable(),
    link_url: z.string().nullable().openapi({ description: "Add a course, and an item of it: /<course>/<item>." }),
    keys: z.array(z.object({ kid: z.string(), created_at: z.string(), signs: z.boolean() })),
  })
  .openapi("LtiTool");

export const syncBody = z.strictObject({
  confirm_removed: z
    .int()
    .min(1)
    .max(25_000)
    .optional()
    .describe("Where a reading was stopped because so many would go: that many may go."),
});

const lineItem = address.describe("The address of the column: the `id` of its line item.");
export const resultsBody = z.strictObject({
  deployment: z.string().min(1).max(MAX_ID),
  context: z.string().min(1).max(MAX_ID).describe("Id of the course at the platform."),
  course: courseSlugSchema,
  columns: z
    .array(
      z.strictObject({
        line_item: lineItem,
        item: itemIdSchema,
        completes: z
          .boolean()
          .default(false)
          .describe("A result completes the item too. False: the item's own requirement decides."),
      }),
    )
    .max(MAX_COLUMNS)
    .describe("The columns that are read. Others are read no more."),
});

const failureView = z.object({ at: z.string(), why: z.string() }).nullable();
const gradebookView = z
  .object({
    last_read: instant,
    failure: failureView,
    columns: z.array(
      z.object({
        line_item: z.string(),
        item: z.string(),
        completes: z.boolean(),
        last_read: instant,
        counts: z.record(z.string(), z.int()).openapi({
          description:
            "What the last reading did, in the words of an import; `unknown`: people whom nobody here knows; `ungraded`: without a score; `invalid`: against the standard; `own`: scores that were sent from here.",
        }),
        failure: z.string().nullable(),
      }),
    ),
    listed: z
      .array(z.object({ line_item: z.string(), label: z.string(), maximum: z.number().nullable() }))
      .openapi({ description: "Columns that the platform listed last; the first 200." }),
    unlisted: z.string().nullable().openapi({ description: "Why the columns could not be listed." }),
    unknown: z.array(z.string()).openapi({ description: "Ids at the platform of unknown people; the first 20." }),
  })
  .openapi("LtiGradebook");

export const contextView = z
  .object({
    deployment: z.string(),
    context: z.string().openapi({ description: "Id of the course at the platform." }),
    title: z.string().nullable(),
    course: z.string(),
    last_sync: instant,
    counts: z
      .record(z.string(), z.int())
      .openapi({ description: "What the last reading did; `members`: how many are known." }),
    failure: failureView,
    gradebook: gradebookView,
  })
  .openapi("LtiContext");

export const platformDetail = platformView
  .extend({ contexts: z.array(contextView).openapi({ description: "Courses of the platform; the first 200." }) })
  .openapi("LtiPlatformDetail");

export const registrationView = z
  .object({
    platform: platformIdSchema,
    address: z
      .string()
      .openapi({ description: "The platform's administrator enters it there. It is good once, for a day." }),
    expires_at: z.string(),
  })
  .openapi("LtiRegistration");
