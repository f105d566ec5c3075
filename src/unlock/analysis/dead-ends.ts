import { toInstant } from "../../platform/instants.ts";
import type { FieldError } from "../../platform/results.ts";
import { firstIn } from "../windows.ts";
import { Followers } from "./followers.ts";
import { KnownItems } from "./known-items.ts";
import { type Condition, dateOf, FREE, type Part } from "./part.ts";
import { RuleReader } from "./rule-reader.ts";
import { rulePath, saidOf } from "./said.ts";
import { type Entry, isOffered, NONE, type Table } from "./table.ts";

// Finds items that can never be opened because of dates or order: a prerequisite or chapter ends before the item
// begins, or an item asks for something that it also forbids. When unsure, everything here says "possible".

export interface DeadEnds {
  /** One error for each item that can never be opened for such a reason, by item number. */
  readonly errors: ReadonlyMap<number, FieldError>;
  readonly warnings: readonly FieldError[];
  /**
   * By number of an item that has closed: the items that nobody who starts now can open, because they come after it.
   */
  readonly behind: ReadonlyMap<number, readonly number[]>;
}

/**
 * @param order items, each after everything it depends on; items in a cycle, or behind one, are left out.
 * @param now epoch ms, to warn of items that have closed already; null for no such warnings.
 */
export function findDeadEnds(table: Table, order: readonly number[], now: number | null): DeadEnds {
  const ever = new Survey(table, Number.NEGATIVE_INFINITY);
  ever.run(order);
  const warnings = [...ever.warnings, ...ever.warningsOfFollowers()];
  if (now === null) return { errors: ever.errors, warnings, behind: new Map() };
  const fromNow = new Survey(table, now, ever);
  fromNow.run(order);
  const closed = table.entries.filter(
    ({ index, status }) => isOffered(status) && ever.isReachable(index) && !fromNow.isReachable(index),
  );
  const behind = Map.groupBy(closed, ({ index }) => fromNow.closedBefore(index));
  for (const entry of behind.get(NONE) ?? []) {
    const why = fromNow.errors.get(entry.index)?.message ?? "Something that it needs has closed.";
    const start = `A learner who starts on ${toInstant(now).slice(0, 10)} or later can never open ${entry.item.id}. ${why}`;
    const more = saidOf(behind.get(entry.index) ?? [], "come after it and can never be opened either");
    warnings.push({ path: rulePath(entry), rule: "closed", message: `${start}${more}` });
    if (table.outline.options.tutorial === entry.item.id) {
      const message = `The tutorial ${entry.item.id} has closed, and everything else waits for it.`;
      warnings.push({ path: "options.tutorial", rule: "closed", message });
    }
  }
  behind.delete(NONE);
  const numbers = [...behind].map(([root, entries]) => [root, entries.map(({ index }) => index)] as const);
  return { errors: ever.errors, warnings, behind: new Map(numbers) };
}

class Survey {
  readonly errors = new Map<number, FieldError>();
  readonly warnings: FieldError[] = [];
  readonly #table: Table;
  /** The survey of all times. Set only if this one is about the times from now on. */
  readonly #ever: Survey | null;
  readonly #known: KnownItems;
  readonly #reader: RuleReader;
  readonly #followers: Followers;
  readonly #closedBefore = new Map<number, number>();

  /** @param start only what is done from this instant on counts: -Infinity covers every learner, past and future. */
  constructor(table: Table, start: number, ever: Survey | null = null) {
    this.#table = table;
    this.#ever = ever;
    this.#known = new KnownItems(table, start);
    this.#reader = new RuleReader(table, this.#known, this.warnings);
    this.#followers = new Followers(table);
  }

  isReachable(item: number): boolean {
    return this.#known.isReachable(item);
  }

  /** The closed item that an item waits for only because of course order, chapter or tutorial; or NONE. */
  closedBefore(item: number): number {
    return this.#closedBefore.get(item) ?? NONE;
  }

  run(order: readonly number[]): void {
    for (const index of order) {
      const entry = this.#table.entries[index];
      if (entry !== undefined && entry.status !== "draft") this.#item(entry);
    }
  }

  #item(entry: Entry): void {
    const { index, item, path } = entry;
    const warned = this.warnings.length;
    const conditions: Condition[] = item.rule === null ? [] : this.#reader.conditions(item.rule, `${path}.rule`);
    for (const [number, what] of [
      [entry.gate, "its chapter"],
      [entry.previous, "the chapter before it"],
      [this.#tutorialOf(entry), "the tutorial"],
    ] as const) {
      const other = this.#table.entries[number];
      if (other === undefined) continue;
      // Nothing comes after a chapter for learners it is not meant for. Its problems are not meant for them either.
      if (!other.isForAll && number !== entry.gate) continue;
      if (!this.isReachable(number)) {
        // That dead end is reported for the other item. If dates cause it, what comes after it is reported there as
        // well.
        if (this.#ever?.isReachable(number) !== true) continue;
        const behind = this.closedBefore(number) === NONE ? number : this.closedBefore(number);
        conditions.push({ ...FREE, path: other.path, what, dead: { path, why: "", isInherited: true, behind } });
        continue;
      }
      const part = number === entry.gate ? this.#known.open(number) : this.#known.done(number, other.path, 0);
      conditions.push({ ...part, path: other.path, what: `${what}, ${other.item.id},`, from: number });
    }
    const all = this.#ofItem(conditions, `${path}.rule`);
    this.#known.add(index, all);
    const isOver = all.dead === null && !this.isReachable(index);
    if (!isOffered(entry.status)) this.warnings.length = warned;
    if (all.dead !== null || isOver) {
      this.warnings.length = warned; // one error is enough
      const last = all.windows.at(-1) ?? Number.POSITIVE_INFINITY;
      const why = all.dead?.why ?? `It closed on ${dateOf(last)}.`;
      if (all.dead?.behind !== undefined) this.#closedBefore.set(index, all.dead.behind);
      if (all.dead?.isInherited === true) return;
      const message = this.#known.start === Number.NEGATIVE_INFINITY ? `Nobody can ever open ${item.id}: ${why}` : why;
      this.errors.set(index, { path: all.dead?.path ?? `${path}.rule`, rule: "unreachable", message });
      return;
    }
    const own = conditions.filter((one) => one.begun === null).flatMap((one) => one.cohorts);
    this.#warnOfCohorts(entry, all, new Set(own));
    this.#followers.note(entry, conditions);
  }

  /**
   * All conditions of an item. If its own rule cannot hold, that is reported for this item, whatever comes before it.
   */
  #ofItem(conditions: readonly Condition[], path: string): Part {
    const all = this.#reader.all(conditions, path);
    if (all.dead?.behind === undefined) return all;
    const own = this.#reader.all(
      conditions.filter((one) => one.dead?.behind === undefined),
      path,
    );
    return own.dead !== null || firstIn(own.windows, this.#known.start) === Number.POSITIVE_INFINITY ? own : all;
  }

  warningsOfFollowers(): FieldError[] {
    return this.#followers.warnings(this.#known);
  }

  #warnOfCohorts(entry: Entry, { cohorts, otherCohorts }: Part, own: ReadonlySet<string>): void {
    if (!isOffered(entry.status)) return;
    const path = rulePath(entry);
    const clash = cohorts.find((name) => otherCohorts.includes(name));
    const { id } = entry.item;
    if (clash !== undefined) {
      const message = `${id} and the items that it needs both ask for the cohort "${clash}" and exclude it: only a learner who changes cohorts can open it.`;
      this.warnings.push({ path, rule: "cohort_conflict", message });
    } else if (cohorts.length > Math.max(1, own.size)) {
      const names = cohorts.map((name) => `"${name}"`).join(" and ");
      const message = `${id} and the items that it needs ask for several cohorts: only learners in ${names} can open it.`;
      this.warnings.push({ path, rule: "cohort_conflict", message });
    }
  }

  #tutorialOf(entry: Entry): number {
    const { tutorial } = this.#table.outline.options;
    const found = tutorial === null ? undefined : this.#table.find(tutorial);
    return found === undefined || found.index === entry.index || !isOffered(found.status) ? NONE : found.index;
  }
}
