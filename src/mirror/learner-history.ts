import { desc, eq } from "drizzle-orm";
import { z } from "zod";
import type { Database } from "../platform/database/counted.ts";
import { progress, unlockEvents } from "./tables.ts";

/** One event: something happened with an item, or items opened or locked together. */
export const HISTORY_KINDS = ["viewed", "attempted", "submitted", "completed", "opened", "locked"] as const;
export interface HistoryEntry {
  at: number;
  kind: (typeof HISTORY_KINDS)[number];
  items: string[];
}

/** Changes of open items that are read, the latest. */
const MAX_CHANGES = 200;
/** Entries of an answer. */
export const MAX_HISTORY = 500;

const idsSchema = z.array(z.string());

/**
 * What a learner did and what it opened, the latest first, from the mirror in D1. Two statements. The audit log says
 * who opened or locked an item; this says what happened to it.
 */
export async function learnerHistory(db: Database, enrollment: string): Promise<HistoryEntry[]> {
  const [facts, changes] = await Promise.all([
    db
      .select({
        item: progress.item_id,
        viewed: progress.viewed_at,
        attempted: progress.attempted_at,
        submitted: progress.submitted_at,
        completed: progress.completed_at,
      })
      .from(progress)
      .where(eq(progress.enrollment_id, enrollment))
      .all(),
    db
      .select()
      .from(unlockEvents)
      .where(eq(unlockEvents.enrollment_id, enrollment))
      .orderBy(desc(unlockEvents.version))
      .limit(MAX_CHANGES)
      .all(),
  ]);
  const entries: HistoryEntry[] = [];
  const note = (kind: HistoryEntry["kind"], at: number | null, items: string[]) => {
    if (at !== null && items.length > 0) entries.push({ at, kind, items });
  };
  for (const { item, viewed, attempted, submitted, completed } of facts) {
    note("viewed", viewed, [item]);
    note("submitted", submitted, [item]);
    // A submission is an attempt too, and is listed once.
    if (attempted !== submitted && attempted !== completed) note("attempted", attempted, [item]);
    note("completed", completed, [item]);
  }
  for (const { unlocked, locked, announced_at } of changes) {
    note("opened", announced_at, idsSchema.parse(JSON.parse(unlocked)));
    note("locked", announced_at, idsSchema.parse(JSON.parse(locked)));
  }
  return entries.sort((a, b) => b.at - a.at).slice(0, MAX_HISTORY);
}
