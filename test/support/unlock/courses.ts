// Over 350 lines: the courses that properties make at random, with their facts: parts would import each other.

import fc from "fast-check";
import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import { type Fact, mergeFact, NO_FACT, type Outcome, type Points } from "../../../src/unlock/facts.ts";
import { type LearnerRecord, NO_POLICY, OVERRIDE_KINDS, type Override } from "../../../src/unlock/learner.ts";
import type {
  CourseOptions,
  ItemStatus,
  Outline,
  OutlineItem,
  OutlineProblem,
  Visibility,
} from "../../../src/unlock/outline.ts";
import type { Pauses } from "../../../src/unlock/pause.ts";
import { COMPLETION_STATES, type CompletionState, PROFILE_OPS, type Rule } from "../../../src/unlock/rules.ts";

/** All generated instants lie on a grid of half days from here, so that facts, dates, drips and `now` often coincide. */
export const EPOCH = Date.UTC(2026, 8, 1);
const STEP_MS = DAY_MS / 2;
export const LAST_STEP = 30;
export const at = (step: number) => EPOCH + step * STEP_MS;

export const OPTIONS: CourseOptions = {
  sequential: false,
  tutorial: null,
  sticky: true,
  problems_follow_chapter: true,
  open_enrollment: true,
};

/** Hand-written outlines for examples: items by short names, `demo.` put before them. */
export function chapter(name: string, rule: Rule | null = null, status: ItemStatus = "active"): OutlineItem {
  return { id: `demo.${name}`, title: { en: `Chapter ${name}`, zh: `第${name}章` }, status, rule };
}

export function problem(
  name: string,
  of: string | null = null,
  rule: Rule | null = null,
  status: ItemStatus = "active",
): OutlineProblem {
  return {
    id: `demo.${name}`,
    title: { en: `Problem ${name}`, zh: `题目${name}` },
    status,
    rule,
    chapter: of === null ? null : `demo.${of}`,
    difficulty: 1,
    answer: null,
  };
}

export function outline(
  chapters: OutlineItem[],
  problems: OutlineProblem[],
  options: Partial<CourseOptions> = {},
): Outline {
  return { course: "demo", title: { en: "Demo" }, options: { ...OPTIONS, ...options }, chapters, problems };
}

export function learnerRecord(
  facts: Record<string, Partial<Fact>> = {},
  rest: Partial<Omit<LearnerRecord, "facts" | "policy">> & { policy?: Partial<LearnerRecord["policy"]> } = {},
): LearnerRecord {
  return {
    enrolled_at: rest.enrolled_at ?? EPOCH,
    facts: new Map(Object.entries(facts).map(([name, fact]) => [`demo.${name}`, { ...NO_FACT, ...fact }])),
    opened: rest.opened ?? new Set(),
    policy: { ...NO_POLICY, ...rest.policy },
  };
}

export function override(name: string, kind: Override["kind"], rest: Partial<Override> = {}): Override {
  return { item: `demo.${name}`, kind, created_at: EPOCH, expires_at: null, extend_to: null, ...rest };
}

/** A rule before it knows its course: items are numbers, taken modulo the items it may name. */
type Draft =
  | { op: "all" | "any"; of: Draft[] }
  | { op: "at_least"; count: number; of: Draft[] }
  | { op: "not"; of: Draft }
  | { op: "completed" | "attempted" | "viewed" | "submitted"; pick: number }
  | { op: "score"; pick: number; min: number }
  | { op: "progress"; picks: number[]; byChapter: boolean; min: number }
  | { op: "from" | "until"; step: number }
  | { op: "after_enrollment"; days: number }
  | { op: "after"; pick: number; days: number }
  | { op: "cohort"; name: string }
  | { op: "hide"; of: Draft }
  | { op: "average"; picks: number[]; min: number | null; below: number | null }
  | { op: "score_range" | "points"; pick: number; min: number | null; below: number | null }
  | { op: "state"; pick: number; is: CompletionState[] }
  /** A leaf that names no item. */
  | { op: "plain"; rule: Rule };

const pick = fc.nat({ max: 999 });
const step = fc.nat({ max: LAST_STEP });
const days = fc.constantFrom(0, 0.5, 1, 2, 5);
const scores = fc.constantFrom(0, 50, 69.99, 70, 100);
const cohortName = fc.constantFrom("evening", "spring-2027");
const group = <T>(child: fc.Arbitrary<T>) => fc.array(child, { minLength: 1, maxLength: 4 });

/** Which leaves a rule may have; explanations are searched by brute force only without dates. */
export interface RuleShape {
  dates: boolean;
  drips: boolean;
  /** What courses of other platforms say besides: parts that hide, ranges, sets, profiles, what is missing. */
  foreign?: boolean;
}

/** Everything a rule can say. */
export const FOREIGN: RuleShape = { dates: true, drips: true, foreign: true };

const plainLeaf: fc.Arbitrary<Rule> = fc.oneof(
  fc.constantFrom<Rule>(
    { cohort: { any: true } },
    { cohort: { any_of: ["evening"] } },
    { cohort: { any_of: ["spring-2027", "evening"] } },
    { missing: { what: "item", name: "Quiz 4" } },
    { total: { min: 70 } },
    { total: { below: 70 } },
    { total: {} },
    { missing: { what: "cohort", name: "Group 4" } },
    { course_completed: "basics" },
  ),
  fc.record({
    profile: fc
      .record({ op: fc.constantFrom(...PROFILE_OPS), value: fc.constantFrom("", "0", "phys", "ics", "physics", "art") })
      .map(({ op, value }) =>
        op === "is_empty" || op === "is_not_empty" ? { field: "department", op } : { field: "department", op, value },
      ),
  }),
);

function draftRule(shape: RuleShape): fc.Arbitrary<Draft> {
  const leaves: fc.Arbitrary<Draft>[] = [
    fc.record({ op: fc.constantFrom("completed" as const, "attempted" as const), pick }),
    fc.record({ op: fc.constant("completed" as const), pick }),
    fc.record({ op: fc.constant("score" as const), pick, min: scores }),
    fc.record({
      op: fc.constant("progress" as const),
      picks: fc.array(pick, { minLength: 1, maxLength: 4 }),
      byChapter: fc.boolean(),
      min: fc.constantFrom(0, 33.33, 50, 66.67, 80, 100),
    }),
    fc.record({ op: fc.constant("cohort" as const), name: cohortName }),
  ];
  if (shape.dates) leaves.push(fc.record({ op: fc.constantFrom("from" as const, "until" as const), step }));
  if (shape.drips) {
    leaves.push(fc.record({ op: fc.constant("after_enrollment" as const), days }));
    leaves.push(fc.record({ op: fc.constant("after" as const), pick, days }));
  }
  if (shape.foreign === true) {
    const bound = fc.option(scores, { freq: 2 });
    const ranged = fc.constantFrom("score_range" as const, "points" as const);
    leaves.push(fc.record({ op: ranged, pick, min: bound, below: bound }));
    leaves.push(fc.record({ op: fc.constantFrom("viewed" as const, "submitted" as const), pick }));
    const picks = fc.array(pick, { minLength: 1, maxLength: 4 });
    leaves.push(fc.record({ op: fc.constant("average" as const), picks, min: bound, below: bound }));
    const is = fc.subarray([...COMPLETION_STATES], { minLength: 1 });
    leaves.push(fc.record({ op: fc.constant("state" as const), pick, is }));
    leaves.push(fc.record({ op: fc.constant("plain" as const), rule: plainLeaf }));
  }
  return fc.letrec<{ rule: Draft; leaf: Draft; group: Draft }>((tie) => ({
    leaf: fc.oneof(...leaves),
    group: fc.oneof(
      ...(shape.foreign === true ? [fc.record({ op: fc.constant("hide" as const), of: tie("rule") })] : []),
      fc.record({ op: fc.constantFrom("all" as const, "any" as const), of: group(tie("rule")) }),
      fc.record({ op: fc.constant("at_least" as const), count: fc.nat({ max: 4 }), of: group(tie("rule")) }),
      fc.record({ op: fc.constant("not" as const), of: tie("rule") }),
    ),
    rule: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("leaf"), tie("group")),
  })).rule;
}

/** Writes the rule for a place in the course where exactly `nameable` may be named (and `countable` chapters counted). */
function settle(draft: Draft, nameable: readonly string[], countable: readonly string[]): Rule {
  const named = (number: number) => nameable[number % nameable.length];
  const inner = (child: Draft) => settle(child, nameable, countable);
  switch (draft.op) {
    case "all":
      return { all: draft.of.map(inner) };
    case "any":
      return { any: draft.of.map(inner) };
    case "at_least":
      return { at_least: { count: Math.min(draft.count, draft.of.length), of: draft.of.map(inner) } };
    case "not":
      return { not: inner(draft.of) };
    case "hide":
      return { hide: inner(draft.of) };
    case "plain":
      return draft.rule;
    case "average": {
      const of = draft.picks.map(named).filter((id) => id !== undefined);
      if (of.length === 0) return { all: [] };
      const { min, below } = draft;
      return { average: { of, ...(min === null ? {} : { min }), ...(below === null ? {} : { below }) } };
    }
    case "progress": {
      const [first = 0] = draft.picks;
      const counted = countable[first % countable.length];
      if (draft.byChapter && counted !== undefined) return { progress: { of: counted, min_percent: draft.min } };
      const of = draft.picks.map(named).filter((id) => id !== undefined);
      return { progress: { of, min_percent: draft.min } };
    }
    case "from":
      return { from: toInstant(at(draft.step)) };
    case "until":
      return { until: toInstant(at(draft.step)) };
    case "after_enrollment":
      return { after_enrollment: { days: draft.days } };
    case "cohort":
      return { cohort: draft.name };
    default: {
      const item = named(draft.pick);
      if (item === undefined) return { all: [] };
      if (draft.op === "score") return { score: { item, min: draft.min } };
      if (draft.op === "state") return { state: { item, is: draft.is } };
      if (draft.op === "score_range" || draft.op === "points") {
        const { min, below } = draft;
        const range = { item, ...(min === null ? {} : { min }), ...(below === null ? {} : { below }) };
        return draft.op === "points" ? { points: range } : { score: range };
      }
      if (draft.op === "viewed") return { viewed: item };
      if (draft.op === "submitted") return { submitted: item };
      if (draft.op === "after") return { after: { item, days: draft.days } };
      return draft.op === "completed" ? { completed: item } : { attempted: item };
    }
  }
}

const status = fc.oneof(
  { weight: 6, arbitrary: fc.constant<ItemStatus>("active") },
  { weight: 1, arbitrary: fc.constant<ItemStatus>("beta") },
  { weight: 1, arbitrary: fc.constant<ItemStatus>("draft") },
  { weight: 2, arbitrary: fc.constant<ItemStatus>("deprecated") },
);

/**
 * Courses of 1 to 40 items whose rules name only items of a lower rank: no cycle comes from a rule, and none from
 * containment (a problem ranks above its chapter). A sequence or a tutorial may still close one.
 */
export function outlines(
  shape: RuleShape = { dates: true, drips: true },
  size: { chapters: number; problems: number } = { chapters: 8, problems: 32 },
): fc.Arbitrary<Outline> {
  const item = { status, rule: fc.option(draftRule(shape), { freq: 4 }), rank: pick };
  return fc
    .record({
      chapters: fc.array(fc.record(item), { maxLength: size.chapters, size: "max" }),
      problems: fc.array(fc.record({ ...item, chapter: fc.option(pick, { freq: 3 }) }), {
        maxLength: size.problems,
        size: "max",
      }),
      sequential: fc.boolean(),
      sticky: fc.boolean(),
      follow: fc.boolean(),
      tutorial: fc.option(pick, { freq: 2 }),
      ...(shape.foreign === true
        ? {
            veils: fc.array(pick, { maxLength: 8 }),
            platform: fc.constantFrom("moodle" as const, "canvas" as const, null),
            times: fc.record({ starts: fc.option(step, { freq: 1 }), ends: fc.option(step, { freq: 1 }), beta: days }),
            assigned: fc.array(pick, { maxLength: 4 }),
          }
        : {}),
    })
    .filter(({ chapters, problems }) => chapters.length + problems.length > 0)
    .map(
      ({
        chapters,
        problems,
        sequential,
        sticky,
        follow,
        tutorial,
        veils = [],
        platform = null,
        times,
        assigned = [],
      }) => {
        const width = (number: number) => String(number).padStart(2, "0");
        const ranks = new Map<string, number>();
        const sortedRanks = chapters.map(({ rank }) => rank).sort((a, b) => a - b);
        const plainChapters = chapters.map(({ rank, ...rest }, index) => {
          const entry = { ...chapter(`c${width(index)}`), ...rest };
          ranks.set(entry.id, sequential ? (sortedRanks[index] ?? 0) : rank);
          return entry;
        });
        const placed = problems
          .map((entry) => ({
            ...entry,
            home: entry.chapter === null || chapters.length === 0 ? null : entry.chapter % chapters.length,
          }))
          .sort((a, b) => (a.home ?? chapters.length) - (b.home ?? chapters.length));
        const plainProblems = placed.map(({ rank, home, rule, status }, index) => {
          const entry = { ...problem(`p${width(index)}`, home === null ? null : `c${width(home)}`), rule, status };
          ranks.set(entry.id, rank + 1 + (entry.chapter === null ? 0 : (ranks.get(entry.chapter) ?? 0)));
          return entry;
        });
        const rankOf = (id: string) => ranks.get(id) ?? 0;
        const ids = [...ranks.keys()];
        const settled = <T extends { id: string; rule: Draft | null }>(entry: T) => {
          const nameable = ids.filter((id) => rankOf(id) < rankOf(entry.id));
          const countable = plainChapters
            .filter(({ id }) =>
              plainProblems.every((one) => one.chapter !== id || (one.id !== entry.id && nameable.includes(one.id))),
            )
            .map(({ id }) => id);
          const rule = entry.rule === null ? null : settle(entry.rule, nameable, countable);
          const number = veils.find((one) => ids[one % ids.length] === entry.id);
          const veil =
            number !== undefined && number % 3 === 0
              ? undefined
              : veils.find((number) => ids[number % ids.length] === entry.id);
          const visibility: Visibility | undefined =
            veil === undefined ? undefined : veil % 2 === 0 ? "hidden" : "unlisted";
          const window = number !== undefined && number % 3 === 0 ? windowFrom(number % LAST_STEP) : {};
          const whom = assigned.find((one) => ids[one % ids.length] === entry.id);
          const meant =
            whom === undefined ? {} : { assign_to: whom % 2 === 0 ? ["evening"] : ["evening", "spring-2027"] };
          const keeps = assigned.find((one) => ids[(one >> 2) % ids.length] === entry.id);
          const kept = keeps === undefined ? {} : { keeps: keeps % 3 === 0 };
          return { ...entry, rule, ...window, ...meant, ...kept, ...(visibility === undefined ? {} : { visibility }) };
        };
        const course = outline(plainChapters.map(settled), plainProblems.map(settled), {
          sequential,
          sticky,
          problems_follow_chapter: follow,
          tutorial: tutorial === null ? null : (ids[tutorial % ids.length] ?? null),
          ...(times === undefined ? {} : timesOf(times)),
        });
        const release = veils.length % 2 === 0 ? "4.5.6" : "4.1";
        return platform === null ? course : { ...course, source: { platform, release } };
      },
    );
}

/** One thing a learner did, before it knows the course. */
export interface Deed {
  pick: number;
  step: number;
  completed: boolean;
  score: number | null;
  /** The instant, where it is not one of the grid. */
  at?: number;
}

export const deeds = (maxLength: number): fc.Arbitrary<Deed[]> =>
  fc.array(
    fc.record({ pick, step, completed: fc.boolean(), score: fc.option(fc.constantFrom(0, 50, 69.99, 70, 71, 100)) }),
    { maxLength, size: "max" },
  );

export function idsOf({ chapters, problems }: Outline): string[] {
  return [...chapters, ...problems].map(({ id }) => id);
}

/** Merges one deed into a record, as the enrollment does; the record itself stays as it is. */
export function withDeed(record: LearnerRecord, ids: readonly string[], deed: Deed): LearnerRecord {
  const id = ids[deed.pick % ids.length] ?? "";
  const facts = new Map(record.facts);
  const news = {
    at: deed.at ?? at(deed.step),
    completed: deed.completed,
    score: deed.score,
    live: true,
    ...toldOf(deed),
  };
  return { ...record, facts: facts.set(id, mergeFact(facts.get(id) ?? NO_FACT, news)) };
}

/** When a course starts and ends, and who sees earlier what begins. */
function timesOf({ starts, ends, beta }: { starts: number | null; ends: number | null; beta: number }) {
  return {
    ...(starts === null ? {} : { starts: toInstant(at(starts)) }),
    ...(ends === null ? {} : { ends: toInstant(at(ends)) }),
    ...(beta === 0 ? {} : { beta: { cohorts: ["evening"], days: beta } }),
  };
}

/**
 * A window for work of five days from a step on; every other one has no end, or no beginning. Some count from the day of
 * enrollment.
 */
function windowFrom(step: number): Pick<OutlineItem, "opens" | "closes"> {
  if (step % 4 === 0) return { opens: { days: step / 8 }, closes: { days: step / 8 + 5 } };
  const opens = step % 3 === 0 ? {} : { opens: toInstant(at(step)) };
  return { ...opens, ...(step % 3 === 1 ? {} : { closes: toInstant(at(step + 10)) }) };
}

const HOWS = ["marked", "passed", null, "told"] as const;

/** What else is reported of a deed: of some, whether it decides, and what the score is in points. */
function toldOf({ pick: number, completed, score }: Deed) {
  const outcome: Outcome | null = number % 3 !== 0 ? null : completed ? "passed" : "failed";
  const points: Points | null =
    score === null || number % 2 === 0 ? null : { points: score, min: 0, max: number % 3 === 0 ? 100 : 250 };
  // Some only look at it.
  const isIdle = !completed && score === null && outcome === null;
  const how = completed ? (HOWS[number % HOWS.length] ?? null) : null;
  const viewed = isIdle ? number >= 900 : number % 5 === 0;
  return {
    outcome,
    points,
    viewed,
    submitted: !isIdle && number % 2 === 0,
    how,
    contributed: !isIdle && number % 7 === 0,
  };
}

const overrideDraft = fc.record({
  pick,
  kind: fc.constantFrom(...OVERRIDE_KINDS),
  created: step,
  expires: fc.option(step, { freq: 3 }),
  extend: step,
});

/** Pauses of any length, with an end and without; of some, the last one was ended by hand. */
export const pauses = fc
  .record({ since: step, lasts: fc.option(step, { freq: 3 }), over: days })
  .map(({ since, lasts, over }): Pauses => {
    const last = { since: at(since), until: lasts === null ? null : at(since + lasts + 1), reason: "abroad" };
    return { over: over * DAY_MS, last: over === 2 ? null : last };
  });

/** Any history under any policy: facts, kept items, cohorts, practice mode, overrides of every kind. */
export function records(course: Outline): fc.Arbitrary<LearnerRecord> {
  const ids = idsOf(course);
  return fc
    .record({
      enrolled: step,
      deeds: deeds(30),
      opened: fc.subarray(ids),
      keepsNothing: fc.boolean(),
      cohorts: fc.subarray(["evening", "spring-2027"]),
      practice: fc.nat({ max: 9 }),
      overrides: fc.array(overrideDraft, { maxLength: 5 }),
    })
    .map((draft) => {
      const overrides = draft.overrides.map((entry): Override => {
        const item = ids[entry.pick % ids.length] ?? "";
        const expires_at = entry.expires === null ? null : at(entry.expires);
        const extend_to = entry.kind === "extend" ? at(entry.extend) : null;
        return { item, kind: entry.kind, created_at: at(entry.created), expires_at, extend_to };
      });
      const bare: LearnerRecord = {
        enrolled_at: at(draft.enrolled),
        facts: new Map(),
        opened: new Set(draft.keepsNothing ? [] : draft.opened),
        policy: {
          cohorts: draft.cohorts,
          practice_mode: draft.practice === 9,
          overrides,
          ...(draft.enrolled % 2 === 0 ? {} : { courses: { basics: EPOCH } }),
          profile: { department: ["physics", "", "0"][draft.enrolled % 3] ?? "" },
        },
      };
      return draft.deeds.reduce((record, deed) => withDeed(record, ids, deed), bare);
    });
}

/** Instants on, just before and just after the grid everything else lies on. */
export const instants = fc
  .record({ step: fc.nat({ max: LAST_STEP + 12 }), offset: fc.constantFrom(-1, 0, 0, 1) })
  .map(({ step, offset }) => at(step) + offset);

/** A course, a learner of it, and an instant. */
export const cases = (
  shape?: RuleShape,
  size?: { chapters: number; problems: number },
): fc.Arbitrary<{ course: Outline; record: LearnerRecord; now: number }> =>
  outlines(shape, size).chain((course) =>
    fc.record({ course: fc.constant(course), record: records(course), now: instants }),
  );
