import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { NONE, type Program } from "../unlock/index.ts";
import type { Want } from "./contract.ts";

// Cursors of the lists of items. After a page, a new course version may be published in which the page's last row has
// moved or is gone. So a cursor does not name a row of the list: it names the last item of the pages before by its
// number in the version from which they were made, which never changes. The next page has every row that those pages
// did not have, in today's order.

/** What is asked for as a list. */
export type ListWant = Extract<Want, { kind: "chapters" | "problems" }>;

/** Items `0` to `last` of one version are on earlier pages. */
interface Passed {
  version: number;
  program: Program;
  last: number;
}

/** The items on earlier pages, one entry for each version from which they were made. */
export type Walked = readonly Passed[];

/** There is no earlier page: the list starts. */
export const FROM_START: Walked = [];

const POSITION = /^\d{1,9}:\d{1,5}(?:_\d{1,9}:\d{1,5})*$/;

/**
 * Versions that one walk over a list remembers. Above that the first are forgotten: rows may come twice, and none is
 * left out.
 */
const MAX_VERSIONS = 16;

/**
 * Reads a cursor's position.
 * @param current the present version; others are loaded.
 * @returns `unavailable` while a version cannot be loaded, `invalid_cursor` for an invalid position of this list.
 */
export async function walkedBefore(
  want: Want,
  current: { version: number; program: Program },
  load: (version: number) => Promise<Program | null>,
): Promise<Result<Walked>> {
  if ((want.kind !== "chapters" && want.kind !== "problems") || want.after === null) return ok(FROM_START);
  if (!POSITION.test(want.after)) return rowOfEarlierRelease(want, want.after, current);
  const walked: Passed[] = [];
  for (const part of want.after.split("_")) {
    const [version = 0, last = 0] = part.split(":").map(Number);
    let program: Program | null;
    try {
      program = version === current.version ? current.program : await load(version);
    } catch (fault) {
      logFault("version_unreachable", fault, { version });
      return refuse("unavailable", { detail: "The version of the previous page cannot be read.", retry_after: 1 });
    }
    if (program === null) return refuse("invalid_cursor");
    walked.push({ version, program, last });
  }
  return ok(walked);
}

/** A cursor of the release before named a row by its id. If the row is gone, it is refused, not taken for the end. */
function rowOfEarlierRelease(
  want: ListWant,
  id: string,
  { version, program }: { version: number; program: Program },
): Result<Walked> {
  const last = program.indexOf.get(id);
  return last !== undefined && isListed(program, want, last)
    ? ok([{ version, program, last }])
    : refuse("invalid_cursor");
}

/** Whether an item of a version is in the list, seen or not. */
function isListed(program: Program, want: ListWant, item: number): boolean {
  if (want.kind === "chapters") return item < program.chapterCount;
  if (item < program.chapterCount) return false;
  return want.chapter === null || program.ids[program.chapterOf[item] ?? NONE] === want.chapter;
}

/** The items of a version that are on earlier pages. */
export function passedIn(walked: Walked, want: ListWant, version: number, program: Program): (item: number) => boolean {
  if (walked.length === 0) return () => false;
  let last: number = NONE;
  const elsewhere = new Set<string>();
  for (const passed of walked) {
    if (passed.version === version) last = Math.max(last, passed.last);
    else {
      for (let item = 0; item <= passed.last && item < passed.program.size; item += 1) {
        if (isListed(passed.program, want, item)) elsewhere.add(passed.program.ids[item] ?? "");
      }
    }
  }
  return (item) => item <= last || elsewhere.has(program.ids[item] ?? "");
}

/** The position after a page that ended with an item. */
export function positionAfter(walked: Walked, version: number, last: number): string {
  const others = walked
    .filter((passed) => passed.version !== version)
    .map((passed) => `${passed.version}:${passed.last}`);
  return [...others.slice(1 - MAX_VERSIONS), `${version}:${last}`].join("_");
}
