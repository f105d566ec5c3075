import type { QueryClient } from "@tanstack/react-query";
import { courseKey } from "../api/queries.ts";
import type { ChapterRow, ListOf, ProblemRow } from "../api/types.ts";
import { Store } from "../lib/store.ts";
import { markOpened, unmarkOpened } from "./opened.ts";

/** The changes for the signed-in learner in a write or an event. */
export interface CourseDelta {
  course: string;
  unlocked: readonly string[];
  locked: readonly string[];
}

/** The last change, for the line that screen readers read aloud. */
export const lastDelta = new Store<{ unlocked: string[]; locked: string[] } | null>(null);

/**
 * Shows a change at once: the lists on the screen are corrected in place, then loaded again for everything else that
 * may have changed with it (progress, scores, sentences). A change that is shown already is not announced again.
 */
export function applyDelta(client: QueryClient, delta: CourseDelta): void {
  const { course, unlocked, locked } = delta;
  const fresh = unlocked.filter((item) => !isKnown(client, course, item, false));
  const lost = locked.filter((item) => !isKnown(client, course, item, true));
  for (const row of ["chapters", "problems"] as const) {
    client.setQueriesData<ListOf<ChapterRow | ProblemRow>>({ queryKey: [...courseKey(course), row] }, (list) =>
      list === undefined ? list : { ...list, results: list.results.map((entry) => corrected(entry, unlocked, locked)) },
    );
  }
  markOpened(fresh);
  unmarkOpened(locked);
  if (fresh.length > 0 || lost.length > 0) {
    lastDelta.set({ unlocked: titles(client, course, fresh), locked: titles(client, course, lost) });
  }
  void client.invalidateQueries({ queryKey: courseKey(course) });
}

function corrected<T extends ChapterRow | ProblemRow>(
  row: T,
  unlocked: readonly string[],
  locked: readonly string[],
): T {
  if (unlocked.includes(row.id) && row.status === "locked")
    return { ...row, status: "unlocked", ...lockOf(row, false) };
  if (locked.includes(row.id) && row.status !== "locked") return { ...row, status: "locked", ...lockOf(row, true) };
  return row;
}

function lockOf(row: ChapterRow | ProblemRow, isLocked: boolean) {
  return "is_locked" in row ? { is_locked: isLocked } : { is_unlocked: !isLocked };
}

function rowsOf(client: QueryClient, course: string): (ChapterRow | ProblemRow)[] {
  return (["chapters", "problems"] as const).flatMap((row) =>
    client
      .getQueriesData<ListOf<ChapterRow | ProblemRow>>({ queryKey: [...courseKey(course), row] })
      .flatMap(([, list]) => list?.results ?? []),
  );
}

/** Whether the lists on the screen already say that an item is locked (or open). Unknown items are news. */
function isKnown(client: QueryClient, course: string, item: string, isLocked: boolean): boolean {
  const row = rowsOf(client, course).find((entry) => entry.id === item);
  return row !== undefined && (row.status === "locked") === isLocked;
}

function titles(client: QueryClient, course: string, items: readonly string[]): string[] {
  const rows = rowsOf(client, course);
  return items.map((item) => rows.find((row) => row.id === item)?.title ?? item);
}
