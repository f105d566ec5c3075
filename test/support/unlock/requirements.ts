import fc from "fast-check";
import type { ChildrenAsked, Requirement } from "../../../src/unlock/completion/requirement.ts";
import type { Fact } from "../../../src/unlock/facts.ts";
import type { LearnerRecord } from "../../../src/unlock/learner.ts";
import type { Outline, OutlineItem, OutlineProblem } from "../../../src/unlock/outline.ts";

const scores = fc.constantFrom(0, 50, 69.99, 70, 100);

/** A requirement before it knows its item; `weighs` gives the first items of a chapter a weight. */
type Draft =
  | Exclude<Requirement, { all: unknown } | { any: unknown } | { at_least: unknown } | { children: unknown }>
  | { all: Draft[] }
  | { any: Draft[] }
  | { at_least: { count: number; of: Draft[] } }
  | { children: ChildrenAsked; weighs: boolean };

const leaf: fc.Arbitrary<Draft> = fc.oneof(
  fc.constantFrom<Draft>({ view: true }, { mark: true }, { submit: true }, { contribute: true }, { pass: true }),
  fc.record({ score: fc.record({ min: scores }) }),
  fc.constant<Draft>({ score: {} }),
  fc.record({ points: fc.record({ min: scores }) }),
  fc.record({ pass: fc.record({ min: scores }) }),
  fc.record({ pass: fc.record({ min_points: scores }) }),
);
const children: fc.Arbitrary<Draft> = fc.record({
  children: fc.oneof(
    fc.constant<ChildrenAsked>({ all: true }),
    fc.record({ count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ percent: fc.constantFrom(0, 33.33, 50, 66.67, 100) }),
  ),
  weighs: fc.boolean(),
});

const draft = (leaves: fc.Arbitrary<Draft>): fc.Arbitrary<Draft> =>
  fc.letrec<{ one: Draft }>((tie) => ({
    one: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      leaves,
      fc.record({ all: fc.array(tie("one"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(tie("one"), { minLength: 1, maxLength: 3 }) }),
      fc
        .array(tie("one"), { minLength: 1, maxLength: 3 })
        .chain((of) => fc.integer({ min: 1, max: of.length }).map((count) => ({ at_least: { count, of } }))),
    ),
  })).one;

function settle(one: Draft, inside: readonly string[]): Requirement {
  if ("all" in one) return { all: one.all.map((part) => settle(part, inside)) };
  if ("any" in one) return { any: one.any.map((part) => settle(part, inside)) };
  if ("at_least" in one) {
    const { count, of } = one.at_least;
    return { at_least: { count, of: of.map((part) => settle(part, inside)) } };
  }
  if (!("children" in one)) return one;
  if (!one.weighs || !("percent" in one.children)) return { children: one.children };
  const weights = Object.fromEntries(inside.slice(0, 3).map((id, place) => [id, place + 2]));
  return { children: { ...one.children, weights } };
}

/** The course with requirements on some of its items. */
export function withRequirements(course: Outline): fc.Arbitrary<Outline> {
  const most = { minLength: 1, maxLength: 12 };
  return fc
    .record({
      problems: fc.array(fc.option(draft(leaf), { freq: 2 }), most),
      chapters: fc.array(fc.option(draft(fc.oneof({ weight: 3, arbitrary: children }, leaf)), { freq: 4 }), most),
    })
    .map(({ problems, chapters }) => {
      const insideOf = (id: string) => course.problems.filter(({ chapter }) => chapter === id).map((one) => one.id);
      const given = <T extends OutlineItem>(item: T, one: Draft | null | undefined): T =>
        one == null ? item : { ...item, completion: settle(one, insideOf(item.id)) };
      return {
        ...course,
        chapters: course.chapters.map((item, place) => given(item, chapters[place % chapters.length])),
        problems: course.problems.map((item, place) => given(item, problems[place % problems.length])),
      };
    });
}

/** The same course without its requirements. */
export function withoutRequirements(course: Outline): Outline {
  const bare = <T extends OutlineItem>({ completion: _completion, ...item }: T) => item;
  return { ...course, chapters: course.chapters.map(bare), problems: course.problems.map(bare) as OutlineProblem[] };
}

/**
 * A second derivation, written from the words of the guide and deliberately naive: whether a requirement is met is asked again
 * of the facts up to each instant. It shares types with the engine and nothing else.
 * @returns the record as it would be, had somebody told what the requirements make of it.
 */
export function told(course: Outline, record: LearnerRecord, now: number): LearnerRecord {
  const slack = course.source?.platform === "moodle" ? 0 : 1e-6;
  const facts = new Map<string, Fact>(record.facts);
  const excuses = record.policy.overrides.filter(
    ({ kind, expires_at }) => kind === "excuse" && (expires_at === null || now < expires_at),
  );
  const isMeant = (item: OutlineItem | undefined) =>
    item?.assign_to === undefined || item.assign_to.some((name) => record.policy.cohorts.includes(name));
  const statusOf = (item: OutlineProblem) => {
    const chapter = course.chapters.find(({ id }) => id === item.chapter);
    const home = chapter?.status;
    if (!isMeant(item) || !isMeant(chapter)) return "draft";
    if (item.status === "draft" || home === "draft") return "draft";
    return item.status === "deprecated" || home === "deprecated" ? "deprecated" : item.status;
  };
  const isHidden = (item: OutlineProblem) =>
    item.visibility === "hidden" ||
    (course.source?.platform !== "moodle" &&
      course.chapters.find(({ id }) => id === item.chapter)?.visibility === "hidden");
  const doneBy = (id: string, at: number) =>
    (facts.get(id)?.completed_at ?? Infinity) <= at ||
    excuses.some(({ item, created_at }) => item === id && created_at <= at);

  /** Whether the item's completion is lost when its grade falls. */
  const isLive = (id: string): boolean => {
    const { keeps } = [...course.problems, ...course.chapters].find((one) => one.id === id) ?? {};
    const isOfSuch = course.source?.platform === "moodle" || course.source?.platform === "open_edx";
    return keeps === undefined ? isOfSuch && !course.options.sticky : !keeps;
  };
  /** The score that counts now; where none was noted the best one. */
  const latestOf = (fact: Fact): { score: number; at: number; points: number | null } | null => {
    if (fact.latest == null) {
      const at = whenScored(fact);
      return fact.best_score === null || at === null
        ? null
        : { score: fact.best_score, at, points: fact.points ?? null };
    }
    const [score = Number.NaN, at = Number.NaN, points]: (number | undefined)[] = JSON.parse(fact.latest);
    return { score, at, points: points ?? null };
  };

  const meets = (requirement: Requirement, item: string, at: number): boolean => {
    const fact = record.facts.get(item);
    const had = (instant: number | null | undefined) => instant != null && instant <= at;
    if ("all" in requirement) return requirement.all.every((part) => meets(part, item, at));
    if ("any" in requirement) return requirement.any.some((part) => meets(part, item, at));
    if ("at_least" in requirement) {
      const { count, of } = requirement.at_least;
      return of.filter((part) => meets(part, item, at)).length >= count;
    }
    if ("children" in requirement) return meetsChildren(requirement.children, item, at);
    if (fact === undefined) return false;
    const hows = [fact.told_at, fact.marked_at, fact.passed_at].flatMap((instant) => instant ?? []);
    const unknown = fact.completed_at !== null && hows.every((how) => how > (fact.completed_at ?? 0));
    const early = unknown ? fact.completed_at : null;
    if ("view" in requirement) return had(fact.viewed_at) || had(fact.attempted_at);
    if ("mark" in requirement) return had(early ?? fact.marked_at);
    if ("submit" in requirement) return had(fact.submitted_at);
    if ("contribute" in requirement) return had(fact.contributed_at);
    const current = isLive(item) ? latestOf(fact) : null;
    const passes = (min: number) => {
      if (isLive(item)) return current !== null && current.at <= at && current.score >= min - slack;
      return reaches(min);
    };
    const reaches = (min: number) => scoresOf(fact).some((one) => one.at <= at && one.score >= min - slack);
    const points = (min: number) => {
      if (isLive(item)) return current !== null && current.at <= at && (current.points ?? Number.NaN) >= min;
      const { points: best = null, points_min: low = null, points_max: high = null } = fact;
      if (best === null || low === null || high === null || best < min) return false;
      const earlier = scoresOf(fact).slice(0, -1);
      const range = high - low;
      return (
        had(whenScored(fact)) ||
        (range > 0 && earlier.some((one) => one.at <= at && low + (one.score * range) / 100 >= min))
      );
    };
    if ("score" in requirement) return passes(requirement.score.min ?? -Infinity);
    if ("points" in requirement) return points(requirement.points.min ?? -Infinity);
    if (requirement.pass === true) {
      if (fact.outcome === "failed") return false;
      return had(early ?? fact.passed_at) || (fact.outcome === "passed" && had(fact.outcome_at));
    }
    return "min" in requirement.pass ? passes(requirement.pass.min) : points(requirement.pass.min_points);
  };

  const meetsChildren = (asked: ChildrenAsked, chapter: string, at: number): boolean => {
    const inside = course.problems.filter((one) => one.chapter === chapter && !isHidden(one));
    const asks = inside.filter((one) => {
      const status = statusOf(one);
      return status !== "draft" && (status !== "deprecated" || doneBy(one.id, Number.MAX_VALUE));
    });
    if (inside.length === 0) return false;
    if (asks.length === 0) return at >= record.enrolled_at;
    const done = asks.filter((one) => doneBy(one.id, at));
    if ("all" in asked) return done.length === asks.length;
    if ("count" in asked) return done.length >= Math.min(asked.count, asks.length);
    const weightOf = ({ id }: OutlineProblem) => asked.weights?.[id] ?? 1;
    const sum = (list: readonly OutlineProblem[]) => list.reduce((all, one) => all + weightOf(one), 0);
    const share = Math.ceil((sum(done) * 10_000) / sum(asks) - 1e-6) / 100;
    if (asked.percent === 0) return at >= record.enrolled_at;
    if (asked.weights === undefined) return (done.length * 100) / asks.length >= asked.percent - 0.005 - 1e-9;
    return share >= asked.percent;
  };

  /** Whether the item has a part that passes it, and that is met. */
  const isPassed = (requirement: Requirement, item: string): boolean => {
    const inner = (parts: readonly Requirement[]) => parts.some((part) => isPassed(part, item));
    if ("all" in requirement) return inner(requirement.all);
    if ("any" in requirement) return inner(requirement.any);
    if ("at_least" in requirement) return inner(requirement.at_least.of);
    return "pass" in requirement && meets(requirement, item, Number.MAX_VALUE);
  };

  /** The requirement were every mark that was missed reached. */
  const lenient = (requirement: Requirement): Requirement => {
    if ("all" in requirement) return { all: requirement.all.map(lenient) };
    if ("any" in requirement) return { any: requirement.any.map(lenient) };
    if ("at_least" in requirement) {
      return { at_least: { count: requirement.at_least.count, of: requirement.at_least.of.map(lenient) } };
    }
    if (!("pass" in requirement) || requirement.pass === true) return requirement;
    return "min" in requirement.pass ? { score: {} } : { points: {} };
  };

  for (const item of [...course.problems, ...course.chapters]) {
    const { completion, id } = item;
    if (completion === undefined) continue;
    const own = record.facts.get(id) ?? { attempted_at: null, completed_at: null, best_score: null };
    const instants = [...facts.values()].flatMap((fact) => [
      ...[fact.attempted_at, fact.completed_at, fact.viewed_at, fact.submitted_at, fact.told_at, fact.marked_at],
      ...[fact.passed_at, fact.contributed_at, fact.scored_at, fact.outcome_at],
      ...scoresOf(fact).map(({ at }) => at),
      latestOf(fact)?.at,
    ]);
    const all = [...instants, ...excuses.map(({ created_at }) => created_at), record.enrolled_at];
    const moments = [...new Set(all.flatMap((at) => at ?? []))].sort((a, b) => a - b);
    const met = moments.find((at) => meets(completion, id, at)) ?? null;
    const said = own.told_at ?? null;
    const completed = met === null || said === null ? (met ?? said) : Math.min(met, said);
    let verdict: Pick<Fact, "outcome" | "outcome_at"> = { outcome: null, outcome_at: null };
    if (met !== null && (own.outcome === "passed" || isPassed(completion, id)))
      verdict = { outcome: "passed", outcome_at: met };
    else if (met === null && own.outcome === "failed")
      verdict = { outcome: "failed", outcome_at: own.outcome_at ?? null };
    else if (met === null && own.outcome === "passed" && said !== null) {
      verdict = { outcome: "passed", outcome_at: own.outcome_at ?? null };
    } else if (completed === null) {
      const at = moments.find((moment) => meets(lenient(completion), id, moment));
      if (at !== undefined) verdict = { outcome: "failed", outcome_at: at };
    }
    const attempts = [own.attempted_at, completed].flatMap((at) => at ?? []);
    const attempted_at = attempts.length === 0 ? null : Math.min(...attempts);
    facts.set(id, { ...own, completed_at: completed, attempted_at, ...verdict });
  }
  return { ...record, facts };
}

/** Every score that is known with its instant, the best one last. */
function scoresOf(fact: Fact): { score: number; at: number }[] {
  const steps = (fact.steps ?? "").split(" ").filter((step) => step !== "");
  const earlier = steps.map((step) => {
    const [score = Number.NaN, at = Number.NaN] = step.split("@").map(Number);
    return { score, at };
  });
  const at = whenScored(fact);
  return fact.best_score === null || at === null ? earlier : [...earlier, { score: fact.best_score, at }];
}

function whenScored({ best_score, points = null, scored_at = null, completed_at, attempted_at }: Fact): number | null {
  return best_score === null && points === null ? null : (scored_at ?? completed_at ?? attempted_at);
}
