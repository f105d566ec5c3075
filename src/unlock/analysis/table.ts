import type { ItemStatus, Outline, OutlineItem, OutlineProblem } from "../outline.ts";
import { distinctRules, type Rule } from "../rules.ts";

/** "No item". */
export const NONE = -1;

/** One item as the analysis sees it. Numbers are positions in {@link Table.entries}: chapters first, then problems. */
export interface Entry {
  readonly index: number;
  readonly item: OutlineItem;
  /** Where it is in the document, e.g. `chapters[2].problems[0]`. */
  readonly path: string;
  /** The stricter of its own status and its chapter's status: a problem in a draft chapter is a draft. */
  readonly status: ItemStatus;
  /** Whether all learners are meant: neither it nor its chapter is for some cohorts only. */
  readonly isForAll: boolean;
  /** Number of its chapter, or NONE. */
  readonly chapter: number;
  /** Number of the chapter that must be open before it, or NONE. */
  readonly gate: number;
  /** Sequential mode: number of the chapter that must be completed first, or NONE. */
  readonly previous: number;
}

/** A course in the form that the analysis uses. */
export interface Table {
  readonly outline: Outline;
  readonly entries: readonly Entry[];
  readonly chapterCount: number;
  /** The problems of each chapter, by chapter number. */
  readonly problemsOf: readonly (readonly Entry[])[];
  /**
   * How many problems of each chapter count, by chapter number. Problems hidden from everybody by the author do not.
   */
  readonly countsOf: readonly Counts[];
  /** The item with that id; the first one if an id is used twice. */
  find(id: string): Entry | undefined;
  /** The tracked item that a `previous` leaf means; undefined if nothing comes before. */
  before(leaf: Rule): Entry | undefined;
  isChapter(entry: Entry): boolean;
  /** Whether the author hides it or its chapter from all learners. */
  isHidden(entry: Entry): boolean;
  /** Its status when a rule names it: a draft counts for nobody. */
  askedStatus(entry: Entry): ItemStatus;
  /** The same by id. A missing item counts as active here, because it is reported elsewhere. */
  readonly statusFor: (id: string) => ItemStatus;
}

/** The items of a list: all of them, those that are not drafts, and those offered to new learners. */
export interface Counts {
  readonly listed: number;
  readonly published: number;
  readonly offered: number;
}

export function countStatuses(statuses: readonly ItemStatus[]): Counts {
  return {
    listed: statuses.length,
    published: statuses.filter((status) => status !== "draft").length,
    offered: statuses.filter(isOffered).length,
  };
}

/** Whether a learner who starts today must ever do the item, or can ever see it. */
export function isOffered(status: ItemStatus): boolean {
  return status === "active" || status === "beta";
}

/** Numbers the items and finds what surrounds each: chapter, gate, item before it, effective status. */
export function tableOf(outline: Outline, pathOf: ReadonlyMap<string, string>): Table {
  const chapterCount = outline.chapters.length;
  const chapterNumbers = new Map<string, number>();
  outline.chapters.forEach((chapter, index) => {
    if (!chapterNumbers.has(chapter.id)) chapterNumbers.set(chapter.id, index);
  });
  const locate = locator(outline, pathOf, chapterNumbers);
  const entries: Entry[] = [];
  const problemsOf: Entry[][] = outline.chapters.map(() => []);

  let previous = NONE;
  outline.chapters.forEach((item, index) => {
    entries.push({
      index,
      item,
      path: locate(item, index),
      status: item.status,
      isForAll: item.assign_to === undefined,
      chapter: NONE,
      gate: NONE,
      previous,
    });
    if (outline.options.sequential && isOffered(item.status)) previous = index;
  });
  outline.problems.forEach((item) => {
    const chapter = item.chapter === null ? NONE : (chapterNumbers.get(item.chapter) ?? NONE);
    const entry: Entry = {
      index: entries.length,
      item,
      path: locate(item, chapter),
      status: stricter(item.status, entries[chapter]?.status),
      isForAll: item.assign_to === undefined && entries[chapter]?.isForAll !== false,
      chapter,
      gate: outline.options.problems_follow_chapter ? chapter : NONE,
      previous: NONE,
    };
    entries.push(entry);
    problemsOf[chapter]?.push(entry);
  });

  const isHidden = ({ item, chapter }: Entry) =>
    item.visibility === "hidden" ||
    (entries[chapter]?.item.visibility === "hidden" && outline.source?.platform !== "moodle");
  // In Canvas an item that no learner can see is required of nobody.
  const askedStatus = (entry: Entry) =>
    outline.source?.platform === "canvas" && isHidden(entry) ? "draft" : entry.status;
  const byId = new Map<string, Entry>();
  for (const entry of entries) if (!byId.has(entry.item.id)) byId.set(entry.item.id, entry);
  return {
    outline,
    entries,
    chapterCount,
    problemsOf,
    countsOf: problemsOf.map((problems) =>
      countStatuses(problems.filter((problem) => !isHidden(problem)).map((problem) => problem.status)),
    ),
    find: (id) => byId.get(id),
    before: beforeOf(entries, problemsOf),
    isChapter: (entry) => entry.index < chapterCount,
    isHidden,
    askedStatus,
    statusFor: (id) => {
      const entry = byId.get(id);
      return entry === undefined ? "active" : askedStatus(entry);
    },
  };
}

/** What each `previous` leaf means: the same item as in the compiler. */
function beforeOf(entries: readonly Entry[], problemsOf: readonly (readonly Entry[])[]): Table["before"] {
  const found = new Map<Rule, Entry | undefined>();
  const isAnyTracked = entries.some(({ item }) => item.completion !== undefined);
  let last: Entry | undefined;
  const note = (entry: Entry) =>
    walkRule(entry, (rule) => {
      if ("previous" in rule) found.set(rule, last);
    });
  const pass = (entry: Entry) => {
    note(entry);
    if (isOffered(entry.status) && (!isAnyTracked || entry.item.completion !== undefined)) last = entry;
  };
  problemsOf.forEach((problems, index) => {
    const chapter = entries[index];
    if (chapter !== undefined) note(chapter);
    problems.forEach(pass);
  });
  for (const entry of entries.slice(problemsOf.length)) if (entry.chapter === NONE) pass(entry);
  return (leaf) => found.get(leaf);
}

function stricter(own: ItemStatus, chapter: ItemStatus | undefined): ItemStatus {
  if (own === "draft" || chapter === "draft") return "draft";
  return chapter === "deprecated" ? "deprecated" : own;
}

/**
 * `pathOf` knows only the first item of each id. Later ones are found by counting, which works because an outline keeps
 * the order of the document. Only in a chapter whose own id is used twice, the path of the first one is all there is.
 */
function locator(outline: Outline, pathOf: ReadonlyMap<string, string>, chapterNumbers: ReadonlyMap<string, number>) {
  const isAmbiguous = chapterNumbers.size < outline.chapters.length;
  const located = new Set<string>();
  const counts = new Map<number, number>();
  return (item: OutlineItem | OutlineProblem, container: number): string => {
    const isProblem = "difficulty" in item;
    const position = counts.get(container) ?? 0;
    if (isProblem) counts.set(container, position + 1);
    const known = located.has(item.id) && !(isProblem && isAmbiguous) ? undefined : pathOf.get(item.id);
    located.add(item.id);
    if (known !== undefined) return known;
    if (!isProblem) return `chapters[${container}]`;
    return container === NONE ? `problems[${position}]` : `chapters[${container}].problems[${position}]`;
  };
}

/** The rules in a group, each with its step in the path; null for a leaf. */
export function childrenOf(rule: Rule): { rule: Rule; step: string }[] | null {
  if ("all" in rule) return rule.all.map((child, i) => ({ rule: child, step: `.all[${i}]` }));
  if ("any" in rule) return rule.any.map((child, i) => ({ rule: child, step: `.any[${i}]` }));
  if ("at_least" in rule) return rule.at_least.of.map((child, i) => ({ rule: child, step: `.at_least.of[${i}]` }));
  if ("not" in rule) return [{ rule: rule.not, step: ".not" }];
  if ("hide" in rule) return [{ rule: rule.hide, step: ".hide" }];
  return null;
}

/** The same without repeated rules: they count once. */
export function distinctChildrenOf(rule: Rule): { rule: Rule; step: string }[] | null {
  const children = childrenOf(rule);
  if (children === null || children.length < 2) return children;
  const distinct = new Set(distinctRules(children.map((child) => child.rule)));
  return children.filter((child) => distinct.has(child.rule));
}

/** One place in a rule that names an item. */
export interface Reference {
  readonly target: string;
  readonly path: string;
  /** `progress of: "chapter"` reads the chapter's problems; everything else reads the item itself. */
  readonly reads: "item" | "problems";
}

/** Every place in the rule of `entry` that names an item, in document order. */
export function referencesOf(table: Pick<Table, "before">, entry: Entry): Reference[] {
  const found: Reference[] = [];
  walkRule(entry, (rule, path) => {
    const before = "previous" in rule ? table.before(rule) : undefined;
    if (before !== undefined) found.push({ target: before.item.id, path: `${path}.previous`, reads: "item" });
    if (childrenOf(rule) === null) found.push(...referencesOfLeaf(rule, path));
  });
  return found;
}

/**
 * Visits every part of the rule of `entry`, in document order. Needs no stack, however deep the rule.
 * @param visit receives whether an odd number of `not` surrounds the part.
 */
export function walkRule(entry: Entry, visit: (rule: Rule, path: string, isDenied: boolean) => void): void {
  if (entry.item.rule === null) return;
  const open = [{ rule: entry.item.rule, path: `${entry.path}.rule`, isDenied: false }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { rule, path } = next;
    visit(rule, path, next.isDenied);
    const isDenied = "not" in rule !== next.isDenied;
    for (const child of childrenOf(rule)?.reverse() ?? []) {
      open.push({ rule: child.rule, path: `${path}${child.step}`, isDenied });
    }
  }
}

function referencesOfLeaf(rule: Rule, path: string): Reference[] {
  if ("completed" in rule) return [{ target: rule.completed, path: `${path}.completed`, reads: "item" }];
  if ("attempted" in rule) return [{ target: rule.attempted, path: `${path}.attempted`, reads: "item" }];
  if ("score" in rule) return [{ target: rule.score.item, path: `${path}.score.item`, reads: "item" }];
  if ("viewed" in rule) return [{ target: rule.viewed, path: `${path}.viewed`, reads: "item" }];
  if ("submitted" in rule) return [{ target: rule.submitted, path: `${path}.submitted`, reads: "item" }];
  if ("state" in rule) return [{ target: rule.state.item, path: `${path}.state.item`, reads: "item" }];
  if ("points" in rule) return [{ target: rule.points.item, path: `${path}.points.item`, reads: "item" }];
  if ("after" in rule) return [{ target: rule.after.item, path: `${path}.after.item`, reads: "item" }];
  if ("average" in rule) {
    return rule.average.of.map((target, i) => ({ target, path: `${path}.average.of[${i}]`, reads: "item" }));
  }
  if (!("progress" in rule)) return [];
  const { of } = rule.progress;
  if (typeof of === "string") return [{ target: of, path: `${path}.progress.of`, reads: "problems" }];
  return of.map((target, i) => ({ target, path: `${path}.progress.of[${i}]`, reads: "item" }));
}
