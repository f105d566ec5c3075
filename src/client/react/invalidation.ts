import type { QueryClient } from "@tanstack/react-query";
import type { EventStream } from "../event-stream.ts";
import { latchkeyKeys } from "./keys.ts";

/**
 * Keeps cached answers correct: an event of a course invalidates its lists and the items it names, and nothing of any
 * other course. A change of one item can change the progress of others, so all lists of the course are invalidated.
 */
export function invalidateOnEvents(stream: EventStream, queryClient: QueryClient): () => void {
  const invalidate = (queryKey: readonly unknown[]) => {
    // A first answer that is still on its way may be older than the event, and invalidating alone would accept it. This
    // does not wait: the page loads again by itself, and the next events must not be delayed.
    void queryClient.cancelQueries({ queryKey }).then(() => queryClient.invalidateQueries({ queryKey }));
  };
  const touch = (course: string, items: readonly string[]) => {
    invalidate(latchkeyKeys.chapters(course));
    invalidate(latchkeyKeys.problems(course));
    for (const item of new Set(items)) invalidate(latchkeyKeys.item(course, item));
  };
  const stops = [
    stream.on("unlock.changed", ({ data }) =>
      touch(data.course_id, [...data.unlocked, ...data.locked, ...(data.progressed ?? [])]),
    ),
    stream.on("progress.changed", ({ data }) => {
      // Too many items to name: everything shown of this course.
      if (data.items.length === 0) invalidate(latchkeyKeys.course(data.course_id));
      else touch(data.course_id, data.items);
    }),
    stream.on("submission.judged", ({ data }) => touch(data.course_id, [data.item])),
    // It may have changed who sees the course, and whether it exists at all.
    stream.on("enrollment.changed", ({ data }) => invalidate(latchkeyKeys.course(data.course_id))),
    stream.on("content.chapter-updated", ({ data }) => touch(data.course_id, data.items)),
    onUnknown(stream, () => invalidate(latchkeyKeys.all)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Calls back when events may be missing: after a reset, and when events begin to arrive without an earlier cursor. Data
 * loaded before that moment may lack what happened since it was loaded.
 */
function onUnknown(stream: EventStream, callback: () => void): () => void {
  let cursor = stream.cursor;
  let hasBegun = false;
  const stops = [
    stream.onReset(() => {
      hasBegun = true;
      callback();
    }),
    stream.onStatus(({ state }) => {
      const isListening = state === "live" || state === "polling";
      if (isListening && !hasBegun && cursor === null) callback();
      hasBegun = state !== "stopped" && (hasBegun || isListening);
      cursor = stream.cursor;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
