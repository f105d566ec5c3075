// The words of live events.

/** From the lowest to the highest: a preference of `warning` lets warnings and errors through. */
export const LEVELS = ["info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const EVENT_TYPES = [
  "unlock.changed",
  "progress.changed",
  "submission.judged",
  "enrollment.changed",
  "task.progress-started",
  "task.progress-updated",
  "task.progress-completed",
  "task.progress-failed",
  "content.novel-created",
  "content.chapter-updated",
  "system.notification",
  "system.error",
  "workflow.status-changed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
