import type { FieldError } from "../../platform/results.ts";
import type { KnownItems } from "./known-items.ts";
import type { Condition, Part } from "./part.ts";
import { rulePath, saidOf } from "./said.ts";
import { type Entry, isOffered, NONE, type Table } from "./table.ts";

/**
 * Finds items that only learners of some cohorts can open, because an item before them (not their own rule) says so.
 */
export class Followers {
  readonly #table: Table;
  /** By item that is for some cohorts only: the items that others cannot open because they come after it. */
  readonly #followers = new Map<number, Entry[]>();
  /** The item whose cohorts an item waits for only because of course order, chapter or tutorial. */
  readonly #limitedBy = new Map<number, number>();

  constructor(table: Table) {
    this.#table = table;
  }

  /** Notes an item if only learners of some cohorts can open it because an item before it says so. */
  note(entry: Entry, conditions: readonly Condition[]): void {
    const isLimited = ({ among, otherCohorts }: Part) => among.length > 0 || otherCohorts.length > 0;
    if (!isOffered(entry.status) || conditions.some((one) => one.from === undefined && isLimited(one))) return;
    const limit = conditions.find(isLimited)?.from ?? NONE;
    if (limit === NONE) return;
    const known = this.#limitedBy.get(limit);
    // The problems of a chapter are meant for the same learners as the chapter.
    if (limit === entry.gate && known === undefined) return;
    const root = known ?? limit;
    this.#limitedBy.set(entry.index, root);
    const followers = this.#followers.get(root);
    if (followers === undefined) this.#followers.set(root, [entry]);
    else followers.push(entry);
  }

  /** One warning for each item that is for some cohorts only and keeps all others from the items after it. */
  warnings(known: KnownItems): FieldError[] {
    return [...this.#followers].flatMap(([root, followers]) => {
      const entry = this.#table.entries[root];
      if (entry === undefined) return [];
      const { among, otherCohorts } = known.when(root);
      const names = (among.length > 0 ? among : otherCohorts).map((name) => `"${name}"`).join(" or ");
      const whom = among.length > 0 ? `Only learners in ${names} can open` : `Learners in ${names} cannot open`;
      const inOrder = followers.toSorted((a, b) => a.index - b.index);
      const more = saidOf(inOrder, "come after it and wait for it, so that they are closed to the same learners");
      return [{ path: rulePath(entry), rule: "cohort_only", message: `${whom} ${entry.item.id}.${more}` }];
    });
  }
}
