import type { LatchkeyEvent } from "../event-types.ts";

export type TaskEvent = LatchkeyEvent<
  "task.progress-started" | "task.progress-updated" | "task.progress-completed" | "task.progress-failed"
>;

/** The known state of a task. */
export interface TaskProgress {
  /** `waiting`: no event of it has arrived yet. */
  state: "waiting" | "running" | "completed" | "failed";
  done: number;
  total: number | null;
  title: string | null;
  message: string | null;
  result: unknown;
  error: { code: string; message: string } | null;
  /** The server's advice after a failure. */
  retry: { advised: boolean; after_s?: number; attempts_left?: number } | null;
}

export const WAITING: TaskProgress = {
  state: "waiting",
  done: 0,
  total: null,
  title: null,
  message: null,
  result: null,
  error: null,
  retry: null,
};

/** The progress after one more event of the task. */
export function advance(progress: TaskProgress, event: TaskEvent): TaskProgress {
  switch (event.type) {
    case "task.progress-started": {
      // A task that starts again (a retry) loses its earlier end.
      const { title, total } = event.data;
      return { ...WAITING, state: "running", title: title ?? null, total: total ?? null };
    }
    case "task.progress-updated": {
      const { done, total, message } = event.data;
      const said = { total: total ?? progress.total, message: message ?? progress.message };
      return { ...progress, ...said, state: "running", done, error: null, retry: null };
    }
    case "task.progress-completed":
      return {
        ...progress,
        state: "completed",
        done: progress.total ?? progress.done,
        result: event.data.result ?? null,
      };
    case "task.progress-failed":
      return { ...progress, state: "failed", error: event.data.error, retry: event.data.retry };
  }
}
