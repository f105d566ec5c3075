import { isChapter, itemsOf, namedIn } from "./document.ts";
import { nodeOf } from "./model.ts";

export type Done = "none" | "viewed" | "started" | "failed" | "passed";

/** An invented learner: what they did, and who they are. */
export interface MadeUp {
  items: Record<string, { done: Done; score: number | null }>;
  cohorts: string[];
  profile: Record<string, string>;
  courses: string[];
  /** The instant of the preview, in the form of a field; "": this moment. */
  now: string;
  enrolledDays: number;
  /** How many days ago they did it. */
  doneDays: number;
}

export interface Outcome {
  state: "open" | "locked" | "hidden";
  /** Why not, in a sentence. */
  why: string;
}

/** The shown requirements of a rule. */
export interface Asked {
  items: { id: string; title: string }[];
  cohorts: string[];
  fields: string[];
  courses: string[];
  asksTime: boolean;
  /** The number of items that are not shown, because there are too many. */
  more: number;
}

/** The limit of items that are shown for the invented learners. */
const MAX_ITEMS = 6;

/** Visits the conditions of a rule. */
function leavesOf(rule: unknown, visit: (leaf: Record<string, unknown>) => void, depth = 0): void {
  if (depth > 20) return;
  const node = nodeOf(rule);
  if (node.kind === "group") for (const part of node.parts) leavesOf(part, visit, depth + 1);
  if (node.kind === "wrapped") leavesOf(node.part, visit, depth + 1);
  if (node.kind === "leaf") visit({ ...node.leaf });
}

/**
 * Everything that decides whether an item opens: the items in its rule, in the rule of its chapter and, in a sequential
 * course, the items before it.
 */
export function askedBy(course: unknown, item: string, rule: unknown, language: "en" | "zh"): Asked {
  const all = itemsOf(course, language);
  const known = new Map(all.map((each) => [each.id, each]));
  const own = known.get(item);
  const chapter = own?.chapter == null ? null : (known.get(own.chapter) ?? null);
  const rules = [rule, chapter?.rule ?? null];
  const ids = new Set<string>();
  const cohorts = new Set<string>();
  const fields = new Set<string>();
  const courses = new Set<string>();
  let asksTime = false;
  for (const each of rules) {
    for (const id of namedIn(each)) if (known.has(id)) ids.add(id);
    leavesOf(each, (leaf) => {
      if ("cohort" in leaf) {
        const names = typeof leaf.cohort === "string" ? [leaf.cohort] : namedIn(leaf.cohort);
        for (const name of names.length === 0 ? ["group-1"] : names) cohorts.add(name);
      }
      if ("profile" in leaf) for (const name of namedIn(Reflect.get(Object(leaf.profile), "field"))) fields.add(name);
      if (typeof leaf.course_completed === "string") courses.add(leaf.course_completed);
      asksTime ||= ["from", "until", "after", "after_enrollment"].some((operator) => operator in leaf);
      if ("previous" in leaf) for (const id of before(all, own?.chapter ?? null, item)) ids.add(id);
      if ("progress" in leaf) {
        const of = Reflect.get(Object(leaf.progress), "of");
        // A chapter name means its problems.
        if (typeof of === "string" && isChapter(course, of)) {
          ids.delete(of);
          for (const each of all) if (each.chapter === of) ids.add(each.id);
        }
      }
      if ("total" in leaf) for (const each of all) if (each.chapter !== null && ids.size < MAX_ITEMS) ids.add(each.id);
    });
  }
  const options = Object(Reflect.get(Object(course), "options"));
  if (options.sequential === true) for (const id of before(all, null, chapter?.id ?? item)) ids.add(id);
  if (typeof options.tutorial === "string" && options.tutorial !== item && known.has(options.tutorial)) {
    ids.add(options.tutorial);
  }
  ids.delete(item);
  const titled = [...ids].flatMap((id) => {
    const found = known.get(id);
    return found === undefined ? [] : [{ id, title: found.title }];
  });
  return {
    items: titled.slice(0, MAX_ITEMS),
    cohorts: [...cohorts],
    fields: [...fields],
    courses: [...courses],
    asksTime,
    more: Math.max(0, titled.length - MAX_ITEMS),
  };
}

/** The item before another one among its neighbours. */
function before(all: ReturnType<typeof itemsOf>, chapter: string | null, item: string): string[] {
  const neighbours = all.filter((each) => each.chapter === chapter);
  const index = neighbours.findIndex(({ id }) => id === item);
  const found = index > 0 ? neighbours[index - 1] : undefined;
  return found === undefined ? [] : [found.id];
}

/**
 * Five invented learners: one did nothing, one the first thing, one everything badly, one everything well, and one half
 * of it.
 */
export function fiveLearners({ items, cohorts, courses }: Asked): MadeUp[] {
  const of = (did: (index: number) => MadeUp["items"][string]) =>
    Object.fromEntries(items.map(({ id }, index) => [id, did(index)]));
  const nothing = { done: "none", score: null } as const;
  const well = { done: "passed", score: 100 } as const;
  const base = { cohorts: [], profile: {}, courses: [], now: "", enrolledDays: 30, doneDays: 10 };
  const half = Math.ceil(items.length / 2);
  return [
    { ...base, items: of(() => nothing), enrolledDays: 0, doneDays: 0 },
    { ...base, items: of((index) => (index === 0 ? well : nothing)) },
    { ...base, items: of(() => ({ done: "failed", score: 40 })) },
    { ...base, items: of(() => well), cohorts: [...cohorts], courses: [...courses] },
    {
      ...base,
      items: of((index) => (index < half ? { done: "passed", score: 75 } : { done: "viewed", score: null })),
      cohorts: cohorts.slice(0, 1),
    },
  ];
}

/** An earlier learner with what the rule asks for now. Other answers are kept in case the rule asks for them again. */
export function fitted(learner: MadeUp, fresh: MadeUp): MadeUp {
  return { ...learner, items: { ...fresh.items, ...learner.items } };
}
