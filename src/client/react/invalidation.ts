import type { QueryClient } from "@tanstack/react-query";
import type { EventStream } from "../event-stream.ts";
import { latchkeyKeys } from "./keys.ts";

/**
 * Keeps cached answers true: an event of a course invalidates its lists and the items it names, and nothing of any other
 * course. A change of one item moves the progress shown for others, so the lists go as a whole.
 */
export function invalidateOnEvents(stream: EventStream, queryClient: QueryClient): () => void {
  const invalidate = (queryKey: readonly unknown[]) => {
    // Not waited for: reloading is the page's business, and must not hold the events that follow.
    void queryClient.invalidateQueries({ queryKey });
  };
  const touch = (course: string, items: readonly string[]) => {
    invalidate(latchkeyKeys.chapters(course));
    invalidate(latchkeyKeys.problems(course));
    for (const item of new Set(items)) invalidate(latchkeyKeys.item(course, item));
  };
  const stops = [
    stream.on("unlock.changed", ({ data }) => touch(data.course_id, [...data.unlocked, ...data.locked])),
    stream.on("content.chapter-updated", ({ data }) => touch(data.course_id, data.items)),
    stream.onReset(() => invalidate(latchkeyKeys.all)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
