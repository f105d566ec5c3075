/**
 * The chapters that a reader has folded or unfolded, stored in this browser by user and course. Chapters that they
 * never touched are not listed. If a browser stores nothing, the choice lasts as long as the page.
 */
const PREFIX = "latchkey.folds ";
/** The limit of chapters for one course; the oldest are dropped first. */
const MAX_KEPT = 500;

export type Folds = ReadonlyMap<string, boolean>;

export function readFolds(user: string, course: string): Folds {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(`${PREFIX}${user} ${course}`) ?? "[]");
    if (!Array.isArray(stored)) return new Map();
    return new Map(
      stored.flatMap((entry: unknown): [string, boolean][] =>
        Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "boolean"
          ? [[entry[0], entry[1]]]
          : [],
      ),
    );
  } catch {
    return new Map();
  }
}

/** Remembers one choice. @returns all of them. */
export function keepFold(user: string, course: string, chapter: string, isOpen: boolean): Folds {
  const folds = new Map(readFolds(user, course));
  folds.delete(chapter);
  folds.set(chapter, isOpen);
  const kept = [...folds].slice(-MAX_KEPT);
  try {
    localStorage.setItem(`${PREFIX}${user} ${course}`, JSON.stringify(kept));
  } catch {
    // Storage is forbidden or full: the choice lasts as long as the page.
  }
  return new Map(kept);
}
