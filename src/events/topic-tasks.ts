import { z } from "zod";
import { ProgressThrottle } from "./progress.ts";
import { TaskWatch } from "./tasks.ts";
import { taskTopic } from "./topics.ts";
import { type NewEvent, TOPIC_ROLES } from "./types.ts";

/** Users who may ask for one task. */
export const MAX_READERS = 100;
const readersSchema = z.array(z.string());
/** How long a silent task is remembered: as long as the archive keeps its end. */
const RETENTION_MS = 7 * 86_400_000;
/** The time of a task's last event is stored with this precision: a row for each progress event would be too many. */
const RENEWAL_MS = 86_400_000;
/** Tasks in memory at most; those silent for the longest time are removed first. */
const MAX_TASKS = 20_000;

/** What happens to an event about a task before it is stored. */
type Admission =
  | { status: "stored"; before: NewEvent[] }
  | { status: "duplicate" | "coalesced" }
  | { status: "refused"; code: "task_of_another" | "too_many_readers" };

/**
 * The tasks that have a topic: their publisher, the users who may ask for them, which are silent for too long, and
 * which progress events can wait. Methods that write are called inside the object's transaction.
 */
export class TopicTasks {
  readonly #sql: SqlStorage;
  readonly #watch: TaskWatch;
  #throttle = new ProgressThrottle();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#watch = new TaskWatch(sql);
  }

  /** A transaction was rolled back. */
  forget(): void {
    this.#throttle = new ProgressThrottle();
  }

  /** The users who may ask for a task; null for a task without an event. */
  readersOf(task: string): string[] | null {
    const known = this.#find(task);
    return known === null ? null : known.readers;
  }

  /**
   * Decides about an event of a task. A task belongs to the publisher of its first event, and readers are only ever
   * added.
   * @returns for an event to be stored, the events to be stored before it.
   */
  admit(event: NewEvent & { subject: string }, now: number): Admission {
    const { subject: task, publisher, readers = [], type } = event;
    const known = this.#find(task);
    if (known !== null && publisher !== undefined && known.publisher !== publisher) {
      return { status: "refused", code: "task_of_another" };
    }
    const all = [...new Set([...(known?.readers ?? []), ...readers])];
    if (all.length > MAX_READERS) return { status: "refused", code: "too_many_readers" };
    if (known === null || all.length > known.readers.length || now - known.at > RENEWAL_MS) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO topic_tasks (task, publisher, readers, at) VALUES (?, ?, ?, ?)",
        task,
        known?.publisher ?? publisher ?? "",
        JSON.stringify(all),
        now,
      );
    }
    if (type === "task.progress-updated") {
      if (this.#watch.hasEnded(task)) return { status: "duplicate" };
      return this.#throttle.offer(task, event, now) ? { status: "stored", before: [] } : { status: "coalesced" };
    }
    // The last value is always sent before the end.
    const waiting = this.#throttle.take(task);
    if (type !== "task.progress-started") this.#throttle.end(task);
    return { status: "stored", before: waiting === null ? [] : [waiting] };
  }

  /** An event of a task is stored. */
  note(event: NewEvent, now: number): void {
    this.#watch.note(event, now);
  }

  /** When a waiting progress event is to be sent, epoch ms; null: none waits. */
  nextTick(): number | null {
    return this.#throttle.nextRipe();
  }

  /** The progress events whose second is over. */
  ripeTicks(now: number): NewEvent[] {
    return this.#throttle.ripe(now).filter(({ subject }) => subject !== null && !this.#watch.hasEnded(subject));
  }

  /** The events of tasks that are silent for too long. */
  overdue(now: number): NewEvent[] {
    return this.#watch
      .overdue(now, false)
      .map((event) => ({ ...event, topic: taskTopic(event.subject ?? ""), roles: TOPIC_ROLES }));
  }

  /** When {@link overdue} has the next event, epoch ms; null: never. */
  nextDue(): number | null {
    return this.#watch.nextDue(false);
  }

  /** Forgets tasks that have been silent for long. */
  prune(now: number): void {
    this.#watch.prune(now);
    this.#sql.exec("DELETE FROM topic_tasks WHERE at < ?", now - RETENTION_MS);
    this.#sql.exec(
      "DELETE FROM topic_tasks WHERE task IN (SELECT task FROM topic_tasks ORDER BY at DESC LIMIT -1 OFFSET ?)",
      MAX_TASKS,
    );
  }

  /** Removes a user from everything that is stored about tasks. */
  forgetReader(user: string): void {
    const named = this.#sql
      .exec<{ task: string; readers: string }>(
        "SELECT task, readers FROM topic_tasks WHERE instr(readers, ?) > 0",
        JSON.stringify(user),
      )
      .toArray();
    for (const { task, readers } of named) {
      const left = readersSchema.parse(JSON.parse(readers)).filter((reader) => reader !== user);
      this.#sql.exec("UPDATE topic_tasks SET readers = ? WHERE task = ?", JSON.stringify(left), task);
    }
    this.#sql.exec("UPDATE topic_tasks SET publisher = '' WHERE publisher = ?", user);
  }

  #find(task: string): { publisher: string; readers: string[]; at: number } | null {
    const [row] = this.#sql
      .exec<{ publisher: string; readers: string; at: number }>(
        "SELECT publisher, readers, at FROM topic_tasks WHERE task = ?",
        task,
      )
      .toArray();
    return row === undefined ? null : { ...row, readers: readersSchema.parse(JSON.parse(row.readers)) };
  }
}
