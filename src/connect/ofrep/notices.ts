import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";

/** What tells a provider to ask for the flags again (OFREP, decision 8). The event itself is always a `message`. */
const REFETCH = JSON.stringify({ type: "refetchEvaluation" });

/** Events after which the flags of a course may differ. */
const CHANGES: ReadonlySet<string> = new Set(["unlock.changed", "progress.changed", "enrollment.changed"]);
const envelope = z.looseObject({ data: z.looseObject({ course_id: z.string() }) });

/** What of a frame of a learner's events goes to a provider: a notice, a sign of life, or nothing. */
function noticeOf({ event = "", id, data }: EventSourceMessage, course: string): string {
  const place = id === undefined || id === "" ? "" : `id: ${id}\n`;
  // After the first connection something may have changed since the flags were read; after another, since it was cut.
  const mayHaveChanged = event === "stream.opened" || event === "stream.resumed" || event === "stream.reset";
  if (mayHaveChanged || (CHANGES.has(event) && isOf(course, data)))
    return `${place}event: message\ndata: ${REFETCH}\n\n`;
  return event === "stream.heartbeat" ? ":\n\n" : "";
}

function isOf(course: string, data: string): boolean {
  const parsed = envelope.safeParse(JSON.parse(data));
  return parsed.success && parsed.data.data.course_id === course;
}

/** A learner's stream of events as one of notices about one course. */
export function noticesFrom(events: ReadableStream<Uint8Array>, course: string): ReadableStream<Uint8Array> {
  const notices = new TransformStream<EventSourceMessage, string>({
    transform(message, out) {
      const notice = noticeOf(message, course);
      if (notice !== "") out.enqueue(notice);
    },
  });
  return events
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(notices)
    .pipeThrough(new TextEncoderStream());
}
