import { z } from "@hono/zod-openapi";
import type { Actor } from "../platform/http/context.ts";
import { broken } from "../platform/http/field-errors.ts";
import { courseSlugSchema, enrollmentIdSchema } from "../platform/ids.ts";
import { ROLES } from "../platform/roles.ts";

/** Actions that Latchkey records itself. Nobody else may report one of them. */
const OWN_ACTIONS = [
  "audit.exported",
  "audit.purged",
  "audit.read",
  "backup.begun",
  "backup.brought",
  "backup.read",
  "backup.restored",
  "course.activated",
  "course.created",
  "course.doubted",
  "course.drafted",
  "course.import_begun",
  "course.moved",
  "course.published",
  "dead_letter.read",
  "dead_letter.replayed",
  "enrollment.created",
  "enrollment.doubted",
  "enrollment.read",
  "enrollment.rebuilt",
  "enrollment.relocked",
  "enrollment.withdrawn",
  "erasures.brought",
  "erasures.read",
  "event.broadcast",
  "event.published",
  "event.read",
  "event.replayed",
  "file.completed",
  "file.deleted",
  "file.listed",
  "file.read",
  "insight.exclusion_changed",
  "insight.learners_told",
  "insight.read",
  "insight.run_started",
  "insight.scheduled",
  "key.changed",
  "key.created",
  "key.revoked",
  "key.rotated",
  "override.removed",
  "override.set",
  "policy.changed",
  "progress.corrected",
  "progress.imported",
  "progress.revoked",
  "record.read",
  "record.unparked",
  "record.written",
  "roster.read",
  "sign_in.refused",
  "submission.judged",
  "submission.read",
  "switch.changed",
  "translation.cleaned_up",
  "translation.deleted",
  "user.banned",
  "user.created",
  "user.erased",
  "user.exported",
  "user.listed",
  "user.read",
  "user.renamed",
  "user.role_changed",
  "user.sessions_ended",
  "user.unbanned",
] as const;
type OwnAction = (typeof OWN_ACTIONS)[number];

/** done: it has happened. ordered: it was ordered and carried out right after. refused, failed: it was tried. */
const OUTCOMES = ["done", "ordered", "refused", "failed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * What details may hold, and nothing else: numbers, ids and names of the system. No names of people, no addresses, no
 * reasons somebody typed: those stay where the change is, and can be erased there; an entry never can.
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
      .openapi({ description: "What happened, in words. Nothing about a person: an entry cannot be erased." }),
  })
  .partial()
  .openapi("AuditDetails");
type Details = z.infer<typeof detailsSchema>;

/** An event to be recorded, as it is handed to the chain. Instants in epoch ms. */
export interface NewEntry {
  /** Makes recording it twice harmless. Those of Latchkey start with a colon, which no user id does. */
  key: string;
  action: string;
  occurred_at: number;
  actor: { id: string; role: string };
  target: { type: string; id: string };
  course: string | null;
  enrollment: string | null;
  request_id: string | null;
  outcome: Outcome;
  details: Details;
  /** The service that reports it; null for what Latchkey itself has seen. */
  reported_by: string | null;
}

/** One of Latchkey's own entries: who did what to which thing. */
export interface OwnEntry {
  action: OwnAction;
  actor: Pick<Actor, "id" | "role"> | { id: string; role: string };
  target: { type: string; id: string };
  course?: string;
  enrollment?: string;
  request_id?: string | undefined;
  outcome?: Outcome;
  details?: Details;
  /** What makes this action unique, e.g. the number it was given; a random id where there is none. */
  unique?: string;
}

/** Completes one of Latchkey's own entries. */
export function ownEntry(entry: OwnEntry, now: number): NewEntry {
  const { id, role } = entry.actor;
  return {
    key: `:${entry.action}:${entry.unique ?? crypto.randomUUID()}`,
    action: entry.action,
    occurred_at: now,
    actor: { id, role },
    target: entry.target,
    course: entry.course ?? null,
    enrollment: entry.enrollment ?? null,
    request_id: entry.request_id ?? null,
    outcome: entry.outcome ?? "done",
    details: entry.details ?? {},
    reported_by: null,
  };
}

const name = (most: number) => z.string().min(1).max(most);

/** An entry as a service reports it. */
export const reportedEntrySchema = z
  .strictObject({
    key: z
      .string()
      .regex(/^[\x21-\x7e]{1,120}$/, "1 to 120 visible ASCII characters")
      .openapi({ description: "Makes reporting it again harmless." }),
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
