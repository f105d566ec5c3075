import { EVENT_DATA } from "./shapes.ts";
import { eventOf, type NewEvent } from "./types.ts";

/** Longest silence of a task whose start gave no other: ten minutes. */
const DEFAULT_TIMEOUT_MS = 600_000;
/** A task without a message for this long, while somebody watches, is reported as still running. */
export const TASK_HEARTBEAT_MS = 30_000;
/** Seconds after which it is useful to start a timed-out task again. */
const RETRY_AFTER_SECONDS = 30;
/** How long an ended task is remembered, so that a late progress event does not bring it back. */
const ENDED_RETENTION_MS = 86_400_000;
/** Tasks watched for one user at most. */
const MAX_TASKS = 5_000;

interface TaskRow extends Record<string, SqlStorageValue> {
  task: string;
  started_at: number;
  seen_at: number;
  beat_at: number;
  timeout_ms: number;
  done: number;
  total: number | null;
  ended: number;
}

const tickData = EVENT_DATA["task.progress-updated"];
const startData = EVENT_DATA["task.progress-started"];

/** The running tasks of a log: which are silent for too long, and which progress events come after the end. */
export class TaskWatch {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether a task has ended: a late progress event must not be shown. A new start begins the task again. */
  hasEnded(task: string): boolean {
    return this.#find(task)?.ended === 1;
  }

  /** Remembers a task event that is being stored. */
  note(event: NewEvent, now: number): void {
    const task = event.subject;
    if (task === null || !event.type.startsWith("task.")) return;
    const data: unknown = JSON.parse(event.data);
    if (event.type === "task.progress-started") {
      const { total, timeout_s } = startData.parse(data);
      const timeout = timeout_s === undefined ? DEFAULT_TIMEOUT_MS : timeout_s * 1_000;
      this.#save({
        task,
        started_at: now,
        seen_at: now,
        beat_at: now,
        timeout_ms: timeout,
        done: 0,
        total: total ?? null,
        ended: 0,
      });
      return;
    }
    const known = this.#find(task);
    if (event.type === "task.progress-updated") {
      const { done, total, heartbeat } = tickData.parse(data);
      if (heartbeat === true) return; // our own words are no sign of the task's life
      const base = known ?? { task, started_at: now, timeout_ms: DEFAULT_TIMEOUT_MS, ended: 0, total: null };
      this.#save({ ...base, seen_at: now, beat_at: now, done, total: total ?? base.total });
      return;
    }
    const base = known ?? { task, started_at: now, beat_at: now, timeout_ms: DEFAULT_TIMEOUT_MS, done: 0, total: null };
    this.#save({ ...base, seen_at: now, ended: 1 });
  }

  /** The events of silent tasks at `now`: that they still run (if `watched`), or that they have failed. */
  overdue(now: number, watched: boolean): NewEvent[] {
    return this.#running().flatMap((row) => {
      if (now - row.seen_at >= row.timeout_ms) return [timedOut(row)];
      if (!watched || now - row.beat_at < TASK_HEARTBEAT_MS) return [];
      this.#sql.exec("UPDATE tasks SET beat_at = ? WHERE task = ?", now, row.task);
      return [signOfLife(row, now)];
    });
  }

  /** When {@link overdue} has the next event, or null. */
  nextDue(watched: boolean): number | null {
    return this.#sql
      .exec<{ at: number | null }>(
        `SELECT min(CASE WHEN ?1 THEN min(seen_at + timeout_ms, beat_at + ?2) ELSE seen_at + timeout_ms END) AS at
         FROM tasks WHERE ended = 0`,
        watched ? 1 : 0,
        TASK_HEARTBEAT_MS,
      )
      .one().at;
  }

  /** Forgets tasks that ended long ago; if there are too many, first those that ended or fell silent first. */
  prune(now: number): void {
    this.#sql.exec("DELETE FROM tasks WHERE ended = 1 AND seen_at < ?", now - ENDED_RETENTION_MS);
    const { n } = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM tasks").one();
    if (n <= MAX_TASKS) return;
    this.#sql.exec(
      "DELETE FROM tasks WHERE task IN (SELECT task FROM tasks ORDER BY ended DESC, seen_at LIMIT ?)",
      n - MAX_TASKS,
    );
  }

  #running(): TaskRow[] {
    return this.#sql.exec<TaskRow>("SELECT * FROM tasks WHERE ended = 0").toArray();
  }

  #find(task: string): TaskRow | null {
    return this.#sql.exec<TaskRow>("SELECT * FROM tasks WHERE task = ?", task).toArray()[0] ?? null;
  }

  #save({ task, started_at, seen_at, beat_at, timeout_ms, done, total, ended }: TaskRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO tasks (task, started_at, seen_at, beat_at, timeout_ms, done, total, ended)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      task,
      started_at,
      seen_at,
      beat_at,
      timeout_ms,
      done,
      total,
      ended,
    );
  }
}

function timedOut({ task, timeout_ms, seen_at }: TaskRow): NewEvent {
  return eventOf(
    "task.progress-failed",
    {
      task_id: task,
      error: { code: "timed_out", message: `There was no event of the task for ${Math.round(timeout_ms / 1_000)} s.` },
      retry: { advised: true, after_s: RETRY_AFTER_SECONDS },
    },
    { key: `timed-out:${task}:${seen_at}`, level: "error" },
  );
}

function signOfLife({ task, done, total, started_at }: TaskRow, now: number): NewEvent {
  const running_s = Math.round((now - started_at) / 1_000);
  return eventOf(
    "task.progress-updated",
    { task_id: task, done, ...(total === null ? {} : { total }), heartbeat: true, running_s },
    { key: null },
  );
}
