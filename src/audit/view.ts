import { z } from "@hono/zod-openapi";
import { toInstant } from "../platform/instants.ts";
import type { AuditRow } from "./query.ts";

/** An entry as the API shows it. */
export const entryView = z
  .object({
    seq: z.int(),
    action: z.string(),
    occurred_at: z.string(),
    received_at: z.string(),
    actor: z.object({ id: z.string(), role: z.string() }),
    target: z.object({ type: z.string(), id: z.string() }),
    course: z.string().nullable(),
    enrollment: z.string().nullable(),
    request_id: z.string().nullable(),
    outcome: z.string(),
    details: z.record(z.string(), z.unknown()),
    reported_by: z.string().nullable().openapi({ description: "Null: Latchkey recorded it itself." }),
    hash: z.string(),
  })
  .openapi("AuditEntry");

const detailsView = z.record(z.string(), z.unknown());

export function viewEntry(row: AuditRow): z.infer<typeof entryView> {
  return {
    seq: row.seq,
    action: row.action,
    occurred_at: toInstant(row.occurred_at),
    received_at: toInstant(row.received_at),
    actor: { id: row.actor_id, role: row.actor_role },
    target: { type: row.target_type, id: row.target_id },
    course: row.course,
    enrollment: row.enrollment,
    request_id: row.request_id,
    outcome: row.outcome,
    details: detailsView.parse(JSON.parse(row.details)),
    reported_by: row.reported_by,
    hash: row.hash,
  };
}
