import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { courseSlugSchema, enrollmentIdSchema } from "../platform/ids.ts";
import { ROLES } from "../platform/roles.ts";
import { OUTCOMES, OWN_ACTIONS } from "./actions.ts";

// The schemas of audit entries, apart from the code that makes them (entry.ts): code that checks no entry then
// evaluates no schema.

/**
 * The allowed content of details: only numbers, ids and names of the system. No names of people, no addresses, no
 * reasons that somebody typed. Those stay with the change and can be erased there; an entry cannot be erased.
 */
const id = z.string().min(1).max(200);
const count = z.int().min(0);
export const detailsSchema = z
  .strictObject({
    version: count,
    activation: count,
    policy: z.enum(["grandfather", "relock"]),
    item: id,
    kind: id,
    expires_at: z.int().nullable(),
    extend_to: z.int().nullable(),
    cohorts: count,
    practice_mode: z.boolean(),
    relock: z.boolean(),
    held: z.boolean(),
    /** The number of the verdict of a submission, if it changes another one. */
    verdict: count,
    policy_seq: count,
    progress_seq: count,
    from_role: z.enum(ROLES),
    to_role: z.enum(ROLES),
    until: z.int().nullable(),
    queue: id,
    from_seq: count,
    to_seq: count,
    entries: count,
    realtime_percent: count,
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    status: id,
    duration_ms: count,
    source_language: z.string().max(40),
    target_language: z.string().max(40),
    note: z
      .string()
      .max(200)
      .refine(
        (text) => !/@|\+?\d[\d ()-]{7,}\d/.test(text),
        broken("personal_data", "no addresses or telephone numbers"),
      )
      .openapi({ description: "What happened, in words. Write nothing about a person: an entry cannot be erased." }),
  })
  .partial()
  .openapi("AuditDetails");
const name = (most: number) => z.string().min(1).max(most);

/** An entry as a service reports it. */
export const reportedEntrySchema = z
  .strictObject({
    key: z
      .string()
      .regex(/^[\x21-\x7e]{1,120}$/, "1 to 120 visible ASCII characters")
      .openapi({ description: "With this key, sending the entry again is harmless." }),
    action: z
      .string()
      .max(64)
      .regex(/^[a-z][a-z_]*(\.[a-z][a-z_]*)+$/, "words of lower-case letters, joined by dots")
      .refine(
        (action) => !OWN_ACTIONS.some((own) => own === action),
        broken("own_action", "Latchkey records this action itself"),
      ),
    occurred_at: z.iso.datetime({ offset: true }),
    actor: z.strictObject({ id: name(64), role: z.enum([...ROLES, "system"]) }),
    target: z.strictObject({ type: z.string().regex(/^[a-z][a-z_]{0,39}$/), id: name(200) }),
    course: courseSlugSchema.nullable().default(null),
    enrollment: enrollmentIdSchema.nullable().default(null),
    request_id: name(64).nullable().default(null),
    outcome: z.enum(OUTCOMES).default("done"),
    details: detailsSchema.default({}),
  })
  .openapi("NewAuditEntry");

/** A stored entry of the outbox, read back. */
export const storedEntrySchema = z.object({
  key: z.string(),
  action: z.string(),
  occurred_at: z.int(),
  actor: z.object({ id: z.string(), role: z.string() }),
  target: z.object({ type: z.string(), id: z.string() }),
  course: z.string().nullable(),
  enrollment: z.string().nullable(),
  request_id: z.string().nullable(),
  outcome: z.enum(OUTCOMES),
  details: detailsSchema,
  reported_by: z.string().nullable(),
});
