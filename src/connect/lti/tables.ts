import { z } from "zod";
import { MEMBER_ROLES } from "../../courses/index.ts";
import { COURSE_SLUG } from "../../platform/ids.ts";
import { PLATFORM_KINDS } from "./kinds.ts";

// Rows of migrations/0046_lti.sql as they are read. Instants in epoch milliseconds.

/** Deployments, courses and origins of one platform: they are read with each of its launches. */
export const MAX_LISTED = 200;

/** What an operator says of a platform beside its addresses. */
const settingsSchema = z.object({
  /** Ids of deployments that may launch. */
  deployments: z.array(z.string()),
  /** Origins whose pages may show a launch in a frame. */
  origins: z.array(z.string()),
  /** Courses that may be launched; null: every published one. */
  courses: z.array(z.string().regex(COURSE_SLUG)).nullable(),
  /** What teachers of the platform become in a course they launch. */
  teachers: z.enum(MEMBER_ROLES),
  /** Whether it may do anything now. */
  enabled: z.boolean().default(true),
});

export const platformRow = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(PLATFORM_KINDS),
  issuer: z.string(),
  client_id: z.string(),
  auth_url: z.string(),
  token_url: z.string(),
  jwks_url: z.string(),
  owner: z.string(),
  settings: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(settingsSchema),
  created_at: z.int(),
  updated_at: z.int(),
  launched_at: z.int().nullable(),
  failed_at: z.int().nullable(),
  failure: z.string().nullable(),
});
/** A platform that may launch. */
export type Platform = z.output<typeof platformRow>;

export const keyRow = z.object({
  kid: z.string(),
  public_key: z.string(),
  private_key: z.string(),
  created_at: z.int(),
});
export type KeyRow = z.output<typeof keyRow>;
