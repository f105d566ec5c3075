import { shareOf } from "../truth.ts";
import { ALWAYS, firstIn, NEVER, since, type Windows } from "../windows.ts";
import { type Bits, joined, withBit } from "./bits.ts";
import { FREE, type Part } from "./part.ts";
import { countsChildren } from "./requirements.ts";
import { isOffered, NONE, type Table } from "./table.ts";
import { areForAll, progressCounts } from "./truths.ts";

/** Only lists of at most this many items are checked for what completing all of them implies. */
const MAX_LISTED = 100;

/** What is known of the items checked so far: when each can be open, and which conditions hold then. */
export class KnownItems {
  readonly #table: Table;
  /** Only what is done from this instant on counts: -Infinity covers every learner, past and future. */
  readonly start: number;
  readonly #windows: Windows[];
  readonly #opensAt: number[];
  /** What must be true when each item is open. */
  readonly #when: Part[];
  readonly #asDone = new Map<number, { done: Bits; begun: Bits }>();
  readonly #ofChapter = new Map<string, Part>();
  readonly #dated = new Map<number, number[]>();

  constructor(table: Table, start: number) {
    this.#table = table;
    this.start = start;
    this.#windows = table.entries.map(() => ALWAYS);
    this.#opensAt = table.entries.map(() => start);
    this.#when = table.entries.map(() => FREE);
  }

  /** Stores what must be true when an item is open. */
  add(index: number, all: Part): void {
    this.#when[index] = all;
    this.#windows[index] = all.dead === null ? all.windows : NEVER;
    this.#opensAt[index] = all.dead === null ? firstIn(all.windows, this.start) : Number.POSITIVE_INFINITY;
  }

  isReachable(item: number): boolean {
    return this.#opensAt[item] !== Number.POSITIVE_INFINITY;
  }

  /** What must be true when an item is open; for its times see {@link open}. */
  when(index: number): Part {
    return this.#when[index] ?? FREE;
  }

  /** What must be true once an item is begun. */
  begun(index: number, path: string): Part {
    const open = this.open(index, path);
    return { ...open, windows: since(this.#opensAt[index] ?? 0), begun: withBit(this.#size, open.begun, index) };
  }

  get #size(): number {
    return this.#table.entries.length;
  }

  /** What must be true for an item to be open at that time. */
  open(index: number, path = ""): Part {
    const windows = this.#windows[index] ?? ALWAYS;
    if (!this.isReachable(index)) return { ...FREE, dead: this.#inherited(index, path) };
    const { done, begun, cohorts, otherCohorts, among } = this.#when[index] ?? FREE;
    return { ...FREE, windows, done, begun, cohorts, otherCohorts, among };
  }

  /** What must be true once an item is completed and `delay` has passed. */
  done(index: number, path: string, delay: number): Part {
    const entry = this.#table.entries[index];
    // An item that is completed by other items need not have been open itself. Other code checks those other items.
    if (entry !== undefined && countsChildren(entry)) {
      return { ...FREE, done: withBit(this.#size, null, index), begun: withBit(this.#size, null, index) };
    }
    if (!this.isReachable(index)) return { ...FREE, dead: this.#inherited(index, path) };
    const { cohorts, otherCohorts, among } = this.#when[index] ?? FREE;
    return {
      ...FREE,
      ...this.#factsOf(index),
      cohorts,
      otherCohorts,
      among,
      windows: since((this.#opensAt[index] ?? 0) + delay),
    };
  }

  #factsOf(index: number): { done: Bits; begun: Bits } {
    const known = this.#asDone.get(index);
    if (known !== undefined) return known;
    const { done, begun } = this.#when[index] ?? FREE;
    const facts = { done: withBit(this.#size, done, index), begun: withBit(this.#size, begun, index) };
    this.#asDone.set(index, facts);
    return facts;
  }

  #inherited(index: number, path: string) {
    const id = this.#table.entries[index]?.item.id ?? "";
    return {
      path,
      why: `It needs ${id}, which can never be opened.`,
      isInherited: this.start === Number.NEGATIVE_INFINITY,
    };
  }

  progress(of: string | readonly string[], minPercent: number, path: string): Part {
    const counts = progressCounts(this.#table, of);
    if (counts === null || counts.offered === 0 || !areForAll(this.#table, of)) return FREE;
    const needed = shareOf(minPercent, counts.offered);
    if (needed <= 0) return FREE;
    const key = typeof of === "string" ? `${of} ${needed}` : null;
    const known = key === null ? undefined : this.#ofChapter.get(key);
    if (known !== undefined) return known.dead === null ? known : { ...known, dead: { ...known.dead, path } };
    const part = this.#progressOf(of, needed, counts, path);
    if (key !== null) this.#ofChapter.set(key, part);
    return part;
  }

  #progressOf(
    of: string | readonly string[],
    needed: number,
    counts: { offered: number; published: number },
    path: string,
  ): Part {
    const items = this.#offeredOf(of);
    if (items === null) return FREE;
    const reachable = items.filter((item) => this.isReachable(item));
    if (reachable.length < needed) {
      const why = `${path} needs ${needed} of ${items.length} items, of which only ${reachable.length} can ever be opened.`;
      return { ...FREE, dead: { path, why, isInherited: this.start === Number.NEGATIVE_INFINITY } };
    }
    const dates = typeof of === "string" ? this.#datesOf(of, reachable) : this.#sorted(reachable);
    const windows = since(dates[needed - 1] ?? this.start);
    // A learner who has done all of them has done each.
    const isAll = needed === items.length && counts.offered === counts.published;
    if (!isAll || items.length > MAX_LISTED) return { ...FREE, windows };
    const facts = items.map((item) => this.#factsOf(item));
    return {
      ...FREE,
      windows,
      done: joined(facts.map((one) => one.done)),
      begun: joined(facts.map((one) => one.begun)),
    };
  }

  #datesOf(chapter: string, items: readonly number[]): number[] {
    const index = this.#table.find(chapter)?.index ?? NONE;
    const known = this.#dated.get(index) ?? this.#sorted(items);
    this.#dated.set(index, known);
    return known;
  }

  #sorted(items: readonly number[]): number[] {
    return items.map((item) => this.#opensAt[item] ?? this.start).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Offered items of a progress leaf, each once; null if a name is unknown. */
  #offeredOf(of: string | readonly string[]): number[] | null {
    const chapter = typeof of === "string" ? this.#table.find(of) : undefined;
    const entries =
      typeof of === "string"
        ? (this.#table.problemsOf[chapter?.index ?? NONE]?.filter((entry) => !this.#table.isHidden(entry)) ?? null)
        : [...new Set(of)].map((id) => this.#table.find(id));
    if (entries === null || entries.some((entry) => entry === undefined)) return null;
    return entries.flatMap((entry) => (entry !== undefined && isOffered(entry.status) ? [entry.index] : []));
  }
}
