import { type Leaf, nodeOf } from "./model.ts";
import type { RuleWords } from "./words/index.ts";

/** Deepest nesting that is put into words; a longer sentence is no help. */
const MAX_DEPTH = 16;

interface Telling {
  words: RuleWords;
  titleOf: (id: string) => string;
  instant: (text: string) => string;
}

/** A rule as one sentence. */
export function sentenceOf(rule: unknown, telling: Telling): string {
  return telling.words.say.open(partOf(rule, telling, 0));
}

function partOf(rule: unknown, telling: Telling, depth: number): string {
  const { say } = telling.words;
  const node = depth > MAX_DEPTH ? ({ kind: "unknown" } as const) : nodeOf(rule);
  switch (node.kind) {
    case "unknown":
      return say.unknown;
    case "wrapped":
      return say[node.operator](partOf(node.part, telling, depth + 1));
    case "leaf":
      return leafOf(node.leaf, telling);
    case "group": {
      const parts = node.parts.map((part) => partOf(part, telling, depth + 1));
      const [only] = parts;
      if (node.operator === "all" && parts.length === 1 && only !== undefined) return only;
      const said = say.join[node.operator](parts.join(say.between), node.count);
      return depth === 0 ? said : `[${said}]`;
    }
  }
}

function leafOf(leaf: Leaf, { words, titleOf, instant }: Telling): string {
  const { say } = words;
  const titles = (of: string | readonly string[]) => [of].flat().map(titleOf).join(", ");
  const states = (is: readonly (keyof RuleWords["state"])[]) => is.map((each) => words.state[each]).join(say.or);
  if ("completed" in leaf) return say.completed(titleOf(leaf.completed));
  if ("attempted" in leaf) return say.attempted(titleOf(leaf.attempted));
  if ("viewed" in leaf) return say.viewed(titleOf(leaf.viewed));
  if ("submitted" in leaf) return say.submitted(titleOf(leaf.submitted));
  if ("score" in leaf) return say.score(titleOf(leaf.score.item), say.range(leaf.score.min, leaf.score.below, " %"));
  if ("points" in leaf) return say.points(titleOf(leaf.points.item), say.range(leaf.points.min, leaf.points.below, ""));
  if ("state" in leaf) return say.state(titleOf(leaf.state.item), states(leaf.state.is));
  if ("after" in leaf) return say.after(titleOf(leaf.after.item), leaf.after.days);
  if ("progress" in leaf) return say.progress(titles(leaf.progress.of), leaf.progress.min_percent);
  if ("average" in leaf) {
    return say.average(titles(leaf.average.of), say.range(leaf.average.min, leaf.average.below, " %"));
  }
  if ("total" in leaf) return say.total(say.range(leaf.total.min, leaf.total.below, " %"));
  if ("previous" in leaf) return say.previous(states(leaf.previous.is));
  if ("from" in leaf) return say.from(instant(leaf.from));
  if ("until" in leaf) return say.until(instant(leaf.until));
  if ("after_enrollment" in leaf) return say.afterEnrollment(leaf.after_enrollment.days);
  if ("profile" in leaf) {
    const { field, op, value = "" } = leaf.profile;
    return say.profile(field, words.profile[op], value);
  }
  if ("course_completed" in leaf) return say.courseCompleted(leaf.course_completed);
  if ("missing" in leaf) return say.missing(leaf.missing.name);
  const { cohort } = leaf;
  if (typeof cohort === "string") return say.cohort(cohort);
  return "any" in cohort ? say.cohortAny : say.cohortAnyOf(cohort.any_of.join(", "));
}
