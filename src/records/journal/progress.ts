import { z } from "@hono/zod-openapi";
import { STATUSES, type Status } from "../translation/types.ts";
import type { Change } from "./contract.ts";

const statusSchema = z.enum(STATUSES);

/**
 * The progress of sessions: their tasks, counted by state. Methods that write are called inside the object's
 * transaction.
 */
export class ProgressCounts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Tasks of a session by state. */
  of(session: string): Record<Status, number> {
    const counts: Record<Status, number> = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
    const rows = this.#sql.exec<{ status: string; tasks: number }>(
      "SELECT status, tasks FROM progress WHERE session = ?",
      session,
    );
    for (const { status, tasks } of rows) counts[statusSchema.parse(status)] = tasks;
    return counts;
  }

  /** Keeps the counts of each session's tasks by state: counting them again would cost more with each batch. */
  add(changes: readonly Change[]): void {
    const moved = new Map<string, Map<Status, number>>();
    for (const { item, from } of changes) {
      if (item.kind !== "task") continue;
      const counts = moved.get(item.session) ?? new Map<Status, number>();
      moved.set(item.session, counts);
      counts.set(item.status, (counts.get(item.status) ?? 0) + 1);
      if (from !== null) counts.set(from, (counts.get(from) ?? 0) - 1);
    }
    for (const [session, counts] of moved) {
      for (const [status, tasks] of counts) {
        if (tasks === 0) continue;
        this.#sql.exec(
          `INSERT INTO progress (session, status, tasks) VALUES (?, ?, ?)
           ON CONFLICT (session, status) DO UPDATE SET tasks = tasks + excluded.tasks`,
          session,
          status,
          tasks,
        );
      }
    }
  }
}
