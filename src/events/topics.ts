import { z } from "@hono/zod-openapi";
import { COURSE_SLUG } from "../platform/ids.ts";
import { EVENT_DATA } from "./shapes.ts";
import type { LoggedEvent } from "./types.ts";

// A stream can ask for topics besides its user's own events: messages to a course, to a cohort, and about a task. Such
// a message is one event in the broadcast log, for any number of listeners.

/** Topics of one stream. */
const MAX_TOPICS = 16;
/** Characters of them together: they are in the stream's token, and are stored with its socket. */
export const MAX_TOPICS_TEXT = 1_000;

const COHORT = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Ids of tasks that have a topic. */
const TASK = /^[\x21-\x2b\x2d-\x7e]{1,100}$/;

/** A topic in its parts. */
export type TopicParts =
  | { kind: "course"; course: string }
  | { kind: "cohort"; course: string; cohort: string }
  | { kind: "task"; task: string };

/** The parts of a topic; null for an invalid text. */
export function parseTopic(topic: string): TopicParts | null {
  const colon = topic.indexOf(":");
  const name = topic.slice(colon + 1);
  switch (topic.slice(0, Math.max(colon, 0))) {
    case "course":
      return COURSE_SLUG.test(name) ? { kind: "course", course: name } : null;
    case "cohort": {
      const slash = name.indexOf("/");
      const [course, cohort] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
      return COURSE_SLUG.test(course) && COHORT.test(cohort) ? { kind: "cohort", course, cohort } : null;
    }
    case "task":
      return TASK.test(name) ? { kind: "task", task: name } : null;
    default:
      return null;
  }
}

export const taskTopic = (task: string) => `task:${task}`;

/** The task of a topic; null for the others. */
export function taskOf(topic: string): string | null {
  const parts = parseTopic(topic);
  return parts?.kind === "task" ? parts.task : null;
}

/** A change of an enrollment by which its learner may lose a right to a topic. */
export interface RightsChange {
  course: string;
  /** The enrollment has ended; otherwise only its cohorts may have changed. */
  isOver: boolean;
}

/** The change of rights in an event; null for all others. */
export function rightsChangeIn(event: Pick<LoggedEvent, "type" | "data">): RightsChange | null {
  if (event.type !== "enrollment.changed") return null;
  const { change, course_id: course } = EVENT_DATA["enrollment.changed"].parse(JSON.parse(event.data));
  return change === "withdrawn" || change === "policy" ? { course, isOver: change === "withdrawn" } : null;
}

/** Whether a change may take away the right to a topic. */
export function mayEnd(topic: string, { course, isOver }: RightsChange): boolean {
  const parts = parseTopic(topic);
  if (parts === null || parts.kind === "task" || parts.course !== course) return false;
  return isOver || parts.kind === "cohort";
}

export const topicSchema = z
  .string()
  .refine((topic) => parseTopic(topic) !== null, {
    message: "course:<course>, cohort:<course>/<cohort> or task:<task>",
    params: { rule: "topic" },
  })
  .openapi({ example: "course:algorithms" });

export const topicsSchema = z
  .array(topicSchema)
  .max(MAX_TOPICS)
  .refine((topics) => topics.join(",").length <= MAX_TOPICS_TEXT, {
    message: `at most ${MAX_TOPICS_TEXT} characters together`,
    params: { rule: "too_big" },
  })
  .openapi({ description: "Topics to receive in addition to the caller's own events. Access is checked for each." });
