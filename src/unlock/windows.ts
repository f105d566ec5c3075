/**
 * Times as a list of bounds, `[from, until, from, until, ...]`: epoch ms, ascending, each end exclusive. -Infinity
 * means "always before", Infinity means "for ever".
 */
export type Windows = readonly number[];

export const NEVER: Windows = [];
export const ALWAYS: Windows = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** From an instant on; Infinity means never. */
export function since(instant: number): Windows {
  if (instant === Number.NEGATIVE_INFINITY) return ALWAYS;
  return instant < Number.POSITIVE_INFINITY ? [instant, Number.POSITIVE_INFINITY] : NEVER;
}

/** Until an instant, exclusive. */
export function before(instant: number): Windows {
  return instant > Number.NEGATIVE_INFINITY ? [Number.NEGATIVE_INFINITY, instant] : NEVER;
}

/** The times at which at least `count` of the lists have a window. */
export function overlaps(lists: readonly Windows[], count: number): Windows {
  if (count <= 0) return ALWAYS;
  const possible = lists.filter((list) => list.length > 0);
  if (possible.length < count) return NEVER;
  const [first, second] = possible;
  if (possible.length === 1 && first !== undefined) return first;
  // Lists that always hold are counted without a sweep.
  const always = possible.filter((list) => list === ALWAYS).length;
  if (always >= count) return ALWAYS;
  if (always > 0) {
    const rest = possible.filter((list) => list !== ALWAYS);
    return overlaps(rest, count - always);
  }
  if (possible.length === 2 && count === 2 && first !== undefined && second !== undefined) {
    if (first.length === 2 && second.length === 2) {
      const from = Math.max(first[0] ?? 0, second[0] ?? 0);
      const until = Math.min(first[1] ?? 0, second[1] ?? 0);
      return from < until ? [from, until] : NEVER;
    }
  }
  const edges: { at: number; step: number }[] = [];
  for (const list of possible) edges.push(...list.map((at, place) => ({ at, step: place % 2 === 0 ? 1 : -1 })));
  edges.sort((a, b) => a.at - b.at);
  const found: number[] = [];
  let open = 0;
  for (let place = 0; place < edges.length; ) {
    const { at } = edges[place] ?? { at: 0 };
    const wasOpen = open >= count;
    for (; edges[place]?.at === at; place += 1) open += edges[place]?.step ?? 0;
    if (open >= count !== wasOpen) found.push(at);
  }
  return found;
}

/** The times that are in all lists. */
export function intersection(lists: readonly Windows[]): Windows {
  return overlaps(lists, lists.length);
}

/** The times that are in any of the lists. */
export function union(lists: readonly Windows[]): Windows {
  return overlaps(lists, 1);
}

/** The first instant in a window, from `now` on; Infinity if there is none. */
export function firstIn(windows: Windows, now: number): number {
  for (let place = 0; place < windows.length; place += 2) {
    if ((windows[place + 1] ?? 0) > now) return Math.max(windows[place] ?? 0, now);
  }
  return Number.POSITIVE_INFINITY;
}
