import { describe, expect, test } from "vitest";
import { type CalendarEntry, calendarEntries, MAX_ENTRIES } from "../../../src/learner/calendar.ts";
import { deadline, nextThings, opensNext } from "../../../src/learner/next.ts";
import { excerptOf, wordsOf } from "../../../src/learner/search.ts";
import type { AgendaItem } from "../../../src/unlock/index.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2027-03-01T08:00:00Z");

function item(id: string, more: Partial<AgendaItem> = {}): AgendaItem {
  return {
    id,
    title: id,
    kind: "problem",
    chapter: null,
    state: "unlocked",
    is_open: true,
    is_done: false,
    opens: null,
    due: null,
    closes: null,
    until: null,
    ...more,
  };
}

describe("what is next", () => {
  const ids = (items: readonly AgendaItem[]) => nextThings(items, NOW).map((thing) => `${thing.item.id} ${thing.why}`);

  test("is sorted by what is due first, and in course order where nothing is due", () => {
    const items = [
      item("open"),
      item("begun", { state: "started" }),
      item("far", { due: NOW + 30 * DAY_MS }),
      item("soon", { due: NOW + 5 * DAY_MS }),
      item("sooner", { closes: NOW + DAY_MS, until: NOW + DAY_MS }),
      item("late", { due: NOW - DAY_MS }),
    ];
    expect(ids(items)).toEqual([
      "late overdue",
      "sooner due_soon",
      "soon due_soon",
      "begun begun",
      "open open",
      "far open",
    ]);
  });

  test("contains no item that is locked, done, over or not open for work, and no chapter with items left", () => {
    const items = [
      item("chapter", { kind: "chapter" }),
      item("in it", { chapter: "chapter" }),
      item("empty chapter", { kind: "chapter" }),
      item("done in it", { chapter: "empty chapter", is_done: true, state: "completed" }),
      item("locked", { is_open: false, state: "locked" }),
      item("excused", { is_done: true }),
      item("over", { until: NOW }),
      item("later", { opens: NOW + 1 }),
      item("even later", { opens: NOW + DAY_MS }),
    ];
    expect(ids(items)).toEqual(["in it open", "empty chapter open"]);
    expect(opensNext(items, NOW)?.id).toBe("later");
    expect(opensNext([item("open")], NOW)).toBeNull();
  });
});

describe("a calendar", () => {
  const told = (items: readonly AgendaItem[], known: readonly CalendarEntry[], now = NOW) =>
    calendarEntries(items, known, now);

  test("stays the same while nothing changes, and counts each change", () => {
    const first = told([item("a", { due: NOW + DAY_MS })], []);
    expect(first).toEqual([{ item: "a", at: NOW + DAY_MS, sequence: 0, stamp: NOW, off: false }]);
    expect(told([item("a", { due: NOW + DAY_MS })], first, NOW + 5)).toEqual(first);
    const moved = told([item("a", { due: NOW + 2 * DAY_MS })], first, NOW + 5);
    expect(moved).toMatchObject([{ at: NOW + 2 * DAY_MS, sequence: 1, stamp: NOW + 5 }]);
    const gone = told([], moved, NOW + 6);
    expect(gone).toMatchObject([{ item: "a", sequence: 2, off: true }]);
    expect(told([], gone, NOW + 7)).toEqual(gone);
    expect(told([item("a", { due: NOW + DAY_MS })], gone, NOW + 8)).toMatchObject([{ sequence: 3, off: false }]);
    expect(told([], gone, NOW + 40 * DAY_MS)).toEqual([]);
  });

  test("has a limit, and does not cancel entries because they are above the limit", () => {
    const many = Array.from({ length: MAX_ENTRIES + 50 }, (_, at) => item(`i${at}`, { due: NOW + at }));
    const first = told(many, []);
    expect(first).toHaveLength(MAX_ENTRIES);
    const earlier = told([item("new", { due: NOW - 1 }), ...many], first);
    expect(earlier).toHaveLength(MAX_ENTRIES);
    expect(earlier.some(({ off }) => off)).toBe(false);
    expect(told([item("old", { due: NOW - 200 * DAY_MS })], [])).toEqual([]);
    expect(deadline(item("none"))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a search", () => {
  test("uses a few words, each once, and shows the text around the first", () => {
    expect(wordsOf("  One two ONE three four five", 4)).toEqual(["one", "two", "three", "four"]);
    expect(excerptOf("# A *bold* [link](https://otter.example)", ["bold", "link"])).toBe("A bold link");
    expect(excerptOf("[link](https://otter.example)", ["otter"])).toBeNull();
    const long = `${"before ".repeat(40)}otter ${"after ".repeat(40)}`;
    expect(excerptOf(long, ["otter"])).toMatch(/^…before .*otter.*after…$|^….*otter.*…$/);
    expect(excerptOf("😀".repeat(200), ["😀"])).not.toMatch(/\uFFFD/);
  });
});
