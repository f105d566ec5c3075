import type { EventStream } from "../event-stream.ts";
import { advance, type TaskEvent, type TaskProgress, WAITING } from "./task-progress.ts";

const TASK_TYPES = [
  "task.progress-started",
  "task.progress-updated",
  "task.progress-completed",
  "task.progress-failed",
] as const;

/** The limit of remembered tasks; those with the oldest last event are dropped first. */
const MAX_TASKS = 500;

/** Receives the present state of one task, and whether to show it at once. */
export type TaskListener = (progress: TaskProgress, isUrgent: boolean) => void;

/**
 * The known state of every task since the provider began to listen. So a component that is mounted later, or again,
 * shows what happened before.
 */
export class TaskStore {
  readonly #stream: EventStream;
  readonly #tasks = new Map<string, TaskProgress>();
  readonly #listeners = new Map<string, Set<TaskListener>>();

  constructor(stream: EventStream) {
    this.#stream = stream;
  }

  /** Listens from now on; the returned function stops it. */
  connect(): () => void {
    const stops = TASK_TYPES.map((type) => this.#stream.on<TaskEvent["type"]>(type, (event) => this.#hear(event)));
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** The state of a task, as far as its events have arrived. */
  read(task: string): TaskProgress {
    return this.#tasks.get(task) ?? WAITING;
  }

  /** Calls back with each event of a task; the returned function stops it. */
  subscribe(task: string, listener: TaskListener): () => void {
    const listeners = this.#listeners.get(task) ?? new Set();
    this.#listeners.set(task, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(task);
    };
  }

  #hear(event: TaskEvent): void {
    const task = event.data.task_id;
    const progress = advance(this.read(task), event);
    this.#tasks.delete(task);
    this.#tasks.set(task, progress);
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > MAX_TASKS && oldest !== undefined) this.#tasks.delete(oldest);
    for (const listener of this.#listeners.get(task) ?? []) listener(progress, event.type !== "task.progress-updated");
  }
}
