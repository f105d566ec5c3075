import {
  compile,
  type Explanation,
  evaluate,
  explain,
  type LearnerRecord,
  layOut,
  mergeFact,
  NO_FACT,
  type Outline,
  type Rule,
  type Step,
} from "../../../src/unlock/index.ts";

export interface Explained {
  id: string;
  explanation: Explanation;
}

/** Explains every item the learner can see. */
export function explainAll(course: Outline, record: LearnerRecord, now: number): Explained[] {
  const program = compile(course);
  const learner = layOut(program, record);
  const evaluation = evaluate(program, learner, now);
  return program.ids.flatMap((id, item) =>
    evaluation.visible[item] === 1 ? [{ id, explanation: explain(program, learner, evaluation, item, now) }] : [],
  );
}

/** Explains one visible item. */
export function explainOne(course: Outline, record: LearnerRecord, now: number, id: string): Explanation {
  const found = explainAll(course, record, now).find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not visible`);
  return found.explanation;
}

/** A learner who does as told: the new record, and the instant all waiting is over. */
export function obey(
  record: LearnerRecord,
  steps: readonly Step[],
  now: number,
): { record: LearnerRecord; now: number } {
  const facts = new Map(record.facts);
  let then = now;
  for (const { action, item, min_score, until } of steps) {
    if (action === "wait") then = Math.max(then, Date.parse(until ?? ""));
    if (item === undefined) continue;
    const news = { at: now, completed: action === "complete", score: action === "score" ? (min_score ?? null) : null };
    facts.set(item, mergeFact(facts.get(item) ?? NO_FACT, news));
  }
  return { record: { ...record, facts }, now: then };
}

/** Every single step that could matter in a course: what its rules, sequence and tutorial ask for. */
export function possibleSteps(course: Outline, now: number): Step[] {
  const steps = new Map<string, Step>();
  const add = (step: Step) => steps.set(JSON.stringify(step), step);
  const ofChapter = (of: string | string[]) =>
    typeof of === "string" ? course.problems.filter((one) => one.chapter === of).map(({ id }) => id) : of;
  const walk = (rule: Rule): void => {
    if ("all" in rule) rule.all.forEach(walk);
    else if ("any" in rule) rule.any.forEach(walk);
    else if ("at_least" in rule) rule.at_least.of.forEach(walk);
    else if ("not" in rule) walk(rule.not);
    else if ("completed" in rule) add({ action: "complete", item: rule.completed });
    else if ("attempted" in rule) add({ action: "attempt", item: rule.attempted });
    else if ("score" in rule) add({ action: "score", item: rule.score.item, min_score: rule.score.min });
    else if ("progress" in rule) for (const item of ofChapter(rule.progress.of)) add({ action: "complete", item });
    else if ("from" in rule && Date.parse(rule.from) > now) add({ action: "wait", until: rule.from });
    else if ("until" in rule && Date.parse(rule.until) > now) add({ action: "wait", until: rule.until });
  };
  for (const { rule } of [...course.chapters, ...course.problems]) if (rule !== null) walk(rule);
  if (course.options.sequential) for (const { id } of course.chapters) add({ action: "complete", item: id });
  if (course.options.tutorial !== null) add({ action: "complete", item: course.options.tutorial });
  // Deprecated items are demanded of nobody, drafts are out of reach.
  const statuses = new Map([...course.chapters, ...course.problems].map((one) => [one.id, one.status]));
  const homes = new Map(course.problems.map((one) => [one.id, one.chapter ?? ""]));
  const isInReach = (id: string) =>
    [statuses.get(id), statuses.get(homes.get(id) ?? "")].every((one) => one !== "draft" && one !== "deprecated");
  return [...steps.values()].filter(({ item }) => item === undefined || isInReach(item));
}

function* subsets(steps: readonly Step[], size: number, from = 0): Generator<Step[]> {
  if (size === 0) yield [];
  for (let first = from; size > 0 && first <= steps.length - size; first += 1) {
    const step = steps[first];
    if (step !== undefined) for (const rest of subsets(steps, size - 1, first + 1)) yield [step, ...rest];
  }
}

/** Size of the smallest set of steps that opens an item, found by trying all; null if there is none. */
export function smallest(
  course: Outline,
  record: LearnerRecord,
  now: number,
  id: string,
  steps: readonly Step[],
): number | null {
  const program = compile(course);
  const item = program.indexOf.get(id) ?? -1;
  for (let size = 0; size <= steps.length; size += 1) {
    for (const subset of subsets(steps, size)) {
      const then = obey(record, subset, now);
      if (evaluate(program, layOut(program, then.record), then.now).open[item] === 1) return size;
    }
  }
  return null;
}
