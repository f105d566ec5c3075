import type { Language } from "../../../lib/preferences.ts";
import { titleIn } from "./text.ts";
import { type Fields, isFields, type Tree } from "./tree.ts";

/** One line of a comparison. */
export interface Difference {
  kind: "added" | "removed" | "moved" | "changed";
  id: string;
  title: string;
  /** For a change: the names of the fields. */
  fields: string[];
}

interface Seat {
  fields: Fields;
  parent: string;
}

/** The differences between two documents, item by item, in the order of the later one. Pure. */
export function differences(from: Tree, to: Tree, language: Language): { course: string[]; items: Difference[] } {
  const [old, next] = [seatsOf(from), seatsOf(to)];
  const items: Difference[] = [];
  const say = (kind: Difference["kind"], id: string, { fields }: Seat, changed: string[] = []) =>
    items.push({ kind, id, title: titleIn(fields.title, language) || id, fields: changed });
  for (const [id, seat] of next) {
    const was = old.get(id);
    if (was === undefined) {
      say("added", id, seat);
      continue;
    }
    const changed = changedFields(was.fields, seat.fields, ["problems"]);
    if (changed.length > 0) say("changed", id, seat, changed);
  }
  for (const id of movedIn(old, next)) {
    const seat = next.get(id);
    if (seat !== undefined) say("moved", id, seat);
  }
  for (const [id, seat] of old) if (!next.has(id)) say("removed", id, seat);
  return { course: changedFields(from.fields, to.fields, ["chapters", "problems", "slug"]), items };
}

function seatsOf(tree: Tree): Map<string, Seat> {
  const seats = new Map<string, Seat>();
  const list = (leaves: readonly { fields: Fields }[], parent: string) => {
    for (const { fields } of leaves) seats.set(String(fields.id ?? ""), { fields, parent });
  };
  list(tree.chapters, "course");
  for (const { fields, problems } of tree.chapters) list(problems, `chapter ${String(fields.id ?? "")}`);
  list(tree.loose, "loose");
  return seats;
}

/**
 * Items in another chapter, or at another place among those in both documents: the fewest that explain the new order.
 */
function movedIn(old: ReadonlyMap<string, Seat>, next: ReadonlyMap<string, Seat>): string[] {
  const moved: string[] = [];
  const lists = new Map<string, { id: string; was: number }[]>();
  const order = new Map([...old.keys()].map((id, index) => [id, index]));
  for (const [id, { parent }] of next) {
    const was = old.get(id);
    if (was === undefined) continue;
    if (was.parent !== parent) moved.push(id);
    else lists.set(parent, [...(lists.get(parent) ?? []), { id, was: order.get(id) ?? 0 }]);
  }
  for (const list of lists.values()) {
    const staying = longestRise(list.map(({ was }) => was));
    list.forEach(({ id }, index) => {
      if (!staying.has(index)) moved.push(id);
    });
  }
  return moved;
}

/** Indexes of a longest increasing part of a list (patience sorting). */
function longestRise(values: readonly number[]): Set<number> {
  const tails: number[] = [];
  const before: number[] = [];
  values.forEach((value, index) => {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (tails[low - 1] ?? -1);
    tails[low] = index;
  });
  const rise = new Set<number>();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) rise.add(at);
  return rise;
}

function changedFields(from: Fields, to: Fields, except: readonly string[]): string[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].filter((name) => !except.includes(name) && !isSame(from[name], to[name], name));
}

/** Whether two values mean the same. A title as a text is the English one, and an absent value is null. */
function isSame(a: unknown, b: unknown, name: string): boolean {
  const [one, other] = [plain(a, name), plain(b, name)];
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The meaning of an absent field, and of an absent part of a field: a published document has all of them. */
const ABSENT: Readonly<Record<string, unknown>> = {
  rule: null,
  content: null,
  answer: null,
  status: "active",
  difficulty: 1,
};
const PARTS: Readonly<Record<string, Fields>> = {
  options: { sequential: false, tutorial: null, sticky: true, problems_follow_chapter: true, open_enrollment: true },
  exact: { case_sensitive: false },
  numeric: { tolerance: 0 },
  regex: { case_sensitive: true },
};

function plain(value: unknown, name: string): unknown {
  const given = value ?? ABSENT[name] ?? null;
  if ((name === "title" || name === "content") && typeof given === "string") return sorted({ en: given });
  if (name === "options") return sorted({ ...PARTS.options, ...(isFields(given) ? given : {}) });
  if (name === "answer" && isFields(given)) return sorted({ ...PARTS[String(given.kind)], ...given });
  return sorted(given);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
