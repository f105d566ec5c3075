import { MAX_GROUP, type ProjectionMessage } from "../mirror/index.ts";
import { sendInBatches } from "../platform/database/set-statement.ts";

/**
 * How long the announcements of an isolate are collected, milliseconds: a message for each would cost more than the
 * write that it announces. The queue itself collects for a second, and D1 gets the rows half a second later than
 * possible.
 */
const GATHER_MS = 500;
/** An announcer that has promised to send and has not done so by then is gone, and the next one sends. */
const LOST_AFTER_MS = 2_000;
/** Messages of one call to the queue, which takes a hundred. */
const MAX_MESSAGES = 100;

/** The announcement of one enrollment. */
interface Announcement {
  /** Seconds for which the queue waits before it delivers it. */
  delay: number;
  failed(fault: unknown): void;
}

/**
 * The announcements of the enrollment objects in one isolate, in as few messages as possible. One object sends for all.
 * If a message is lost, the alarm of each object announces again. The objects share only ids.
 */
class GroupAnnouncement {
  #waiting = new Map<string, Announcement>();
  #promisedUntil = 0;

  /** @returns whether the caller is the one who has to {@link sendSoon}. */
  add(enrollment: string, announcement: Announcement, now: number): boolean {
    this.#waiting.set(enrollment, announcement);
    if (now < this.#promisedUntil) return false;
    this.#promisedUntil = now + LOST_AFTER_MS;
    return true;
  }

  /** Sends everything collected by then. Never throws: each object whose announcement was not accepted is notified. */
  async sendSoon(queue: Queue): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    this.#promisedUntil = 0;
    const waiting = [...this.#waiting];
    this.#waiting = new Map();
    for (const [delay, announced] of Map.groupBy(waiting, ([, announcement]) => announcement.delay)) {
      for (let start = 0; start < announced.length; start += MAX_MESSAGES * MAX_GROUP) {
        const part = announced.slice(start, start + MAX_MESSAGES * MAX_GROUP);
        try {
          await send(queue, messagesFor(part.map(([enrollment]) => enrollment)), delay);
        } catch (fault) {
          for (const [, { failed }] of part) failed(fault);
        }
      }
    }
  }
}

function messagesFor(enrollments: readonly string[]): ProjectionMessage[] {
  const messages: ProjectionMessage[] = [];
  for (let start = 0; start < enrollments.length; start += MAX_GROUP) {
    const [enrollment_id, ...others] = enrollments.slice(start, start + MAX_GROUP);
    if (enrollment_id === undefined) break;
    messages.push({ type: "project", enrollment_id, ...(others.length > 0 ? { others } : {}) });
  }
  return messages;
}

async function send(queue: Queue, messages: readonly ProjectionMessage[], delay: number): Promise<void> {
  const delaySeconds = delay > 0 ? delay : undefined;
  const [first] = messages;
  if (messages.length === 1 && first !== undefined) {
    await queue.send(first, delaySeconds === undefined ? undefined : { delaySeconds });
  } else await sendInBatches(queue, messages, delaySeconds);
}

const groups = new WeakMap<Queue, GroupAnnouncement>();

/** The one of this isolate. */
export function groupFor(queue: Queue): GroupAnnouncement {
  let group = groups.get(queue);
  if (group === undefined) {
    group = new GroupAnnouncement();
    groups.set(queue, group);
  }
  return group;
}
