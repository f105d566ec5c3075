import { DAY_MS } from "../platform/instants.ts";
import type { Language } from "../platform/text.ts";
import type { AgendaItem } from "../unlock/index.ts";

/** Why an item is listed: it is late, it is due soon, it was begun, or it is open. */
export const NEXT_REASONS = ["overdue", "due_soon", "begun", "open"] as const;
type NextReason = (typeof NEXT_REASONS)[number];

export interface NextThing {
  item: AgendaItem;
  why: NextReason;
}

/** An item is due soon if it is due within this many days. */
const SOON_DAYS = 7;

const RANK: Record<NextReason, number> = { overdue: 0, due_soon: 1, begun: 2, open: 3 };

/**
 * What a learner can do now, the most urgent first: items that are late or due soon, then begun items, then open ones,
 * each group in course order. A chapter is listed when everything in it is done.
 *
 * @param items in course order.
 * @param now epoch ms.
 */
export function nextThings(items: readonly AgendaItem[], now: number): NextThing[] {
  const doable = items.filter((item) => isDoable(item, now));
  const busy = new Set(doable.flatMap(({ chapter }) => chapter ?? []));
  return doable
    .filter(({ id }) => !busy.has(id))
    .map((item): NextThing => ({ item, why: reasonFor(item, now) }))
    .sort((a, b) => RANK[a.why] - RANK[b.why] || (isDated(a) && isDated(b) ? deadline(a.item) - deadline(b.item) : 0));
}

/** The item that opens next by its date, if there is one: for a learner who can do nothing now. */
export function opensNext(items: readonly AgendaItem[], now: number): AgendaItem | null {
  const later = items.filter(({ opens, is_done }) => opens !== null && opens > now && !is_done);
  return later.reduce<AgendaItem | null>(
    (first, item) => (first === null || (item.opens ?? 0) < (first.opens ?? 0) ? item : first),
    null,
  );
}

/** When work on an item is due, epoch ms: its due date, or else its end. Infinity if it has neither. */
export function deadline({ due, closes }: AgendaItem): number {
  return due ?? closes ?? Number.POSITIVE_INFINITY;
}

function isDoable({ is_open, is_done, state, opens, until }: AgendaItem, now: number): boolean {
  if (!is_open || is_done || state === "completed") return false;
  return now >= (opens ?? Number.NEGATIVE_INFINITY) && now < (until ?? Number.POSITIVE_INFINITY);
}

function reasonFor(item: AgendaItem, now: number): NextReason {
  const at = deadline(item);
  if (at <= now) return "overdue";
  if (at <= now + SOON_DAYS * DAY_MS) return "due_soon";
  return item.state === "started" ? "begun" : "open";
}

function isDated({ why }: NextThing): boolean {
  return why === "overdue" || why === "due_soon";
}

const HOUR_MS = 3_600_000;

/** The reason as a sentence. */
export function nextSentence({ item, why }: NextThing, now: number, language: Language): string {
  const left = deadline(item) - now;
  const days = Math.round(Math.abs(left) / DAY_MS);
  const hours = Math.max(1, Math.round(Math.abs(left) / HOUR_MS));
  const span =
    Math.abs(left) < 2 * DAY_MS
      ? { en: hours === 1 ? "1 hour" : `${hours} hours`, zh: `${hours} 小时` }
      : { en: `${days} days`, zh: `${days} 天` };
  const sentences: Record<NextReason, Record<Language, string>> = {
    overdue: { en: `It was due ${span.en} ago and still takes work.`, zh: `已过截止时间 ${span.zh}，仍可提交。` },
    due_soon: { en: `It is due in ${span.en}.`, zh: `还有 ${span.zh}截止。` },
    begun: { en: "You have begun it.", zh: "你已经开始了。" },
    open: { en: "It is open to you.", zh: "已对你开放。" },
  };
  return sentences[why][language];
}
