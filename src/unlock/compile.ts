import { DAY_MS } from "../shared/instants.ts";
import type { ItemStatus, Outline, OutlineItem, OutlineProblem } from "./outline.ts";
import type { Rule } from "./rules.ts";

/** Node kinds of a compiled rule. Numbers, because they live in a typed array. */
export const OP = {
  ALL: 0,
  ANY: 1,
  AT_LEAST: 2,
  NOT: 3,
  COMPLETED: 4,
  ATTEMPTED: 5,
  SCORE: 6,
  PROGRESS: 7,
  FROM: 8,
  UNTIL: 9,
  AFTER_ENROLLMENT: 10,
  AFTER: 11,
  COHORT: 12,
} as const;

/** What an item's status means when rules are evaluated. */
export const STANDING = { OFFERED: 0, DRAFT: 1, DEPRECATED: 2 } as const;

/** "No node", "no item"; where a thread ends here, the rule does not hold. */
export const NONE = -1;
/** Where a thread ends here, the rule holds. */
export const ACCEPT = -2;
/** Instead of a thread: the rule names deprecated items, so that a leaf may be neither true nor false. */
export const UNTHREADED = -3;

/**
 * A course version in the form the evaluator runs: items are numbers (chapters first, then problems, each in course
 * order), all rules are nodes in one arena of typed arrays. Built once per version and isolate, never stored.
 */
export interface Program {
  readonly outline: Outline;
  readonly size: number;
  readonly chapterCount: number;
  readonly ids: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Effective status: a problem in a draft chapter is a draft, in a deprecated chapter deprecated. */
  readonly statuses: readonly ItemStatus[];
  /** The same as a {@link STANDING}. */
  readonly standing: Uint8Array;
  /** Chapter that must be open for the problem to be open, or NONE. */
  readonly gate: Int32Array;
  /** Chapter the problem stands in, or NONE. */
  readonly chapterOf: Int32Array;
  /** Problems standing in each chapter (all of them), by chapter number. */
  readonly problemsOf: readonly Int32Array[];
  /** Sequential mode: the chapter that must be completed before this one, or NONE. */
  readonly previous: Int32Array;
  /** The item that gates everything else, or NONE. */
  readonly tutorial: number;
  /** Root node of each item's rule, or NONE for "open". */
  readonly roots: Int32Array;
  /** Where the thread through the item's rule begins: a node, ACCEPT or NONE; or UNTHREADED. See {@link NodeArena}. */
  readonly entries: Int32Array;
  /** 1 where the rule has an `until` leaf: only those can close what is kept open. */
  readonly closes: Uint8Array;
  readonly nodes: NodeArena;
  /** Items to evaluate again when the facts of item i change (i itself included), ascending. */
  readonly dependents: readonly Int32Array[];
  /** Instants of `from` and `until` leaves, ascending, epoch ms. */
  readonly boundaries: Float64Array;
  /** Delays of `after_enrollment` leaves, ascending, ms. */
  readonly enrollmentDelays: Float64Array;
  /** Item and delay (ms) of each `after` leaf, by item. */
  readonly afterItems: Int32Array;
  readonly afterDelays: Float64Array;
  /** Cohort names, numbered. */
  readonly cohorts: readonly string[];
  /** Every item after all items it depends on. Empty if the rules have a cycle (publishing refuses those). */
  readonly order: Int32Array;
}

/** Nodes of all rules. A group's children are `kids[first .. first + count)`; a progress leaf's items stand there too. */
export interface NodeArena {
  readonly op: Uint8Array;
  /** Item of a leaf, cohort number, or the count of `at_least`. */
  readonly arg: Int32Array;
  /** min score, min percent, epoch ms or delay in ms. */
  readonly value: Float64Array;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly kids: Int32Array;
  /**
   * The node that decides next when this one holds and when it does not, or ACCEPT or NONE when that settles the rule.
   * Such a thread leads from leaf to leaf, past `all`, `any` and `not`; an `at_least` is one node of it, asked as a whole.
   */
  readonly whenTrue: Int32Array;
  readonly whenFalse: Int32Array;
}

/**
 * Compiles an outline. Leaves on drafts are dropped here (drafts are ignored as prerequisites); leaves on deprecated
 * items stay, because whether they count depends on the learner. Never throws: dangling leaves, which publishing
 * refuses, are compiled to "never satisfied", so that a broken outline locks and cannot open (invariant 7).
 */
export function compile(outline: Outline): Program {
  const chapterCount = outline.chapters.length;
  const items: OutlineItem[] = [...outline.chapters, ...outline.problems];
  const size = items.length;
  const ids = items.map((item) => item.id);
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const numberOf = (id: string | null) => (id === null ? NONE : (indexOf.get(id) ?? NONE));

  const chapterOf = new Int32Array(size).fill(NONE);
  const inChapter: number[][] = outline.chapters.map(() => []);
  outline.problems.forEach((problem: OutlineProblem, position) => {
    const chapter = numberOf(problem.chapter);
    chapterOf[chapterCount + position] = chapter;
    inChapter[chapter]?.push(chapterCount + position);
  });
  const statuses = items.map((item, index) => effectiveStatus(item.status, items[chapterOf[index] ?? NONE]?.status));
  const gate = outline.options.problems_follow_chapter ? chapterOf : new Int32Array(size).fill(NONE);

  const builder = new ArenaBuilder(numberOf, statuses, inChapter);
  const roots = new Int32Array(size).fill(NONE);
  const entries = new Int32Array(size).fill(ACCEPT);
  const closes = new Uint8Array(size);
  const reads: Set<number>[] = [];
  items.forEach((item, index) => {
    builder.beginRule();
    const root = item.rule === null ? NONE : builder.add(item.rule);
    if (root !== NONE) {
      roots[index] = root;
      entries[index] = builder.thread(root);
    }
    reads.push(builder.reads);
    closes[index] = builder.hasUntil ? 1 : 0;
  });

  const previous = previousChapters(outline, statuses, size);
  const tutorial = numberOfDemanded(numberOf(outline.options.tutorial), statuses);
  previous.forEach((before, index) => {
    if (before !== NONE) reads[index]?.add(before);
  });
  if (tutorial !== NONE) {
    reads.forEach((set, index) => {
      if (index !== tutorial) set.add(tutorial);
    });
  }

  const dependents: number[][] = ids.map(() => []);
  reads.forEach((set, index) => {
    for (const read of set) if (read !== index) dependents[read]?.push(index);
    dependents[index]?.push(index);
  });

  const afters = builder.afters.sort((a, b) => a.item - b.item);

  return {
    outline,
    size,
    chapterCount,
    ids,
    indexOf,
    statuses,
    standing: Uint8Array.from(statuses, standingOf),
    gate,
    chapterOf,
    problemsOf: inChapter.map((list) => Int32Array.from(list)),
    previous,
    tutorial,
    roots,
    entries,
    closes,
    nodes: builder.arena(),
    dependents: dependents.map((list) => Int32Array.from(list)),
    boundaries: Float64Array.from([...builder.instants].sort((a, b) => a - b)),
    enrollmentDelays: Float64Array.from([...builder.enrollmentDelays].sort((a, b) => a - b)),
    afterItems: Int32Array.from(afters, (leaf) => leaf.item),
    afterDelays: Float64Array.from(afters, (leaf) => leaf.delay),
    cohorts: builder.cohorts,
    order: topologicalOrder(reads, gate),
  };
}

function effectiveStatus(own: ItemStatus, chapter: ItemStatus | undefined): ItemStatus {
  if (own === "draft" || chapter === "draft") return "draft";
  if (own === "deprecated" || chapter === "deprecated") return "deprecated";
  return own;
}

function standingOf(status: ItemStatus): number {
  if (status === "draft") return STANDING.DRAFT;
  return status === "deprecated" ? STANDING.DEPRECATED : STANDING.OFFERED;
}

/** A tutorial that is a draft or deprecated gates nothing: drafts are ignored, and the other is demanded of nobody. */
function numberOfDemanded(tutorial: number, statuses: readonly ItemStatus[]): number {
  return statuses[tutorial] === "draft" || statuses[tutorial] === "deprecated" ? NONE : tutorial;
}

function previousChapters(outline: Outline, statuses: readonly ItemStatus[], size: number): Int32Array {
  const previous = new Int32Array(size).fill(NONE);
  if (!outline.options.sequential) return previous;
  let last = NONE;
  outline.chapters.forEach((_, index) => {
    previous[index] = last;
    if (statuses[index] !== "draft" && statuses[index] !== "deprecated") last = index;
  });
  return previous;
}

/** Kahn's algorithm over "reads the facts of" and "stands in the chapter". */
function topologicalOrder(reads: readonly Set<number>[], gate: Int32Array): Int32Array {
  const waiting = reads.map((set, index) => set.size + (gate[index] === NONE ? 0 : 1));
  const followers: number[][] = reads.map(() => []);
  reads.forEach((set, index) => {
    for (const read of set) followers[read]?.push(index);
    followers[gate[index] ?? NONE]?.push(index);
  });
  const order = waiting.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let head = 0; head < order.length; head += 1) {
    for (const follower of followers[order[head] ?? NONE] ?? []) {
      const left = (waiting[follower] ?? 0) - 1;
      waiting[follower] = left;
      if (left === 0) order.push(follower);
    }
  }
  return order.length === reads.length ? Int32Array.from(order) : new Int32Array(0);
}

/** Collects the nodes of all rules; `beginRule` starts the record of what one rule reads. */
class ArenaBuilder {
  readonly instants = new Set<number>();
  readonly enrollmentDelays = new Set<number>();
  readonly afters: { item: number; delay: number }[] = [];
  readonly cohorts: string[] = [];
  reads = new Set<number>();
  hasUntil = false;
  #namesDeprecated = false;
  readonly #op: number[] = [];
  readonly #arg: number[] = [];
  readonly #value: number[] = [];
  readonly #first: number[] = [];
  readonly #count: number[] = [];
  readonly #kids: number[] = [];
  readonly #whenTrue: number[] = [];
  readonly #whenFalse: number[] = [];
  readonly #numberOf: (id: string) => number;
  readonly #statuses: readonly ItemStatus[];
  readonly #inChapter: readonly number[][];

  constructor(numberOf: (id: string) => number, statuses: readonly ItemStatus[], inChapter: readonly number[][]) {
    this.#numberOf = numberOf;
    this.#statuses = statuses;
    this.#inChapter = inChapter;
  }

  beginRule(): void {
    this.reads = new Set();
    this.hasUntil = false;
    this.#namesDeprecated = false;
  }

  /** Adds a rule; NONE when all of it is to be ignored. */
  add(rule: Rule): number {
    if ("all" in rule) return this.#group(OP.ALL, rule.all, 0);
    if ("any" in rule) return this.#group(OP.ANY, rule.any, 0);
    if ("at_least" in rule) return this.#group(OP.AT_LEAST, rule.at_least.of, rule.at_least.count);
    if ("not" in rule) return this.#group(OP.NOT, [rule.not], 0);
    if ("completed" in rule) return this.#fact(OP.COMPLETED, rule.completed, 0);
    if ("attempted" in rule) return this.#fact(OP.ATTEMPTED, rule.attempted, 0);
    if ("score" in rule) return this.#fact(OP.SCORE, rule.score.item, rule.score.min);
    if ("progress" in rule) return this.#progress(rule.progress.of, rule.progress.min_percent);
    if ("from" in rule) return this.#instant(OP.FROM, rule.from);
    if ("until" in rule) {
      this.hasUntil = true;
      return this.#instant(OP.UNTIL, rule.until);
    }
    if ("after_enrollment" in rule) {
      const delay = Math.round(rule.after_enrollment.days * DAY_MS);
      this.enrollmentDelays.add(delay);
      return this.#node(OP.AFTER_ENROLLMENT, NONE, delay);
    }
    if ("after" in rule) {
      const delay = Math.round(rule.after.days * DAY_MS);
      const node = this.#fact(OP.AFTER, rule.after.item, delay);
      const item = this.#numberOf(rule.after.item);
      if (node !== NONE && item !== NONE) this.afters.push({ item, delay });
      return node;
    }
    let cohort = this.cohorts.indexOf(rule.cohort);
    if (cohort === NONE) cohort = this.cohorts.push(rule.cohort) - 1;
    return this.#node(OP.COHORT, cohort, 0);
  }

  /** Lays the thread through the rule that was just added; returns where it begins, or UNTHREADED. */
  thread(root: number): number {
    return this.#namesDeprecated ? UNTHREADED : this.#lead(root, ACCEPT, NONE);
  }

  arena(): NodeArena {
    return {
      op: Uint8Array.from(this.#op),
      arg: Int32Array.from(this.#arg),
      value: Float64Array.from(this.#value),
      first: Int32Array.from(this.#first),
      count: Int32Array.from(this.#count),
      kids: Int32Array.from(this.#kids),
      whenTrue: Int32Array.from(this.#whenTrue),
      whenFalse: Int32Array.from(this.#whenFalse),
    };
  }

  /** Leads through a node to what decides next; returns where to enter it. */
  #lead(node: number, whenTrue: number, whenFalse: number): number {
    const op = this.#op[node];
    const first = this.#first[node] ?? 0;
    const kid = (place: number) => this.#kids[first + place] ?? NONE;
    if (op === OP.NOT) return this.#lead(kid(0), whenFalse, whenTrue);
    if (op !== OP.ALL && op !== OP.ANY) return this.#end(node, whenTrue, whenFalse);
    // From the last child to the first: each leads on to the one behind it, or past all of them.
    let next = op === OP.ALL ? whenTrue : whenFalse;
    for (let place = (this.#count[node] ?? 0) - 1; place >= 0; place -= 1) {
      next = op === OP.ALL ? this.#lead(kid(place), next, whenFalse) : this.#lead(kid(place), whenTrue, next);
    }
    return next;
  }

  #end(node: number, whenTrue: number, whenFalse: number): number {
    this.#whenTrue[node] = whenTrue;
    this.#whenFalse[node] = whenFalse;
    return node;
  }

  #node(op: number, arg: number, value: number, kids: readonly number[] = []): number {
    this.#first.push(this.#kids.length);
    this.#count.push(kids.length);
    for (const kid of kids) this.#kids.push(kid);
    this.#arg.push(arg);
    this.#value.push(value);
    this.#end(this.#op.length, NONE, NONE);
    return this.#op.push(op) - 1;
  }

  #group(op: number, children: readonly Rule[], required: number): number {
    const kids = children.map((child) => this.add(child)).filter((node) => node !== NONE);
    const ignored = children.length - kids.length;
    if (ignored > 0 && kids.length === 0) return NONE;
    return this.#node(op, ignored > 0 ? Math.min(required, kids.length) : required, 0, kids);
  }

  #fact(op: number, id: string, value: number): number {
    const item = this.#numberOf(id);
    if (this.#statuses[item] === "draft") return NONE;
    this.#read(item);
    return this.#node(op, item, value);
  }

  #read(item: number): void {
    if (item !== NONE) this.reads.add(item);
    if (this.#statuses[item] === "deprecated") this.#namesDeprecated = true;
  }

  #progress(of: string | readonly string[], minPercent: number): number {
    let listed: readonly number[];
    if (typeof of === "string") {
      const chapter = this.#numberOf(of);
      if (this.#statuses[chapter] === "draft") return NONE;
      listed = this.#inChapter[chapter] ?? [NONE];
    } else {
      listed = of.map((id) => this.#numberOf(id));
    }
    const counted = listed.filter((item) => this.#statuses[item] !== "draft");
    if (listed.length > 0 && counted.length === 0) return NONE;
    for (const item of counted) this.#read(item);
    const chapter = typeof of === "string" ? this.#numberOf(of) : NONE;
    return this.#node(OP.PROGRESS, chapter, minPercent, counted);
  }

  #instant(op: number, instant: string): number {
    const ms = Date.parse(instant);
    this.instants.add(ms);
    return this.#node(op, NONE, ms);
  }
}
