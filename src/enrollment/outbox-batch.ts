import { z } from "@hono/zod-openapi";
import { storedEntrySchema } from "../audit/shapes.ts";
import type { ProjectedEvent, ProjectionBatch } from "../mirror/index.ts";
import type { Announcements } from "./announcements.ts";
import { mirrorOf } from "./mirror-of.ts";
import { newsOf } from "./news.ts";
import { eventPayload, noticesOf } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxRow } from "./outbox-row.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";

/**
 * Reads the pending rows of the outbox in their present state. Null if nothing is pending. Live events are included
 * unless they may wait until somebody listens.
 */
export function collectProjection(
  state: EnrollmentState,
  store: EnrollmentStore,
  outbox: Outbox,
  announcements: Announcements,
  withNews: boolean,
): ProjectionBatch | null {
  const rows = outbox.pending();
  const head = rows.at(-1)?.id;
  if (head === undefined) return null;
  const now = Date.now();
  const depth = outbox.depth(now);
  const { notifiedUpTo } = announcements;
  const untold = rows.filter(({ id }) => id > notifiedUpTo);
  const isKept = announcements.mayKeep(now) && outbox.mayKeep(untold);
  const refs = (kind: string) => [...new Set(rows.filter((row) => row.kind === kind).map((row) => row.ref))];
  const events = rows.flatMap((row): ProjectedEvent[] => {
    if (row.kind !== "event" || row.payload === null) return [];
    const { unlocked, locked, cause, announced_at } = eventPayload.parse(JSON.parse(row.payload));
    return [
      {
        version: Number(row.ref),
        unlocked: JSON.stringify(unlocked),
        locked: JSON.stringify(locked),
        cause,
        announced_at,
      },
    ];
  });
  const submissions = refs("submission").flatMap((id) => {
    const projected = store.submissions.projected(id);
    return projected === null ? [] : [projected];
  });
  return {
    enrollment_id: state.meta.id,
    head,
    oldest_ms: depth.oldest_ms,
    mirror: depth.rows > rows.length ? null : mirrorOf(state, store),
    facts: store.facts.of(refs("fact")),
    submissions,
    events,
    notices: isKept ? [] : noticesOf(state.meta.id, [...outbox.unsent.rows(), ...untold], now),
    sent_up_to: isKept ? notifiedUpTo : head,
    ...(withNews ? { news: newsOf(state.meta.id, rows, submissions) } : {}),
    asks: refs("ask"),
    tells: tellsIn(rows),
    audit: rows.flatMap(({ kind, payload }) =>
      kind === "audit" && payload !== null ? [storedEntrySchema.parse(JSON.parse(payload))] : [],
    ),
  };
}

const instant = z.number().nullable();

/** Reports to other courses of the learner about this one: only the latest state. */
function tellsIn(rows: readonly OutboxRow[]): { course: string; completed_at: number | null }[] {
  const told = rows.flatMap(({ kind, ref, payload }) =>
    kind === "tell" ? [[ref, instant.parse(JSON.parse(payload ?? "null"))] as const] : [],
  );
  return [...new Map(told)].map(([course, completed_at]) => ({ course, completed_at }));
}
