import { MAX_REQUIREMENT_DEPTH, partsOf, type Requirement } from "../completion/requirement.ts";
import type { Rule } from "../rules.ts";
import { shareOf } from "../truth.ts";
import { countedChildren, neededChildren } from "./requirements.ts";
import { distinctChildrenOf, type Entry, isOffered, NONE, type Table } from "./table.ts";
import { areForAll, CAN, progressCounts } from "./truths.ts";

/** The value of a part of a rule for a learner who starts today: known already, or the number of a gate. */
const HOLDS = -2;
const NEVER = -3;
const IGNORED = -4;

/** Why an item can never be opened. */
export type Obstacle = "rule" | "chapter" | "previous";

/**
 * Finds items that nobody who starts today can ever open. It assumes that dates, drips and cohorts come about; that a
 * `not` holds unless it denies something that always holds; and that an item can be done once it can be opened. The
 * tutorial is left out here: everything waits for it, so if it cannot be done, that is one error and not one for each
 * item.
 *
 * All rules together form one circuit of counting gates, and each connection carries its signal once: linear in the
 * size of the course, also with cycles.
 *
 * @param canBe the possible values of each node of each rule, from {@link judgeRule}.
 * @param closed numbers of items whose rule cannot hold together with the rule of their chapter.
 * @returns the obstacle for each item that can never be opened.
 */
export function unreachableItems(
  table: Table,
  canBe: ReadonlyMap<Rule, number>,
  closed: ReadonlySet<number>,
): Map<number, Obstacle> {
  const circuit = new Circuit(table, canBe);
  const roots = table.entries.map((entry) => {
    if (closed.has(entry.index)) return NEVER;
    return entry.item.rule === null ? HOLDS : circuit.build(entry.item.rule);
  });
  for (const entry of table.entries) {
    const before = table.entries[entry.previous];
    const previous = before === undefined ? NONE : before.isForAll ? circuit.done(before) : HOLDS;
    const inputs = [roots[entry.index] ?? NEVER, entry.gate, previous];
    circuit.connectItem(entry.index, inputs);
  }
  circuit.run();
  const obstacles = new Map<number, Obstacle>();
  for (const entry of table.entries) {
    if (circuit.isLit(entry.index)) continue;
    const rule = roots[entry.index] ?? NEVER;
    if (rule !== HOLDS && rule !== IGNORED && !circuit.isLit(rule)) obstacles.set(entry.index, "rule");
    else obstacles.set(entry.index, entry.gate !== NONE && !circuit.isLit(entry.gate) ? "chapter" : "previous");
  }
  return obstacles;
}

/** Gates 0 .. n-1 are the items. A gate is lit when enough of its inputs are lit. */
class Circuit {
  readonly #table: Table;
  readonly #canBe: ReadonlyMap<Rule, number>;
  readonly #missing: number[];
  readonly #outputs: number[][];
  /** Per chapter: how many of its problems are lit, and which gates wait for which number. */
  readonly #litProblems: number[];
  readonly #waiting: Map<number, number[]>[];
  readonly #isLit: boolean[];
  /** By item: the gate that says "this item is complete", if the item has a requirement. */
  readonly #completions = new Map<number, number>();

  constructor(table: Table, canBe: ReadonlyMap<Rule, number>) {
    this.#table = table;
    this.#canBe = canBe;
    this.#missing = table.entries.map(() => 0);
    this.#outputs = table.entries.map(() => []);
    this.#isLit = table.entries.map(() => false);
    this.#litProblems = table.problemsOf.map(() => 0);
    this.#waiting = table.problemsOf.map(() => new Map());
  }

  isLit(gate: number): boolean {
    return this.#isLit[gate] ?? false;
  }

  connectItem(item: number, inputs: readonly number[]): void {
    for (const input of inputs) {
      if (input === NONE || input === HOLDS || input === IGNORED) continue;
      this.#missing[item] = (this.#missing[item] ?? 0) + 1;
      if (input !== NEVER) this.#outputs[input]?.push(item);
    }
  }

  run(): void {
    const queue = this.#missing.flatMap((missing, gate) => (missing === 0 ? [gate] : []));
    const supply = (gate: number) => {
      const missing = (this.#missing[gate] ?? 0) - 1;
      this.#missing[gate] = missing;
      if (missing === 0) queue.push(gate);
    };
    for (let head = 0; head < queue.length; head += 1) {
      const gate = queue[head] ?? NONE;
      this.#isLit[gate] = true;
      for (const output of this.#outputs[gate] ?? []) supply(output);
      const entry = this.#table.entries[gate];
      if (entry === undefined || entry.chapter === NONE || !isOffered(entry.status)) continue;
      if (this.#table.isHidden(entry)) continue;
      const lit = (this.#litProblems[entry.chapter] ?? 0) + 1;
      this.#litProblems[entry.chapter] = lit;
      for (const waiting of this.#waiting[entry.chapter]?.get(lit) ?? []) supply(waiting);
    }
  }

  /** Adds the gates of a rule. Recursion is bounded: rules nested too deeply count as HOLDS. */
  build(rule: Rule): number {
    const can = this.#canBe.get(rule);
    if (can === undefined) return HOLDS;
    if (can === CAN.FALSE) return NEVER;
    if ("hide" in rule) return this.build(rule.hide);
    if ("not" in rule) {
      return this.build(rule.not) === IGNORED ? IGNORED : HOLDS;
    }
    const children = distinctChildrenOf(rule);
    if (children === null) return this.#leaf(rule);
    const built = children.map((child) => this.build(child.rule));
    const inputs = built.filter((input) => input !== IGNORED);
    if (inputs.length === 0 && built.length > 0) return IGNORED;
    let needed = inputs.length;
    if ("any" in rule) needed = 1;
    else if ("at_least" in rule) needed = Math.min(rule.at_least.count, inputs.length);
    return this.#gate(needed, inputs);
  }

  #leaf(rule: Rule): number {
    if ("completed" in rule) return this.#done(rule.completed);
    if ("attempted" in rule) return this.#item(rule.attempted);
    if ("score" in rule) return this.#score(rule.score.item);
    if ("average" in rule) {
      const inputs = [...new Set(rule.average.of)].map((id) => this.#score(id)).filter((input) => input !== IGNORED);
      return inputs.length === 0 ? IGNORED : this.#gate(1, inputs);
    }
    if ("viewed" in rule) return this.#item(rule.viewed);
    if ("submitted" in rule) return this.#score(rule.submitted);
    if ("points" in rule) return this.#score(rule.points.item);
    // A learner who has done nothing is incomplete.
    if ("state" in rule) return rule.state.is.includes("incomplete") ? HOLDS : this.#done(rule.state.item);
    if ("after" in rule) return this.#done(rule.after.item);
    if ("previous" in rule) {
      const before = this.#table.before(rule);
      if (before === undefined) return NEVER;
      return rule.previous.is.includes("incomplete") ? HOLDS : this.#done(before.item.id);
    }
    if ("progress" in rule) return this.#progress(rule.progress.of, rule.progress.min_percent);
    return HOLDS;
  }

  /** A chapter never gets a score, and takes no submission. */
  #score(id: string): number {
    const entry = this.#table.find(id);
    if (entry === undefined || !isOffered(this.#table.askedStatus(entry))) return this.#item(id);
    return entry.isForAll && this.#table.isChapter(entry) ? NEVER : this.#item(id);
  }

  #item(id: string): number {
    const entry = this.#table.find(id);
    if (entry === undefined) return HOLDS; // reported as its own error, not for each item that depends on it
    if (!isOffered(this.#table.askedStatus(entry))) return IGNORED;
    return entry.isForAll ? entry.index : HOLDS; // some learners are not meant
  }

  /** The gate that says "this item is complete". */
  #done(id: string): number {
    const entry = this.#table.find(id);
    if (entry === undefined) return HOLDS; // reported as its own error, not for each item that depends on it
    return isOffered(this.#table.askedStatus(entry)) ? this.done(entry) : IGNORED;
  }

  /** The same for an existing item. An item without a requirement can be done once it can be opened. */
  done(entry: Entry): number {
    if (!entry.isForAll) return HOLDS; // some learners are not meant
    const { completion } = entry.item;
    if (completion === undefined) return entry.index;
    const known = this.#completions.get(entry.index);
    if (known !== undefined) return known;
    const gate = this.#requirement(entry, completion);
    this.#completions.set(entry.index, gate);
    return gate;
  }

  #requirement(entry: Entry, requirement: Requirement, depth = 1): number {
    if (depth > MAX_REQUIREMENT_DEPTH) return HOLDS;
    const parts = partsOf(requirement);
    if (parts !== null) {
      const count = "at_least" in requirement ? requirement.at_least.count : "any" in requirement ? 1 : parts.length;
      return this.#gate(
        Math.min(count, parts.length),
        parts.map(({ part }) => this.#requirement(entry, part, depth + 1)),
      );
    }
    if (!("children" in requirement)) return entry.index;
    const children = countedChildren(this.#table, entry);
    const needed = Math.min(neededChildren(requirement.children, children.length), children.length);
    return this.#gate(
      needed,
      children.map((child) => this.done(child)),
    );
  }

  #progress(of: string | readonly string[], minPercent: number): number {
    const counts = progressCounts(this.#table, of);
    if (counts === null) return IGNORED;
    if (counts.offered === 0) return counts.listed > 0 ? IGNORED : HOLDS;
    const needed = shareOf(minPercent, counts.offered);
    if (needed <= 0 || !areForAll(this.#table, of)) return HOLDS;
    if (typeof of !== "string") {
      const inputs = [...new Set(of)].map((id) => this.#item(id)).filter((input) => input !== IGNORED);
      return this.#gate(needed, inputs);
    }
    const chapter = this.#table.find(of);
    const waiting = chapter === undefined ? undefined : this.#waiting[chapter.index];
    if (waiting === undefined) return HOLDS;
    const gate = this.#newGate(1);
    const list = waiting.get(needed);
    if (list === undefined) waiting.set(needed, [gate]);
    else list.push(gate);
    return gate;
  }

  #gate(needed: number, inputs: readonly number[]): number {
    const missing = needed - inputs.filter((input) => input === HOLDS).length;
    const open = inputs.filter((input) => input >= 0);
    if (missing <= 0) return HOLDS;
    if (missing > open.length) return NEVER;
    const gate = this.#newGate(missing);
    for (const input of open) this.#outputs[input]?.push(gate);
    return gate;
  }

  #newGate(missing: number): number {
    this.#outputs.push([]);
    this.#isLit.push(false);
    return this.#missing.push(missing) - 1;
  }
}

/** The first obstacle of an item, by name, for the message. */
export function obstacleName(table: Table, entry: Entry, obstacle: Obstacle): string {
  const number = obstacle === "chapter" ? entry.gate : entry.previous;
  const id = table.entries[number]?.item.id ?? "";
  return obstacle === "chapter" ? `its chapter ${id}` : `the chapter before it, ${id},`;
}
