import { useEffect, useState } from "react";
import { useLatchkey } from "./context.ts";
import type { TaskProgress } from "./task-progress.ts";
import type { TaskListener } from "./task-store.ts";

export interface TaskProgressOptions {
  /** Milliseconds between two renderings; default 200. The last value is always shown, and an end is shown at once. */
  throttleMs?: number;
}

/** Follows one task. What the provider already knows about it is shown at once. */
export function useTaskProgress(taskId: string, options: TaskProgressOptions = {}): TaskProgress {
  const { tasks } = useLatchkey();
  const throttleMs = options.throttleMs ?? 200;
  const [shown, setShown] = useState({ taskId, progress: tasks.read(taskId) });

  useEffect(() => {
    let progress = tasks.read(taskId);
    let timer: ReturnType<typeof setTimeout> | null = null;
    const show = () => setShown({ taskId, progress });
    const hear: TaskListener = (news, isUrgent) => {
      progress = news;
      if (isUrgent && timer !== null) {
        clearTimeout(timer);
        timer = null;
      }
      if (timer !== null) return; // the timer will show the new value
      const before = progress;
      show();
      timer = setTimeout(() => {
        timer = null;
        if (progress !== before) show();
      }, throttleMs);
    };
    show(); // events between the rendering and now
    const stop = tasks.subscribe(taskId, hear);
    return () => {
      if (timer !== null) clearTimeout(timer);
      stop();
    };
  }, [tasks, taskId, throttleMs]);

  // Between a change of task and its first rendering, the values of the last task would be wrong.
  return shown.taskId === taskId ? shown.progress : tasks.read(taskId);
}
