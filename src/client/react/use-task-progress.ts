import { useEffect, useState } from "react";
import { useLatchkey } from "./context.ts";
import type { TaskProgress } from "./task-progress.ts";
import type { TaskListener } from "./task-store.ts";

export interface TaskProgressOptions {
  /** Milliseconds between two renderings; default 200. The last value always shows, and an end shows at once. */
  throttleMs?: number;
}

/** Follows one task. What the provider knows of it already shows at once. */
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
      if (timer !== null) return; // What is new now is shown when the timer ends.
      const before = progress;
      show();
      timer = setTimeout(() => {
        timer = null;
        if (progress !== before) show();
      }, throttleMs);
    };
    show(); // what came between the rendering and now
    const stop = tasks.subscribe(taskId, hear);
    return () => {
      if (timer !== null) clearTimeout(timer);
      stop();
    };
  }, [tasks, taskId, throttleMs]);

  // Between a change of task and its first rendering, the last task's figures would be a lie.
  return shown.taskId === taskId ? shown.progress : tasks.read(taskId);
}
