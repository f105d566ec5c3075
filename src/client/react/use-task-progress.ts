import { useEffect, useState } from "react";
import { useLatchkey } from "./context.ts";
import { advance, type TaskEvent, type TaskProgress, WAITING } from "./task-progress.ts";

const TASK_TYPES = [
  "task.progress-started",
  "task.progress-updated",
  "task.progress-completed",
  "task.progress-failed",
] as const;

export interface TaskProgressOptions {
  /** Milliseconds between two renderings; default 200. The last value always shows, and an end shows at once. */
  throttleMs?: number;
}

/** Follows one task. */
export function useTaskProgress(taskId: string, options: TaskProgressOptions = {}): TaskProgress {
  const { stream } = useLatchkey();
  const throttleMs = options.throttleMs ?? 200;
  const [shown, setShown] = useState({ taskId, progress: WAITING });

  useEffect(() => {
    let progress = WAITING;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const show = () => setShown({ taskId, progress });
    const hear = (event: TaskEvent) => {
      if (event.data.task_id !== taskId) return;
      progress = advance(progress, event);
      const isUrgent = event.type !== "task.progress-updated";
      if (isUrgent && timer !== null) {
        clearTimeout(timer);
        timer = null;
      }
      if (timer !== null) return; // What is new now is shown when the timer ends.
      const before = progress;
      show();
      timer = setTimeout(() => {
        timer = null;
        if (progress !== before) show();
      }, throttleMs);
    };
    const stops = TASK_TYPES.map((type) => stream.on<TaskEvent["type"]>(type, hear));
    return () => {
      if (timer !== null) clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [stream, taskId, throttleMs]);

  // Between a change of task and its first event nothing is known; the last task's figures would be a lie.
  return shown.taskId === taskId ? shown.progress : WAITING;
}
