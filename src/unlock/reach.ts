// Over 350 lines: what each kind of condition allows is beside the walk over all of them.

import type { Asked } from "./completion/compile.ts";
import { isDerived } from "./completion/needs.ts";
import { earliestComplete } from "./completion/reach.ts";
import type { Evaluation } from "./evaluate.ts";
import { mayAppear } from "./hiding.ts";
import { deniesPeriod, lockedUntil } from "./periods.ts";
import { NONE, OP, STANDING, STATE } from "./program.ts";
import { windowOf } from "./scope.ts";
import {
  doneAt,
  evaluateNode,
  isCompleted,
  isExcused,
  isLockedByStaff,
  isUndone,
  progressOf,
  requiredOf,
  type Scope,
  TRUE,
  turnOf,
} from "./truth.ts";
import { ALWAYS, before, firstIn, intersection, NEVER, overlaps, since, union, type Windows } from "./windows.ts";

/**
 * The earliest time at which a learner could have each item open, if everything that is still undecided goes well. It
 * never says "impossible" of something possible. If one rule forbids what another asks for, it may say "possible" of
 * something impossible.
 */
export interface Reach {
  /** Whether a part of an item's rule may be true (or, if not `wanted`, false) at any time from now on. */
  readonly canBe: (node: number, owner: number, wanted: boolean) => boolean;
  /** When each item may be open, by item number. */
  readonly windows: readonly Windows[];
  /** First instant from now on at which each item may be open; Infinity: never again. */
  readonly opensAt: Float64Array;
  /** First instant from now on at which each item may be open and accept work; Infinity: never again. */
  readonly workAt: Float64Array;
  /** First instant at which each item may be done (-Infinity: it is done already); Infinity: never. */
  readonly doneAt: Float64Array;
}

/** What a part of a rule allows. */
interface Part {
  /** When it may have the wanted value. */
  readonly windows: Windows;
  /** Whether it may be ignored: a prerequisite on an item that is required of nobody. */
  readonly mayBeIgnored: boolean;
}

/** Linear in the size of the course, except for sorting the children of groups. */
export function reachOf(scope: Scope, evaluation: Evaluation): Reach {
  return new Reaching(scope, evaluation).all();
}

/** Leaves that hold because an item is complete, or begun as a result. */
const ASKING_COMPLETION: ReadonlySet<number | undefined> = new Set([OP.COMPLETED, OP.ATTEMPTED, OP.STATE, OP.VIEWED]);

class Reaching {
  readonly #scope: Scope;
  readonly #evaluation: Evaluation;
  readonly #windows: Windows[];
  readonly #opensAt: Float64Array;
  readonly #workAt: Float64Array;
  readonly #doneAt: Float64Array;
  /** Items whose requirement has been evaluated here. */
  readonly #derived = new Set<number>();

  constructor(scope: Scope, evaluation: Evaluation) {
    const { size } = scope.program;
    this.#scope = scope;
    this.#evaluation = evaluation;
    this.#windows = new Array<Windows>(size).fill(ALWAYS);
    this.#opensAt = new Float64Array(size).fill(scope.now);
    this.#workAt = scope.program.hasWindows ? this.#opensAt.slice() : this.#opensAt;
    this.#doneAt = new Float64Array(size).fill(scope.now);
  }

  all(): Reach {
    const { program, now } = this.#scope;
    // Rules with a cycle have no order. Publishing refuses them, so nothing is claimed about them here.
    for (const item of program.order) {
      const windows = this.#windowsOf(item);
      const opensAt = firstIn(windows, now);
      this.#windows[item] = windows;
      this.#opensAt[item] = opensAt;
      const workAt = program.hasWindows ? firstIn(this.#working(item, windows), now) : opensAt;
      this.#workAt[item] = workAt;
      if (program.completion !== null && isDerived(this.#scope, item)) continue; // decided once its items are
      this.#doneAt[item] = Number.isNaN(doneAt(this.#scope, item))
        ? mayAppear(program, this.#evaluation, item)
          ? isUndone(this.#scope, item) && isCompleted(this.#scope.learner, item)
            ? opensAt
            : workAt
          : Number.POSITIVE_INFINITY
        : Number.NEGATIVE_INFINITY;
    }
    for (const item of program.completion?.order ?? []) this.#done(item);
    const canBe = (node: number, owner: number, wanted: boolean) => {
      const { windows, mayBeIgnored } = this.#part(node, owner, wanted);
      return mayBeIgnored || firstIn(windows, now) < Number.POSITIVE_INFINITY;
    };
    return { canBe, windows: this.#windows, opensAt: this.#opensAt, workAt: this.#workAt, doneAt: this.#doneAt };
  }

  /** When an item may be open and accept work. */
  #working(item: number, open: Windows): Windows {
    const { from, until } = windowOf(this.#scope, item);
    return from < until ? intersection([open, since(from), before(until)]) : NEVER;
  }

  /** Precedence as in the evaluator: lock, unlock, a locked chapter, practice mode, the rules. */
  #windowsOf(item: number): Windows {
    const { program, now } = this.#scope;
    if (program.standing[item] === STANDING.DRAFT) return NEVER;
    const own = this.#unlockedBy(item);
    if (this.#scope.exceptions?.get(item)?.unlock === true) return own;
    const windows = this.#byRules(item, own);
    const isOpenAfterAll = this.#evaluation.open[item] === 1 && firstIn(windows, now) !== now;
    return isOpenAfterAll ? union([windows, since(now)]) : windows;
  }

  #byRules(item: number, own: Windows): Windows {
    const { program, learner } = this.#scope;
    const gate = program.gate[item] ?? NONE;
    const parts = [own];
    if (gate !== NONE) parts.push(this.#unlockedBy(gate));
    if (learner.practiceMode) return intersection(parts);
    const previous = program.previous[item] ?? NONE;
    if (program.tutorial !== NONE && program.tutorial !== item) parts.push(this.#doneFrom(program.tutorial));
    if (previous !== NONE) parts.push(this.#doneFrom(previous));
    if (gate !== NONE) parts.push(this.#windows[gate] ?? ALWAYS);
    const root = program.roots[item] ?? NONE;
    if (root !== NONE) {
      const rule = this.#part(root, item, true);
      if (!rule.mayBeIgnored) parts.push(rule.windows);
    }
    // An item that is kept open only needs that its end has not come.
    return learner.kept[item] === 1 ? this.#ofKept(item, parts) : intersection(parts);
  }

  /** A kept item that is locked now (by staff, by the tutorial, or because its end has come), until another window. */
  #ofKept(item: number, parts: readonly Windows[]): Windows {
    const { program } = this.#scope;
    const { tutorial } = program;
    const gate = program.gate[item] ?? NONE;
    const asKept = [item, gate].flatMap((one) => {
      const root = program.roots[one] ?? NONE;
      if (one === NONE) return [];
      const could = root === NONE ? ALWAYS : this.#part(root, one, true, true).windows;
      // A rule that could not hold before its first window, or never, has not ended.
      const ends = union([before(could[0] ?? Number.POSITIVE_INFINITY), could]);
      return [this.#unlockedBy(one), program.closes[one] === 1 && this.#hasFirmEnd(one, root) ? ends : ALWAYS];
    });
    if (tutorial !== NONE && tutorial !== item) asKept.push(this.#doneFrom(tutorial));
    return union([intersection(parts), intersection(asKept)]);
  }

  /**
   * Whether the times at which a rule could hold are certain: no extension of it runs out, and no finished period
   * shortens them.
   */
  #hasFirmEnd(item: number, root: number): boolean {
    const { program, learner, now } = this.#scope;
    const isShortened = learner.overrides.some(
      ({ index, kind, expires_at }) => index === item && kind === "extend" && expires_at !== null && expires_at > now,
    );
    return !isShortened && (root === NONE || !deniesPeriod(program, root, true));
  }

  #unlockedBy(item: number): Windows {
    if (!isLockedByStaff(this.#scope, item)) return ALWAYS;
    return since(lockedUntil(this.#scope, item));
  }

  #doneFrom(item: number): Windows {
    return since(this.#done(item));
  }

  /** First instant at which an item may be done. */
  #done(item: number): number {
    const { completion } = this.#scope.program;
    const asked = completion?.asked[item] ?? null;
    if (asked === null || this.#derived.has(item)) return this.#doneAt[item] ?? Number.POSITIVE_INFINITY;
    this.#derived.add(item);
    this.#doneAt[item] = Number.isNaN(doneAt(this.#scope, item)) ? this.#completeAt(item, asked) : -Infinity;
    return this.#doneAt[item] ?? Number.POSITIVE_INFINITY;
  }

  #completeAt(item: number, asked: Asked): number {
    const { program, now } = this.#scope;
    const mayBeSeen = mayAppear(program, this.#evaluation, item);
    const at = (list: Float64Array, one: number) =>
      one !== item || mayBeSeen ? (list[one] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    const windows = earliestComplete(asked, this.#scope, item, {
      opensAt: (one) => at(this.#opensAt, one),
      workAt: (one) => at(this.#workAt, one),
      doneAt: (one) => this.#done(one),
    });
    return firstIn(windows, now);
  }

  /**
   * When a node may be true or, if not `wanted`, false.
   * @param isKept leaves on facts and cohorts take the value that helps the item, whatever they are.
   */
  #part(node: number, owner: number, wanted: boolean, isKept = false): Part {
    const { program, learner } = this.#scope;
    const { nodes } = program;
    const op = nodes.op[node];
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? Number.NaN;
    const plain = (windows: Windows): Part => ({ windows, mayBeIgnored: false });
    switch (op) {
      case OP.ALL:
      case OP.ANY:
      case OP.AT_LEAST:
        return this.#group(node, owner, wanted, isKept);
      case OP.NOT:
        return this.#part(nodes.kids[nodes.first[node] ?? 0] ?? NONE, owner, !wanted, isKept);
      // An extension may run out, so the end that it delays may come at its own date.
      case OP.FROM:
        return plain(wanted ? since(value - learner.early) : before(turnOf(this.#scope, node, owner)));
      case OP.UNTIL:
        return plain(wanted ? before(turnOf(this.#scope, node, owner)) : since(value));
      case OP.AFTER_ENROLLMENT:
        return plain(wanted ? since(learner.enrolledAt + value) : before(turnOf(this.#scope, node, owner)));
      case OP.COHORT:
        return plain(isKept || (learner.cohorts[arg] === 1) === wanted ? ALWAYS : NEVER);
      case OP.COHORT_SET:
      case OP.PROFILE:
        return plain(isKept || (learner.traits[arg] === 1) === wanted ? ALWAYS : NEVER);
      // It is completed in another course, and stays completed.
      case OP.COURSE:
        return plain(wanted || isKept || learner.traits[arg] !== 1 ? ALWAYS : NEVER);
      case OP.MISSING:
        return plain((value === 1) === wanted ? ALWAYS : NEVER);
      // A total changes with every problem, up and down.
      case OP.TOTAL:
        return plain(ALWAYS);
      case OP.AVERAGE: {
        const start = nodes.first[node] ?? 0;
        const items = [...nodes.kids.subarray(start, start + (nodes.count[node] ?? 0))];
        const mayBeIgnored = items.every((one) => program.standing[one] === STANDING.DEPRECATED);
        return { windows: isKept ? ALWAYS : this.#average(node, items, wanted), mayBeIgnored };
      }
      case OP.PROGRESS: {
        const { listed } = progressOf(this.#scope, node);
        const items = [...nodes.kids.subarray(nodes.first[node] ?? 0, (nodes.first[node] ?? 0) + listed)];
        const mayBeIgnored = listed > 0 && items.every((one) => program.standing[one] === STANDING.DEPRECATED);
        return { windows: isKept ? ALWAYS : this.#progress(node, items, wanted), mayBeIgnored };
      }
      default: {
        const mayBeIgnored = program.standing[arg] === STANDING.DEPRECATED;
        return { windows: isKept ? ALWAYS : this.#fact(node, owner, wanted), mayBeIgnored };
      }
    }
  }

  /** Facts only grow: what is done stays done, unless it depends on an exception that may run out. */
  #fact(node: number, owner: number, wanted: boolean): Windows {
    const { program } = this.#scope;
    const item = program.nodes.arg[node] ?? NONE;
    const op = program.nodes.op[node];
    const value = program.nodes.value[node] ?? Number.NaN;
    if (item === NONE) return wanted ? NEVER : ALWAYS;
    if (op === OP.AFTER) {
      const done = doneAt(this.#scope, item);
      if (wanted) return since(this.#earliestDone(item, done) + value);
      const mayEnd = isExcused(this.#scope, item) || program.relocks !== null;
      return Number.isNaN(done) || mayEnd ? ALWAYS : before(turnOf(this.#scope, node, owner));
    }
    const holds = evaluateNode(this.#scope, node, NONE) === TRUE;
    const isLive = program.nodes.live[node] === 1;
    const upper = program.nodes.upper[node] ?? Number.POSITIVE_INFINITY;
    // A score below a bound can rise above it; a score that counts only while its chapter is open may end.
    const mayFall = program.relocks !== null || upper < Number.POSITIVE_INFINITY || op === OP.STATE || isLive;
    if (!wanted) return holds && !isExcused(this.#scope, item) && !mayFall ? NEVER : ALWAYS;
    if (holds) return ALWAYS;
    // A score that is too high now may become lower, if the current grade counts.
    const bound = isLive ? Number.POSITIVE_INFINITY : upper;
    if (isDerived(this.#scope, item) && ASKING_COMPLETION.has(op)) {
      return union([this.#doneFrom(item), this.#ofFact(op, item, value, bound)]);
    }
    return this.#ofFact(op, item, value, bound);
  }

  /** When the facts of an item may make a condition true. */
  #ofFact(op: number | undefined, item: number, value: number, upper: number): Windows {
    const { program } = this.#scope;
    // A chapter gets no score.
    if ((op === OP.SCORE || op === OP.SCORE_RANGE || op === OP.POINTS) && item < program.chapterCount) return NEVER;
    const { bestScore, points } = this.#scope.learner;
    if (op === OP.SCORE_RANGE && (bestScore[item] ?? Number.NaN) >= upper - program.scoreSlack) return NEVER;
    if (op === OP.POINTS && (points[item] ?? Number.NaN) >= upper) return NEVER;
    // Opening an item needs no window; a chapter takes no submission.
    if (op === OP.SUBMITTED && item < program.chapterCount) return NEVER;
    if (op === OP.VIEWED && mayAppear(program, this.#evaluation, item)) {
      return since(this.#opensAt[item] ?? Number.POSITIVE_INFINITY);
    }
    // A done item is never undone; only an excuse may run out.
    if (op === OP.STATE && value === STATE.INCOMPLETE) {
      return isExcused(this.#scope, item) || program.relocks !== null ? ALWAYS : NEVER;
    }
    // A learner who has completed an item can do it again for a better score, as long as it is open.
    if (!mayAppear(program, this.#evaluation, item)) return NEVER;
    if (isUndone(this.#scope, item)) return since(this.#opensAt[item] ?? Number.POSITIVE_INFINITY);
    return since(this.#workAt[item] ?? Number.POSITIVE_INFINITY);
  }

  /** First instant from which an item may count as done. One that is done only after now can be done again. */
  #earliestDone(item: number, done: number): number {
    if (Number.isNaN(done)) return this.#done(item);
    if (isDerived(this.#scope, item)) return Math.min(done, this.#scope.now);
    if (!mayAppear(this.#scope.program, this.#evaluation, item)) return done;
    return Math.min(done, this.#workAt[item] ?? Number.POSITIVE_INFINITY);
  }

  /** A mean may rise as soon as any of its items can get a score, and so leave a range; it never falls. */
  #average(node: number, items: readonly number[], wanted: boolean): Windows {
    const { program } = this.#scope;
    const upper = program.nodes.upper[node] ?? Number.POSITIVE_INFINITY;
    const holds = evaluateNode(this.#scope, node, NONE) === TRUE;
    const isExcusing = items.some((one) => isExcused(this.#scope, one));
    if (!wanted)
      return holds && !isExcusing && program.nodes.live[node] !== 1 && upper === Number.POSITIVE_INFINITY
        ? NEVER
        : ALWAYS;
    if (holds || isExcusing) return ALWAYS;
    const scored = items.filter((one) => one >= program.chapterCount && mayAppear(program, this.#evaluation, one));
    return union(scored.map((one) => since(this.#workAt[one] ?? Number.POSITIVE_INFINITY)));
  }

  #progress(node: number, items: readonly number[], wanted: boolean): Windows {
    const { done, needed } = progressOf(this.#scope, node);
    const mayFall = this.#scope.program.relocks !== null || items.some((one) => isExcused(this.#scope, one));
    if (!wanted) return done >= needed && !mayFall ? NEVER : ALWAYS;
    if (done >= needed) return ALWAYS;
    const open = items.filter((one) => one !== NONE && Number.isNaN(doneAt(this.#scope, one)));
    return overlaps(
      open.map((one) => this.#doneFrom(one)),
      needed - done,
    );
  }

  #group(node: number, owner: number, wanted: boolean, isKept: boolean): Part {
    const { nodes } = this.#scope.program;
    const first = nodes.first[node] ?? 0;
    const total = nodes.count[node] ?? 0;
    const parts: Part[] = [];
    for (let at = first; at < first + total; at += 1) {
      parts.push(this.#part(nodes.kids[at] ?? NONE, owner, wanted, isKept));
    }
    // A part that may be ignored requires nothing in `all`, lowers the number of `at_least`, and helps if it holds.
    const ignorable = parts.filter((part) => part.mayBeIgnored).length;
    const required = requiredOf(this.#scope, node, ignorable);
    const lists = parts.map((part) => part.windows);
    const needed = wanted
      ? Math.min(required, requiredOf(this.#scope, node, 0))
      : total - ignorable - requiredOf(this.#scope, node, 0) + 1;
    return { windows: overlaps(lists, needed), mayBeIgnored: total > 0 && ignorable === total };
  }
}
