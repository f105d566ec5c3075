import {
  compile,
  evaluate,
  explain,
  type Fact,
  type LearnerRecord,
  layOut,
  type Rule,
  ruleSchema,
} from "../../../../unlock/index.ts";
import { outlineOf, withRule } from "./document.ts";
import type { MadeUp, Outcome } from "./learners.ts";

const DAY_MS = 86_400_000;

/** A rule if the engine can read it; null otherwise, and then the rule asks for nothing. */
function readable(rule: unknown): Rule | null {
  const parsed = rule === null || rule === undefined ? null : ruleSchema.safeParse(rule);
  return parsed?.success === true ? parsed.data : null;
}

/** An action of an invented learner, as the service would have noted it. */
function factOf({ done, score }: MadeUp["items"][string], at: number): Fact {
  const nothing: Fact = { attempted_at: null, completed_at: null, best_score: null };
  if (done === "none") return nothing;
  if (done === "viewed") return { ...nothing, viewed_at: at };
  const scored =
    score === null ? {} : { best_score: score, scored_at: at, points: score, points_min: 0, points_max: 100 };
  const begun: Fact = { ...nothing, attempted_at: at, viewed_at: at, submitted_at: at, ...scored };
  if (done === "started") return begun;
  if (done === "failed") return { ...begun, outcome: "failed", outcome_at: at };
  return { ...begun, completed_at: at, told_at: at, passed_at: at, outcome: "passed", outcome_at: at };
}

/**
 * Whether an item would be open to each learner, decided by the same code as for real learners.
 * @returns null if the rule of the item cannot be read.
 */
export function outcomesOf(
  course: unknown,
  item: string,
  rule: unknown,
  learners: readonly MadeUp[],
  language: "en" | "zh",
): Outcome[] | null {
  if (rule !== null && readable(rule) === null) return null;
  const program = compile(outlineOf(withRule(course, item, rule), readable));
  const index = program.indexOf.get(item);
  if (index === undefined) return null;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return learners.map(({ items, cohorts, profile, courses, now, enrolledDays, doneDays }) => {
    const at = now === "" ? Date.now() : Date.parse(now);
    const doneAt = at - doneDays * DAY_MS;
    const record: LearnerRecord = {
      enrolled_at: at - Math.max(enrolledDays, doneDays) * DAY_MS,
      facts: new Map(Object.entries(items).map(([id, did]) => [id, factOf(did, doneAt)])),
      opened: new Set(),
      policy: {
        cohorts,
        practice_mode: false,
        overrides: [],
        profile,
        courses: Object.fromEntries(courses.map((slug) => [slug, doneAt])),
      },
    };
    const learner = layOut(program, record, at);
    const evaluation = evaluate(program, learner, at);
    if (evaluation.open[index] === 1) return { state: "open", why: "" };
    const state = evaluation.visible[index] === 1 ? "locked" : "hidden";
    return { state, why: explain(learner.program, learner, evaluation, index, at, zone).sentence[language] };
  });
}
