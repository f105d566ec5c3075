import { DAY_MS } from "../platform/instants.ts";
import type { AgendaItem } from "../unlock/index.ts";
import { deadline } from "./next.ts";

// A learner's notices about one course. They are made from data that is stored anyway. Only messages, and up to when
// the learner has read, are stored for them.

export const NOTICE_KINDS = ["opened", "graded", "due_soon", "message"] as const;
type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface Notice {
  /** The same for the same notice on every device. */
  id: string;
  kind: NoticeKind;
  /** Epoch ms. */
  at: number;
  items: { id: string; title: string }[];
  /** Of a message. */
  text: string | null;
}

export interface NoticeSources {
  agenda: readonly AgendaItem[];
  /** Items that opened together. */
  opened: readonly { version: number; items: readonly string[]; at: number }[];
  /** Submissions that a person has judged. */
  graded: readonly { id: string; item: string; at: number }[];
  messages: readonly { id: string; text: string; at: number }[];
}

/** The limit of notices shown for one course. */
export const MAX_NOTICES = 50;
/** Older ones are left out. */
const PAST_DAYS = 60;
/** A due date is near when it is less than this away. */
const NEAR_DAYS = 2;

/**
 * The notices of one course, the latest first. They do not mention items that the learner does not see now. @param now
 * epoch ms.
 */
export function noticesOf({ agenda, opened, graded, messages }: NoticeSources, now: number): Notice[] {
  const seen = new Map(agenda.map((item) => [item.id, item]));
  const named = (ids: readonly string[]) =>
    ids.flatMap((id) => {
      const item = seen.get(id);
      return item === undefined ? [] : [{ id, title: item.title }];
    });
  const near = agenda.filter((item) => {
    const at = deadline(item);
    return item.is_open && !item.is_done && at > now && at <= now + NEAR_DAYS * DAY_MS;
  });
  const notices: Notice[] = [
    ...opened.map(({ version, items, at }): Notice => {
      const open = items.filter((id) => seen.get(id)?.is_open === true);
      return { id: `opened-${version}`, kind: "opened", at, items: named(open), text: null };
    }),
    ...graded.map(
      ({ id, item, at }): Notice => ({ id: `graded-${id}`, kind: "graded", at, items: named([item]), text: null }),
    ),
    ...near.map((item): Notice => {
      const at = deadline(item);
      // Another date makes another notice.
      return {
        id: `due-${item.id}-${at}`,
        kind: "due_soon",
        at: at - NEAR_DAYS * DAY_MS,
        items: named([item.id]),
        text: null,
      };
    }),
    ...messages.map(({ id, text, at }): Notice => ({ id: `message-${id}`, kind: "message", at, items: [], text })),
  ];
  return notices
    .filter(({ kind, items, at }) => (kind === "message" || items.length > 0) && at > now - PAST_DAYS * DAY_MS)
    .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_NOTICES);
}
