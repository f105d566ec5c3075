import type { Random } from "./random.ts";

/** What an item waits for. The words mean what they mean in a course document, and are read a second time here. */
type Need = { completed: string } | { attempted: string } | { all: Need[] } | { any: Need[] } | AtLeast;
type AtLeast = { at_least: { count: number; of: Need[] } };

export interface GeneratedItem {
  id: string;
  need: Need | null;
  /** Chapter a problem stands in; null for chapters. */
  chapter: string | null;
}

/** What a learner did with an item; an item that is not there was not touched. */
export type Deeds = ReadonlyMap<string, "attempted" | "completed">;

/** Prerequisites of one item: few enough to be met, enough to mix. */
const MAX_NEEDS = 3;
/** One chapter in five waits for nothing, so that learners take different ways from the start. */
const OPEN_SHARE = 0.2;
/** One need in four is a tried problem. */
const ATTEMPT_SHARE = 0.25;

/**
 * A random course: chapters with problems in them, each waiting for earlier ones through every kind of group. Whatever
 * a learner does only ever opens items, so every item can be reached in every order.
 */
export class GeneratedCourse {
  readonly slug: string;
  readonly items: readonly GeneratedItem[];

  constructor(slug: string, items: readonly GeneratedItem[]) {
    this.slug = slug;
    this.items = items;
  }

  static random(slug: string, random: Random, chapters: number, problemsEach: number): GeneratedCourse {
    const items: GeneratedItem[] = [];
    for (let number = 0; number < chapters; number += 1) {
      const chapter = `${slug}.c${number}`;
      items.push({ id: chapter, need: number === 0 ? null : randomNeed(random, items), chapter: null });
      for (let problem = 0; problem < problemsEach; problem += 1) {
        const need = problem === 0 ? null : { attempted: `${slug}.p${number}-${problem - 1}` };
        items.push({ id: `${slug}.p${number}-${problem}`, need, chapter });
      }
    }
    return new GeneratedCourse(slug, items);
  }

  /** The same course with one more chapter, which is open to everyone. */
  withOpenChapter(name: string): GeneratedCourse {
    return new GeneratedCourse(this.slug, [...this.items, { id: `${this.slug}.${name}`, need: null, chapter: null }]);
  }

  isProblem(id: string): boolean {
    return this.items.some((item) => item.id === id && item.chapter !== null);
  }

  /** The answer that solves a problem. */
  answerTo(id: string): string {
    return `answer to ${id}`;
  }

  /** The document an author would publish. */
  document(): unknown {
    const problemsOf = (chapter: string) =>
      this.items
        .filter((item) => item.chapter === chapter)
        .map(({ id, need }) => ({
          id,
          title: id,
          rule: need,
          answer: { kind: "exact", values: [this.answerTo(id)], case_sensitive: true },
        }));
    const chapters = this.items.filter((item) => item.chapter === null);
    return {
      slug: this.slug,
      title: this.slug,
      chapters: chapters.map(({ id, need }) => ({ id, title: id, rule: need, problems: problemsOf(id) })),
    };
  }

  /** The state of every item, by the words of the rules alone. */
  states(deeds: Deeds): Record<string, "locked" | "unlocked" | "started" | "completed"> {
    const byId = new Map(this.items.map((item) => [item.id, item]));
    const isOpen = (item: GeneratedItem): boolean => {
      const chapter = item.chapter === null ? undefined : byId.get(item.chapter);
      return (chapter === undefined || isOpen(chapter)) && (item.need === null || isMet(item.need, deeds));
    };
    const stateOf = (item: GeneratedItem) => {
      const deed = deeds.get(item.id);
      if (deed === "completed") return "completed";
      if (!isOpen(item)) return "locked";
      return deed === "attempted" ? "started" : "unlocked";
    };
    return Object.fromEntries(this.items.map((item) => [item.id, stateOf(item)]));
  }

  /** Ids of the items that are not locked, sorted. */
  open(deeds: Deeds): string[] {
    const states = this.states(deeds);
    return Object.keys(states)
      .filter((id) => states[id] !== "locked")
      .sort();
  }
}

function randomNeed(random: Random, earlier: readonly GeneratedItem[]): Need | null {
  if (random.next() < OPEN_SHARE) return null;
  const needs = random.sample(earlier, 1 + random.below(MAX_NEEDS)).map(({ id, chapter }): Need => {
    return chapter !== null && random.next() < ATTEMPT_SHARE ? { attempted: id } : { completed: id };
  });
  const count = 1 + random.below(needs.length);
  return random.pick<Need>([{ all: needs }, { any: needs }, { at_least: { count, of: needs } }]);
}

function isMet(need: Need, deeds: Deeds): boolean {
  if ("completed" in need) return deeds.get(need.completed) === "completed";
  if ("attempted" in need) return deeds.has(need.attempted);
  if ("all" in need) return need.all.every((each) => isMet(each, deeds));
  if ("any" in need) return need.any.some((each) => isMet(each, deeds));
  return need.at_least.of.filter((each) => isMet(each, deeds)).length >= need.at_least.count;
}
