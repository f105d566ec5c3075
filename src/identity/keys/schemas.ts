import { z } from "@hono/zod-openapi";
import { courseSlugSchema } from "../../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { isOfCourses, SCOPES } from "../../platform/scopes.ts";
import { nameSchema } from "../../platform/text.ts";
import type { KeyRow } from "../tables.ts";
import { KEY_PREFIX } from "./format.ts";

const MAX_NAME_LENGTH = 100;
const MAX_COURSES = 100;
/** No key lasts longer: a key that is never renewed would be forgotten. */
const MAX_DAYS = 365;
const DEFAULT_DAYS = 90;
/** A week, so that a service that is deployed weekly has time for the change. */
const MAX_OVERLAP_SECONDS = 7 * 86_400;
const DEFAULT_OVERLAP_SECONDS = 3_600;

const days = z.int().min(1).max(MAX_DAYS).default(DEFAULT_DAYS).openapi({ description: "Days from now." });
const name = nameSchema(MAX_NAME_LENGTH).openapi({
  example: "grader of algorithms",
  description: "The program that uses the key.",
});

export const createKeyBody = z
  .strictObject({
    name,
    scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
    courses: z
      .union([z.literal("all"), z.array(courseSlugSchema).min(1).max(MAX_COURSES)])
      .openapi({ description: 'The courses for which the key works, or "all".', example: ["algorithms"] }),
    expires_in_days: days,
  })
  .superRefine(({ scopes, courses }, context) => {
    if (courses === "all") return;
    for (const [at, scope] of scopes.entries()) {
      if (isOfCourses(scope)) continue;
      const message = `"${scope}" is not limited to courses: it needs "courses": "all"`;
      context.addIssue({ code: "custom", path: ["scopes", at], message, params: { rule: "needs_all_courses" } });
    }
  });
export const rotateKeyBody = z.strictObject({
  overlap_seconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(DEFAULT_OVERLAP_SECONDS).openapi({
    description: "How long the old secret stays valid; 0: it ends at once.",
  }),
  expires_in_days: days,
});
export type CreateKey = z.output<typeof createKeyBody>;
export type RotateKey = z.output<typeof rotateKeyBody>;

export const keyIdSchema = z.string().regex(/^[0-9a-z]{12}$/, "12 lower-case letters and digits");

export const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().openapi({ description: "What the key begins with: enough to find where it is used." }),
    state: z.enum(["active", "expired", "revoked"]),
    scopes: z.array(z.enum(SCOPES)),
    courses: z.array(z.string()).nullable().openapi({ description: "Null: every course." }),
    created_by: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    rotated_at: z.string().nullable(),
    previous_until: z
      .string()
      .nullable()
      .openapi({ description: "Until when the previous secret is valid; null: it is not valid." }),
    last_used_on: z.string().nullable().openapi({ description: "Day of the last use, not exact." }),
    revoked_at: z.string().nullable(),
  })
  .openapi("ServiceKey");
export type KeyView = z.infer<typeof keyView>;

export const shownKeyView = keyView
  .extend({ key: z.string().openapi({ description: "The key. It is shown only this once and is stored nowhere." }) })
  .openapi("ShownServiceKey");

/** A key as admins see it. */
export function viewKey(row: KeyRow, now: number): KeyView {
  const overlaps = row.previous_until !== null && row.previous_until > now;
  return {
    id: row.id,
    name: row.name,
    prefix: `${KEY_PREFIX}${row.id}_`,
    state: row.revoked_at !== null ? "revoked" : row.expires_at <= now ? "expired" : "active",
    scopes: z.array(z.enum(SCOPES)).parse(JSON.parse(row.scopes)),
    courses: row.courses === null ? null : z.array(z.string()).parse(JSON.parse(row.courses)),
    created_by: row.created_by,
    created_at: toInstant(row.created_at),
    expires_at: toInstant(row.expires_at),
    rotated_at: toInstantOrNull(row.rotated_at),
    previous_until: overlaps ? toInstantOrNull(row.previous_until) : null,
    last_used_on: row.last_used_on === null ? null : toInstant(row.last_used_on).slice(0, 10),
    revoked_at: toInstantOrNull(row.revoked_at),
  };
}
