import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import {
  acceptsWork,
  compile,
  type Explanation,
  evaluate,
  explain,
  isStarted,
  type LearnerRecord,
  layOut,
  mergeFact,
  NO_FACT,
  type Outline,
  type Program,
  type Rule,
  type Step,
  scopeOf,
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

/** What the enrollment does after each write in a sticky course: what the rules opened and what was started stays open. */
export function keepOpen(program: Program, record: LearnerRecord, now: number): LearnerRecord {
  if (!program.outline.options.sticky) return record;
  const learner = layOut(program, record);
  const { earned } = evaluate(program, learner, now);
  const kept = program.ids.filter((_, item) => earned[item] === 1 || isStarted(learner, item));
  return { ...record, opened: new Set([...record.opened, ...kept]) };
}

/** The record after one step, and the instant; null when the step cannot be taken then. */
export function take(
  program: Program,
  state: { record: LearnerRecord; now: number },
  { action, item, course, min_score, min_points, until }: Step,
): { record: LearnerRecord; now: number } | null {
  const { now } = state;
  const record = keepOpen(program, state.record, now);
  if (action === "wait") {
    const then = Date.parse(until ?? "");
    return then > now ? { record, now: then } : null;
  }
  if (action === "complete_course") {
    const courses = { ...record.policy.courses, [course ?? ""]: now };
    return { record: { ...record, policy: { ...record.policy, courses } }, now };
  }
  const { open, visible } = evaluate(program, layOut(program, record), now);
  const index = program.indexOf.get(item ?? "") ?? -1;
  if (open[index] !== 1 || visible[index] !== 1) return null;
  if (action !== "view" && !acceptsWork(scopeOf(program, layOut(program, record), now), index)) return null;
  // A chapter can only be opened, marked, contributed to and completed; what has a requirement is completed by that.
  if (index < program.chapterCount && !["complete", "view", "mark", "contribute"].includes(action)) return null;
  if (action === "complete" && (program.completion?.asked[index] ?? null) !== null) return null;
  const id = item ?? "";
  const points = min_points === undefined ? null : { points: min_points, min: 0, max: 100 };
  const news = {
    at: now,
    completed: action === "complete" || action === "pass" || action === "mark",
    how: action === "mark" ? ("marked" as const) : action === "pass" ? ("passed" as const) : null,
    contributed: action === "contribute",
    score: action === "score" ? (min_score ?? min_points ?? null) : null,
    outcome: action === "pass" ? ("passed" as const) : null,
    points,
    viewed: action === "view",
    submitted: action === "submit",
  };
  const facts = new Map(record.facts).set(id, mergeFact(record.facts.get(id) ?? NO_FACT, news));
  return { record: keepOpen(program, { ...record, facts }, now), now };
}

/** Forces a plan through, step by step, as promised. @throws where a step cannot be taken when its turn comes. */
export function obey(course: Outline, record: LearnerRecord, steps: readonly Step[], now: number) {
  const program = compile(course);
  return steps.reduce(
    (state, step) => {
      const next = take(program, state, step);
      if (next === null) throw new Error(`cannot ${JSON.stringify(step)} at ${toInstant(state.now)}`);
      return next;
    },
    { record, now },
  );
}

/** Everything a learner could do or wait for next. */
function movesFrom(program: Program, { record, now }: { record: LearnerRecord; now: number }): Step[] {
  const { chapters, problems } = program.outline;
  const steps: Step[] = program.ids.flatMap((item, index): Step[] => {
    const plain: Step[] = [{ action: "complete", item }];
    if (index >= program.chapterCount) plain.push({ action: "attempt", item });
    return plain;
  });
  const instants = new Set<number>();
  const doneAt = (id: string) => [
    record.facts.get(id)?.completed_at ?? Number.NaN,
    ...record.policy.overrides.filter((one) => one.kind === "excuse" && one.item === id).map((one) => one.created_at),
  ];
  const walk = (rule: Rule): void => {
    if ("all" in rule) rule.all.forEach(walk);
    else if ("any" in rule) rule.any.forEach(walk);
    else if ("at_least" in rule) rule.at_least.of.forEach(walk);
    else if ("not" in rule) walk(rule.not);
    else if ("hide" in rule) walk(rule.hide);
    else if ("score" in rule) {
      const { item, min = 0, below } = rule.score;
      steps.push({ action: "score", item, min_score: min });
      if (below !== undefined) steps.push({ action: "score", item, min_score: below });
    } else if ("from" in rule) instants.add(Date.parse(rule.from));
    else if ("until" in rule) instants.add(Date.parse(rule.until));
    else if ("after_enrollment" in rule) instants.add(record.enrolled_at + rule.after_enrollment.days * DAY_MS);
    else if ("after" in rule) for (const at of doneAt(rule.after.item)) instants.add(at + rule.after.days * DAY_MS);
  };
  for (const { rule } of [...chapters, ...problems]) if (rule !== null) walk(rule);
  for (const { expires_at, extend_to } of record.policy.overrides) {
    instants.add(expires_at ?? Number.NaN).add(extend_to ?? Number.NaN);
  }
  const waits = [...instants].filter((at) => at > now);
  return [...steps, ...waits.map((at): Step => ({ action: "wait", until: toInstant(at) }))];
}

/**
 * Every order of doing and waiting, tried level by level.
 * @returns the least number of steps after which each item is open, and up to which number of steps all was tried
 * (Infinity: there is nothing left to try).
 */
export function triedAll(course: Outline, record: LearnerRecord, now: number, maxStates: number) {
  const program = compile(course);
  const least = new Map<string, number>();
  const seen = new Set<string>();
  let level = [{ record, now }];
  for (let depth = 0; level.length > 0; depth += 1) {
    // All of a level is looked at before any of it is taken further: only then was all of this many steps tried.
    for (const { record, now } of level) {
      const { open } = evaluate(program, layOut(program, keepOpen(program, record, now)), now);
      for (const [item, id] of program.ids.entries()) if (open[item] === 1 && !least.has(id)) least.set(id, depth);
    }
    const next: typeof level = [];
    for (const state of level) {
      for (const step of movesFrom(program, state)) {
        const then = take(program, state, step);
        if (then === null) continue;
        // When a score was reached matters to no rule.
        const facts = [...then.record.facts].map(([id, { scored_at: _at, steps: _steps, ...fact }]) => [id, fact]);
        const key = JSON.stringify([facts.sort(), [...then.record.opened].sort(), then.now]);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(then);
      }
      if (seen.size > maxStates) return { least, upTo: depth };
    }
    level = next;
  }
  return { least, upTo: Number.POSITIVE_INFINITY };
}
