import { eventOf, type NewEvent } from "../events/index.ts";
import { type OutlineItem, type Program, STANDING } from "../unlock/index.ts";

/**
 * Items that a learner is notified of when the course moves to another version: those that were added, removed, or
 * differ in title, status, place or rule. An item that was hidden and still is, is not named: not every learner may
 * know of it.
 * @param seen what the learner could see of the version before, by item number.
 */
export function changedItems(from: Program, to: Program, seen: Uint8Array): string[] {
  return differingItems(from, to).filter((id) => {
    const before = from.indexOf.get(id);
    const after = to.indexOf.get(id);
    const isKnown = before !== undefined && seen[before] === 1;
    // An item that may be hidden from this learner, or is in no list, is not announced before the learner sees it.
    return isKnown || (after !== undefined && to.standing[after] === STANDING.OFFERED && to.conceals[after] !== 1);
  });
}

/** The live event of it. Its key names the activation: sending it twice has one effect. */
export function contentEvent(course: string, activation: number | string, version: number, items: string[]): NewEvent {
  const data = { course_id: course, course_version: version, items };
  return eventOf("content.chapter-updated", data, { key: `content:${course}:${activation}` });
}

/** The last compared pair of versions: a page of learners moves between the same two. */
let compared: { from: Program; to: Program; items: string[] } | null = null;

function differingItems(from: Program, to: Program): string[] {
  if (compared?.from === from && compared.to === to) return compared.items;
  const before = describeItems(from);
  const after = describeItems(to);
  const changed = [...after].filter(([id, text]) => before.get(id) !== text).map(([id]) => id);
  const items = [...changed, ...[...before.keys()].filter((id) => !after.has(id))];
  compared = { from, to, items };
  return items;
}

function describeItems({ outline }: Program): Map<string, string> {
  const items: OutlineItem[] = [...outline.chapters, ...outline.problems];
  return new Map(items.map((item) => [item.id, JSON.stringify(item)]));
}
