import { DAY_MS } from "../platform/instants.ts";
import type { ItemStatus } from "./outline.ts";
import { ACCEPT, NONE, type NodeArena, OP, STATE, type Trait, UNTHREADED } from "./program.ts";
import { type CompletionState, distinctRules, type Rule } from "./rules.ts";

const BITS: Readonly<Record<CompletionState, number>> = {
  incomplete: STATE.INCOMPLETE,
  complete: STATE.COMPLETE,
  passed: STATE.PASSED,
  failed: STATE.FAILED,
};

/** Leaves that read scores or points. */
const OF_SCORES: ReadonlySet<number> = new Set([OP.SCORE, OP.SCORE_RANGE, OP.POINTS, OP.AVERAGE, OP.TOTAL]);

/** Collects the nodes of all rules. `beginRule` begins the record of what one rule reads. */
export class ArenaBuilder {
  readonly instants = new Set<number>();
  readonly enrollmentDelays = new Set<number>();
  readonly afters: { item: number; delay: number }[] = [];
  readonly cohorts: string[] = [];
  readonly traits: Trait[] = [];
  reads = new Set<number>();
  /** Whether time alone can make the rule false: by an `until`, or by a date or delay below a `not`. */
  hasEnd = false;
  /** Whether the rule asks for the course total. */
  readsTotal = false;
  /** Whether a failing part of the rule can hide the item. */
  mayHide = false;
  #before = NONE;
  #isLive = false;
  readonly #live: number[] = [];
  #isDenied = false;
  #namesDeprecated = false;
  readonly #op: number[] = [];
  readonly #arg: number[] = [];
  readonly #value: number[] = [];
  readonly #upper: number[] = [];
  readonly #hides: number[] = [];
  readonly #first: number[] = [];
  readonly #count: number[] = [];
  readonly #kids: number[] = [];
  readonly #ends: number[] = [];
  readonly #whenTrue: number[] = [];
  readonly #whenFalse: number[] = [];
  readonly #failedCountsAs: number;
  readonly #numberOf: (id: string) => number;
  readonly #statuses: readonly ItemStatus[];
  readonly #countedIn: readonly number[][];

  /**
   * @param countedIn the problems that count for each chapter's progress.
   * @param failedCountsAs a second state that a failed item also satisfies, as a bit; 0 for none.
   */
  constructor(
    numberOf: (id: string) => number,
    statuses: readonly ItemStatus[],
    countedIn: readonly number[][],
    failedCountsAs: number,
  ) {
    this.#failedCountsAs = failedCountsAs;
    this.#numberOf = numberOf;
    this.#statuses = statuses;
    this.#countedIn = countedIn;
  }

  /**
   * @param before the tracked item before the item of the rule, or NONE.
   * @param isLive whether the rule asks for the grades that count now.
   */
  beginRule(before: number, isLive: boolean): void {
    this.#before = before;
    this.#isLive = isLive;
    this.reads = new Set();
    this.readsTotal = false;
    this.hasEnd = false;
    this.mayHide = false;
    this.#isDenied = false;
    this.#namesDeprecated = false;
  }

  /** Adds a rule; NONE if all of it is ignored. */
  add(rule: Rule): number {
    if ("all" in rule) return this.#group(OP.ALL, rule.all, 0);
    if ("any" in rule) return this.#group(OP.ANY, rule.any, 0);
    if ("at_least" in rule) return this.#group(OP.AT_LEAST, rule.at_least.of, rule.at_least.count);
    if ("not" in rule) {
      this.#isDenied = !this.#isDenied;
      const node = this.#group(OP.NOT, [rule.not], 0);
      this.#isDenied = !this.#isDenied;
      return node;
    }
    if ("completed" in rule) return this.#fact(OP.COMPLETED, rule.completed, 0);
    if ("attempted" in rule) return this.#fact(OP.ATTEMPTED, rule.attempted, 0);
    if ("score" in rule) return this.#score(rule.score);
    if ("progress" in rule) return this.#progress(rule.progress.of, rule.progress.min_percent);
    if ("from" in rule) return this.#end(this.#instant(OP.FROM, rule.from), this.#isDenied);
    if ("until" in rule) return this.#end(this.#instant(OP.UNTIL, rule.until), !this.#isDenied);
    if ("after_enrollment" in rule) {
      const delay = Math.round(rule.after_enrollment.days * DAY_MS);
      this.enrollmentDelays.add(delay);
      return this.#end(this.#node(OP.AFTER_ENROLLMENT, NONE, delay), this.#isDenied);
    }
    if ("after" in rule) {
      if (this.#isDenied) this.hasEnd = true;
      const delay = Math.round(rule.after.days * DAY_MS);
      // Without a delay, an action of the learner ends it, not time.
      const node = this.#end(this.#fact(OP.AFTER, rule.after.item, delay), this.#isDenied && delay > 0);
      const item = this.#numberOf(rule.after.item);
      if (node !== NONE && item !== NONE) this.afters.push({ item, delay });
      return node;
    }
    if ("state" in rule) return this.#fact(OP.STATE, rule.state.item, this.#statesOf(rule.state.is));
    if ("points" in rule) {
      const { item, min = Number.NEGATIVE_INFINITY, below } = rule.points;
      return this.#below(this.#fact(OP.POINTS, item, min), below);
    }
    if ("average" in rule) return this.#average(rule.average);
    if ("total" in rule) return this.#total(rule.total);
    if ("previous" in rule) return this.#previous(rule.previous.is);
    if ("viewed" in rule) return this.#fact(OP.VIEWED, rule.viewed, 0);
    if ("submitted" in rule) return this.#fact(OP.SUBMITTED, rule.submitted, 0);
    if ("hide" in rule) return this.#hide(rule.hide);
    if ("profile" in rule) return this.#trait(OP.PROFILE, { profile: rule.profile });
    if ("course_completed" in rule) return this.#trait(OP.COURSE, { course: rule.course_completed });
    // A missing item fails, also below a `not`: no platform takes absence for "not done". For anything else that is
    // missing, the `not` holds.
    if ("missing" in rule) return this.#node(OP.MISSING, NONE, this.#isDenied && rule.missing.what === "item" ? 1 : 0);
    const { cohort } = rule;
    if (typeof cohort !== "string") {
      return this.#trait(OP.COHORT_SET, { cohorts: "any" in cohort ? null : [...new Set(cohort.any_of)] });
    }
    let number = this.cohorts.indexOf(cohort);
    if (number === NONE) number = this.cohorts.push(cohort) - 1;
    return this.#node(OP.COHORT, number, 0);
  }

  /**
   * A part that hides: the value is that of the rule inside. Below a `not`, its failing opens the item, so it hides
   * nothing.
   */
  #hide(rule: Rule): number {
    const node = this.add(rule);
    if (node === NONE || this.#isDenied) return node;
    this.mayHide = true;
    this.#hides[node] = 1;
    return node;
  }

  #trait(op: number, trait: Trait): number {
    const key = JSON.stringify(trait);
    const known = this.traits.findIndex((one) => JSON.stringify(one) === key);
    return this.#node(op, known === NONE ? this.traits.push(trait) - 1 : known, 0);
  }

  #score({ item, min, below }: { item: string; min?: number; below?: number }): number {
    if (min !== undefined && below === undefined) return this.#fact(OP.SCORE, item, min);
    return this.#below(this.#fact(OP.SCORE_RANGE, item, min ?? Number.NEGATIVE_INFINITY), below);
  }

  #below(node: number, below: number | undefined): number {
    if (node !== NONE && below !== undefined) this.#upper[node] = below;
    return node;
  }

  /** The bits of some states, together with what the course's platform counts as these states. */
  #statesOf(states: readonly CompletionState[]): number {
    const bits = states.reduce((sum, state) => sum | BITS[state], 0);
    return (bits & this.#failedCountsAs) === 0 ? bits : bits | STATE.FAILED;
  }

  /** Notes that a leaf is an end. */
  #end(node: number, isEnd: boolean): number {
    if (isEnd) this.hasEnd = true;
    if (isEnd && node !== NONE) this.#ends[node] = 1;
    return node;
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
      upper: Float64Array.from(this.#op, (_, node) => this.#upper[node] ?? Number.POSITIVE_INFINITY),
      first: Int32Array.from(this.#first),
      count: Int32Array.from(this.#count),
      kids: Int32Array.from(this.#kids),
      ends: Uint8Array.from(this.#op, (_, node) => this.#ends[node] ?? 0),
      live: Uint8Array.from(this.#live),
      hides: Uint8Array.from(this.#op, (_, node) => this.#hides[node] ?? 0),
      whenTrue: Int32Array.from(this.#whenTrue),
      whenFalse: Int32Array.from(this.#whenFalse),
    };
  }

  /** Leads the thread through a node to the node that decides next; returns where to enter it. */
  #lead(node: number, whenTrue: number, whenFalse: number): number {
    const op = this.#op[node];
    const first = this.#first[node] ?? 0;
    const kid = (place: number) => this.#kids[first + place] ?? NONE;
    if (op === OP.NOT) return this.#lead(kid(0), whenFalse, whenTrue);
    if (op !== OP.ALL && op !== OP.ANY) return this.#decide(node, whenTrue, whenFalse);
    // From the last child to the first: each leads to the next one, or past all of them.
    let next = op === OP.ALL ? whenTrue : whenFalse;
    for (let place = (this.#count[node] ?? 0) - 1; place >= 0; place -= 1) {
      next = op === OP.ALL ? this.#lead(kid(place), next, whenFalse) : this.#lead(kid(place), whenTrue, next);
    }
    return next;
  }

  #decide(node: number, whenTrue: number, whenFalse: number): number {
    this.#whenTrue[node] = whenTrue;
    this.#whenFalse[node] = whenFalse;
    return node;
  }

  #node(op: number, arg: number, value: number, kids: readonly number[] = []): number {
    this.#first.push(this.#kids.length);
    this.#count.push(kids.length);
    for (const kid of kids) this.#kids.push(kid);
    this.#arg.push(arg);
    this.#live.push(this.#isLive && OF_SCORES.has(op) ? 1 : 0);
    this.#value.push(value);
    this.#decide(this.#op.length, NONE, NONE);
    return this.#op.push(op) - 1;
  }

  #group(op: number, children: readonly Rule[], required: number): number {
    // A repeated condition counts once. A count that can no longer be reached because of this means all of them:
    // publishing refuses such a rule, but a course published earlier must not lock because of it.
    const distinct = children.length > 1 ? distinctRules(children) : children;
    const asked = required <= children.length ? Math.min(required, distinct.length) : required;
    const kids = distinct.map((child) => this.add(child)).filter((node) => node !== NONE);
    const ignored = distinct.length - kids.length;
    if (ignored > 0 && kids.length === 0) return NONE;
    return this.#node(op, ignored > 0 ? Math.min(asked, kids.length) : asked, 0, kids);
  }

  /** If nothing comes before the item, the leaf fails, also below a `not`. */
  #previous(states: readonly CompletionState[]): number {
    if (this.#before === NONE) return this.#node(OP.MISSING, NONE, this.#isDenied ? 1 : 0);
    this.#read(this.#before);
    return this.#node(OP.STATE, this.#before, this.#statesOf(states));
  }

  #total({ min = Number.NEGATIVE_INFINITY, below }: { min?: number; below?: number }): number {
    this.readsTotal = true;
    return this.#below(this.#node(OP.TOTAL, NONE, min), below);
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
      listed = this.#countedIn[chapter] ?? [NONE];
    } else {
      listed = [...new Set(of)].map((id) => this.#numberOf(id)); // a repeated item counts once
    }
    const counted = listed.filter((item) => this.#statuses[item] !== "draft");
    if (listed.length > 0 && counted.length === 0) return NONE;
    for (const item of counted) this.#read(item);
    const chapter = typeof of === "string" ? this.#numberOf(of) : NONE;
    return this.#node(OP.PROGRESS, chapter, minPercent, counted);
  }

  #average({ of, min, below }: { of: readonly string[]; min?: number; below?: number }): number {
    const listed = [...new Set(of)].map((id) => this.#numberOf(id));
    const counted = listed.filter((item) => this.#statuses[item] !== "draft");
    if (listed.length > 0 && counted.length === 0) return NONE;
    for (const item of counted) this.#read(item);
    return this.#below(this.#node(OP.AVERAGE, NONE, min ?? Number.NEGATIVE_INFINITY, counted), below);
  }

  #instant(op: number, instant: string): number {
    const ms = Date.parse(instant);
    this.instants.add(ms);
    return this.#node(op, NONE, ms);
  }
}
