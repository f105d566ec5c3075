// Over 350 lines: the possible values of each kind of condition are beside the walk over all of them.

import type { FieldError } from "../../platform/results.ts";
import { COMPLETION_STATES, type CompletionState, MAX_RULE_DEPTH, type Rule } from "../rules.ts";
import { contradiction, type Interval, type Intervals, intersection, NOW } from "./intervals.ts";
import {
  type Counts,
  childrenOf,
  countStatuses,
  distinctChildrenOf,
  type Entry,
  isOffered,
  NONE,
  type Table,
} from "./table.ts";

/**
 * The values that a rule can have, over all learners and all times: a set of these bits. IGNORED is the neutral element
 * of `evaluate.ts`: a prerequisite that does not count.
 */
export const CAN = { FALSE: 1, TRUE: 2, IGNORED: 4 } as const;
const EITHER = CAN.FALSE | CAN.TRUE;

interface Judged {
  readonly can: number;
  /** Conditions that hold whenever the rule does. */
  readonly ifTrue: Intervals;
  /** Conditions that hold whenever the rule does not. */
  readonly ifFalse: Intervals;
}

/** What can be known about one item's rule from the rule alone. */
export interface RuleVerdict {
  readonly errors: FieldError[];
  readonly warnings: FieldError[];
  /** The times at which the rule can hold; undefined if it names none. */
  readonly opening: Interval | undefined;
}

const NOTHING: Intervals = new Map();

/**
 * Judges the rule of one item by itself: which parts can never hold, and which always hold.
 * @param canBe receives the possible values of each node of the rule.
 */
export function judgeRule(table: Table, entry: Entry, canBe: Map<Rule, number>): RuleVerdict {
  const { rule } = entry.item;
  if (rule === null) return { errors: [], warnings: [], opening: undefined };
  const judge = new RuleJudge(table, canBe);
  const root = judge.judge(rule, `${entry.path}.rule`, 1);
  const isAlwaysOpen = (root.can & CAN.FALSE) === 0;
  const vacuous = isAlwaysOpen
    ? [{ path: `${entry.path}.rule`, rule: "always_open", message: `The rule of ${entry.item.id} is always true.` }]
    : judge.vacuous;
  return { errors: judge.errors, warnings: [...vacuous, ...judge.twice], opening: root.ifTrue.get(NOW) };
}

class RuleJudge {
  readonly errors: FieldError[] = [];
  /** Parts of the rule that never keep anybody out. */
  readonly vacuous: FieldError[] = [];
  /** Parts that are repeated, and therefore do not count. */
  readonly twice: FieldError[] = [];
  readonly #table: Table;
  readonly #canBe: Map<Rule, number>;

  constructor(table: Table, canBe: Map<Rule, number>) {
    this.#table = table;
    this.#canBe = canBe;
  }

  /** Whether an odd number of `not` surrounds the current part. */
  #isDenied = false;

  judge(rule: Rule, path: string, depth: number): Judged {
    const judged = depth > MAX_RULE_DEPTH ? this.#tooDeep(path) : this.#judge(rule, path, depth);
    this.#canBe.set(rule, judged.can);
    return judged;
  }

  #tooDeep(path: string): Judged {
    this.errors.push({ path, rule: "too_deep", message: `A rule nests at most ${MAX_RULE_DEPTH} levels.` });
    return { can: EITHER, ifTrue: NOTHING, ifFalse: NOTHING };
  }

  #judge(rule: Rule, path: string, depth: number): Judged {
    if ("hide" in rule) return this.judge(rule.hide, `${path}.hide`, depth + 1);
    if ("not" in rule) this.#isDenied = !this.#isDenied;
    const judged = this.#judgeGroup(rule, path, depth);
    if ("not" in rule) this.#isDenied = !this.#isDenied;
    return judged;
  }

  #judgeGroup(rule: Rule, path: string, depth: number): Judged {
    const written = childrenOf(rule);
    if (written === null) return this.#leaf(rule, path);
    const children = distinctChildrenOf(rule) ?? written;
    for (const child of written) {
      if (children.includes(child) || children.some((one) => one.step === child.step)) continue;
      const message = "The same condition is in this group twice; it counts once.";
      this.twice.push({ path: `${path}${child.step}`, rule: "named_twice", message });
    }
    const judged = children.map((child) => this.judge(child.rule, `${path}${child.step}`, depth + 1));
    const counting = judged.filter((child) => child.can !== CAN.IGNORED);
    const isIgnored = judged.length > 0 && counting.length === 0;
    if (isIgnored && !("at_least" in rule && rule.at_least.count > written.length)) {
      return { can: CAN.IGNORED, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if ("all" in rule) return this.#all(counting, `${path}.all`);
    if ("any" in rule) return this.#any(counting, `${path}.any`);
    if ("at_least" in rule) {
      const { count } = rule.at_least;
      if (count > judged.length) {
        const different = judged.length < written.length ? "different " : "";
        this.#unsatisfiable(`${path}.at_least.count`, `${count} of ${judged.length} ${different}rules cannot be true.`);
        // In a course published earlier, a count that is out of reach only because of repeated parts means all of them.
        if (count > written.length) return { can: CAN.FALSE, ifTrue: NOTHING, ifFalse: NOTHING };
      }
      return this.#atLeast(counting, Math.min(count, counting.length), `${path}.at_least.of`);
    }
    return this.#not(counting[0], `${path}.not`);
  }

  #all(children: readonly Judged[], path: string): Judged {
    const ifTrue = this.#intersect(children, path);
    const isImpossible = ifTrue === null || children.some((child) => child.can === CAN.FALSE);
    let can: number = CAN.FALSE;
    if (!isImpossible) {
      can = children.length === 0 || children.some((child) => child.can & CAN.TRUE) ? CAN.TRUE : 0;
      if (children.some((child) => child.can & CAN.FALSE)) can |= CAN.FALSE;
      if (canAllBeIgnored(children)) can |= CAN.IGNORED;
    }
    return { can, ifTrue: ifTrue ?? NOTHING, ifFalse: onlyChild(children)?.ifFalse ?? NOTHING };
  }

  #any(children: readonly Judged[], path: string): Judged {
    if (children.length === 0) {
      this.#unsatisfiable(path, "An empty `any` can never be true.");
      return { can: CAN.FALSE, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    const ifFalse = intersection(children.map((child) => child.ifFalse));
    const isCertain = ifFalse.empty.length > 0 || children.some((child) => child.can === CAN.TRUE);
    let can = children.some((child) => child.can & CAN.TRUE) ? CAN.TRUE : 0;
    if (!isCertain && children.every((child) => child.can !== CAN.TRUE)) {
      if (children.some((child) => child.can & CAN.FALSE)) can |= CAN.FALSE;
      if (canAllBeIgnored(children)) can |= CAN.IGNORED;
    }
    return { can, ifTrue: onlyChild(children)?.ifTrue ?? NOTHING, ifFalse: ifFalse.common };
  }

  #atLeast(children: readonly Judged[], count: number, path: string): Judged {
    if (count === 1 && children.length > 1) return this.#any(children, path);
    if (count === children.length && count > 0) return this.#all(children, path);
    const canHold = children.filter((child) => child.can & CAN.TRUE).length;
    const cannotCount = children.filter((child) => child.can === CAN.FALSE).length;
    const certain = children.filter((child) => child.can === CAN.TRUE).length;
    // Ignored children lower the count to the number that remains, so the children that cannot hold decide.
    const isMovable = children.some((child) => child.can & CAN.IGNORED);
    let can = 0;
    if (canHold >= (isMovable ? Math.min(count, canHold + cannotCount) : count)) can |= CAN.TRUE;
    if (certain < count && children.some((child) => child.can & CAN.FALSE)) can |= CAN.FALSE;
    if (canAllBeIgnored(children)) can |= CAN.IGNORED;
    return { can, ifTrue: NOTHING, ifFalse: NOTHING };
  }

  #not(child: Judged | undefined, path: string): Judged {
    if (child === undefined) return { can: CAN.IGNORED, ifTrue: NOTHING, ifFalse: NOTHING };
    if (child.can === CAN.TRUE) this.#unsatisfiable(path, "This negates a condition that is always true.");
    let can = child.can & CAN.IGNORED;
    if (child.can & CAN.TRUE) can |= CAN.FALSE;
    if (child.can & CAN.FALSE) can |= CAN.TRUE;
    return { can, ifTrue: child.ifFalse, ifFalse: child.ifTrue };
  }

  #leaf(rule: Rule, path: string): Judged {
    if ("from" in rule) return threshold(NOW, Date.parse(rule.from), `${path}.from`);
    if ("until" in rule) {
      const { can, ifTrue, ifFalse } = threshold(NOW, Date.parse(rule.until), `${path}.until`);
      return { can, ifTrue: ifFalse, ifFalse: ifTrue };
    }
    if ("cohort" in rule && typeof rule.cohort === "string") {
      return threshold(`cohort ${rule.cohort}`, 1, `${path}.cohort`);
    }
    if ("missing" in rule) {
      // As in the evaluator: a leaf on a missing item fails, also below a `not`.
      const can = this.#isDenied && rule.missing.what === "item" ? CAN.TRUE : CAN.FALSE;
      return { can, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if ("course_completed" in rule) {
      return threshold(`completion of the course ${rule.course_completed}`, 1, `${path}.course_completed`);
    }
    if ("after_enrollment" in rule) {
      const { days } = rule.after_enrollment;
      return days === 0
        ? { can: CAN.TRUE, ifTrue: NOTHING, ifFalse: NOTHING }
        : threshold("days since enrollment", days, `${path}.after_enrollment`);
    }
    if ("progress" in rule) return this.#progress(rule.progress.of, rule.progress.min_percent, path);
    if ("attempted" in rule) return this.#fact(rule.attempted, "attempt at", 1, `${path}.attempted`);
    if ("completed" in rule) {
      const step = `${path}.completed`;
      return this.#implying(this.#fact(rule.completed, "completion of", 1, step), rule.completed, ["attempt at"], step);
    }
    if ("score" in rule) {
      const { item } = rule.score;
      return this.#implying(this.#score(rule.score, `${path}.score`), item, ["attempt at"], `${path}.score`);
    }
    if ("state" in rule) {
      const { item, is } = rule.state;
      const { can } = this.#fact(item, "state of", 1, path);
      const isAny = can === EITHER && new Set(is).size === COMPLETION_STATES.length;
      return { can: isAny ? CAN.TRUE : can, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if ("average" in rule) {
      const { of, min = 0, below = Number.POSITIVE_INFINITY } = rule.average;
      const statuses = [...new Set(of)].map(this.#table.statusFor);
      const { published, offered } = countStatuses(statuses);
      if (published === 0) return { can: CAN.IGNORED, ifTrue: NOTHING, ifFalse: NOTHING };
      if (min >= below) this.#unsatisfiable(`${path}.average`, `No average is at least ${min} and below ${below}.`);
      const can = min >= below ? CAN.FALSE : EITHER;
      if (!areForAll(this.#table, of)) return { can: can | CAN.IGNORED, ifTrue: NOTHING, ifFalse: NOTHING };
      return { can: offered === 0 ? can | CAN.TRUE | CAN.IGNORED : can, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if ("total" in rule) {
      const { min = 0, below = Number.POSITIVE_INFINITY } = rule.total;
      if (min >= below) this.#unsatisfiable(`${path}.total`, `No total is at least ${min} and below ${below}.`);
      return { can: min >= below ? CAN.FALSE : EITHER, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if ("previous" in rule) return this.#previous(rule, rule.previous.is, path);
    if ("viewed" in rule) return this.#fact(rule.viewed, "opening of", 1, `${path}.viewed`);
    if ("submitted" in rule) return this.#fact(rule.submitted, "submission of", 1, `${path}.submitted`);
    if ("points" in rule) {
      const { item, min = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY } = rule.points;
      const { can } = this.#fact(item, "points on", 0, path);
      const isEmptyRange = can === EITHER && min >= below;
      if (isEmptyRange) this.#unsatisfiable(`${path}.points`, `No points are at least ${min} and below ${below}.`);
      return { can: isEmptyRange ? CAN.FALSE : can, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    if (!("after" in rule)) return { can: EITHER, ifTrue: NOTHING, ifFalse: NOTHING };
    const { item, days } = rule.after;
    const leaf = this.#fact(item, "days since completion of", days, `${path}.after`);
    return this.#implying(leaf, item, ["completion of", "attempt at"], `${path}.after`);
  }

  #previous(rule: Rule, is: readonly CompletionState[], path: string): Judged {
    const before = this.#table.before(rule);
    const nothing = { can: this.#isDenied ? CAN.TRUE : CAN.FALSE, ifTrue: NOTHING, ifFalse: NOTHING };
    if (before === undefined) return nothing;
    const { can } = this.#fact(before.item.id, "state of", 1, path);
    const isAny = can === EITHER && new Set(is).size === COMPLETION_STATES.length;
    // Learners for whom that item is not meant have another item before this one, or none.
    return { ...nothing, can: isAny ? CAN.TRUE : before.isForAll ? can : CAN.TRUE | CAN.FALSE | CAN.IGNORED };
  }

  #score({ item, min, below }: { item: string; min?: number; below?: number }, path: string): Judged {
    if (below === undefined && min !== undefined) return this.#fact(item, "score on", min, path);
    const leaf = this.#fact(item, "score on", min ?? Number.NEGATIVE_INFINITY, path);
    if (leaf.can !== EITHER || below === undefined) return { ...leaf, ifFalse: NOTHING };
    if ((min ?? 0) >= below) {
      this.#unsatisfiable(path, `No score is at least ${min ?? 0} and below ${below}.`);
      return { can: CAN.FALSE, ifTrue: NOTHING, ifFalse: NOTHING };
    }
    const low = { low: min ?? Number.NEGATIVE_INFINITY, lowPath: `${path}.min` };
    const range = { ...low, high: below, highPath: `${path}.below` };
    return { can: EITHER, ifTrue: new Map([[`score on ${item}`, range]]), ifFalse: NOTHING };
  }

  /** A learner who completed an item, or has a score on it, has begun it. */
  #implying(leaf: Judged, id: string, measures: readonly string[], path: string): Judged {
    const implied = measures.flatMap((measure) => [...this.#fact(id, measure, 1, path).ifTrue]);
    return { ...leaf, ifTrue: new Map([...leaf.ifTrue, ...implied]) };
  }

  #fact(id: string, measure: string, min: number, path: string): Judged {
    const { isForAll = true } = this.#table.find(id) ?? {};
    const status = this.#table.statusFor(id);
    const isAsked = isOffered(status);
    if (isAsked && !isForAll) return { can: EITHER | CAN.IGNORED, ifTrue: NOTHING, ifFalse: NOTHING };
    if (isAsked) return threshold(`${measure} ${id}`, min, path);
    const can = status === "draft" ? CAN.IGNORED : CAN.TRUE | CAN.IGNORED;
    return { can, ifTrue: NOTHING, ifFalse: NOTHING };
  }

  #progress(of: string | readonly string[], minPercent: number, path: string): Judged {
    const constant = (can: number): Judged => ({ can, ifTrue: NOTHING, ifFalse: NOTHING });
    const counts = progressCounts(this.#table, of);
    if (counts === null) return constant(CAN.IGNORED);
    if (!areForAll(this.#table, of)) return constant(EITHER | CAN.IGNORED);
    if (counts.listed === 0) {
      const what = typeof of === "string" ? `Chapter ${of} has no problems` : "The list is empty";
      const message = `${what}, so there is no progress to ask for, and this is always true.`;
      if (minPercent > 0) this.vacuous.push({ path: `${path}.progress.of`, rule: "always_open", message });
      return constant(CAN.TRUE);
    }
    if (counts.published === 0) return constant(CAN.IGNORED);
    if (counts.offered === 0) return constant(CAN.TRUE | CAN.IGNORED);
    if (minPercent === 0) return constant(CAN.TRUE);
    if (typeof of !== "string") this.#warnOfTwice(of, `${path}.progress.of`);
    return threshold(`progress in ${JSON.stringify(of)}`, minPercent, `${path}.progress`);
  }

  #warnOfTwice(of: readonly string[], path: string): void {
    of.forEach((id, place) => {
      if (of.indexOf(id) === place) return;
      this.twice.push({
        path: `${path}[${place}]`,
        rule: "named_twice",
        message: `${id} is in this list already; it counts once.`,
      });
    });
  }

  #unsatisfiable(path: string, message: string): void {
    this.errors.push({ path, rule: "unsatisfiable", message });
  }

  /** What holds when all children do; null, with an error for each conflict, if they cannot hold together. */
  #intersect(children: readonly Judged[], path: string): Intervals | null {
    const { common, empty } = intersection(children.map((child) => child.ifTrue));
    for (const [measure, interval] of empty) this.#unsatisfiable(path, contradiction(measure, interval));
    return empty.length === 0 ? common : null;
  }
}

/**
 * How many items a progress leaf counts; null if the whole leaf does not count (a draft chapter). Unknown names count
 * as active: they are reported elsewhere.
 */
export function progressCounts(table: Table, of: string | readonly string[]): Counts | null {
  if (typeof of !== "string") return countStatuses([...new Set(of)].map(table.statusFor));
  const chapter = table.find(of);
  if (chapter !== undefined && table.askedStatus(chapter) === "draft") return null;
  return table.countsOf[chapter?.index ?? NONE] ?? countStatuses(["active"]);
}

/** Whether all of some items, or all problems of a chapter, are required of every learner. */
export function areForAll(table: Table, of: string | readonly string[]): boolean {
  if (typeof of !== "string") return of.every((id) => table.find(id)?.isForAll !== false);
  const chapter = table.find(of);
  return chapter === undefined || [chapter, ...(table.problemsOf[chapter.index] ?? [])].every((one) => one.isForAll);
}

function threshold(measure: string, min: number, path: string): Judged {
  const atLeast = { low: min, lowPath: path, high: Number.POSITIVE_INFINITY, highPath: "" };
  const below = { low: Number.NEGATIVE_INFINITY, lowPath: "", high: min, highPath: path };
  return { can: EITHER, ifTrue: new Map([[measure, atLeast]]), ifFalse: new Map([[measure, below]]) };
}

function onlyChild(children: readonly Judged[]): Judged | undefined {
  return children.length === 1 ? children[0] : undefined;
}

function canAllBeIgnored(children: readonly Judged[]): boolean {
  return children.length > 0 && children.every((child) => child.can & CAN.IGNORED);
}
