import type { CompletionState, ImportedRule, Range } from "../../../src/courses/importers/document.ts";

/** What one learner did, as far as an imported rule can ask for it. */
export interface Known {
  /** Epoch milliseconds. */
  now: number;
  states: ReadonlyMap<string, CompletionState>;
  scores: ReadonlyMap<string, { points: number; min: number; max: number }>;
  cohorts: ReadonlySet<string>;
  profile: ReadonlyMap<string, string>;
  /** Course total, percent; null is none. */
  total?: number | null;
  /** Percent of the items of a group that are done, and their mean score, by what the group names. */
  progress?: (of: string | string[]) => number;
  average?: (of: readonly string[]) => number | null;
}

export type Outcome = "open" | "locked" | "hidden";

/**
 * What an imported rule decides, written from the meaning of its operators and without a look at the engine: negation is
 * pushed to the leaves, because a condition on a missing item holds neither plainly nor negated.
 */
export function outcomeOf(rule: ImportedRule | null, known: Known): Outcome {
  if (rule === null) return "open";
  const { holds, hides } = decide(rule, false, known);
  if (holds) return "open";
  return hides ? "hidden" : "locked";
}

interface Decision {
  holds: boolean;
  /** It fails at a place that hides. */
  hides: boolean;
}

function decide(rule: ImportedRule, not: boolean, known: Known): Decision {
  if ("hide" in rule) {
    const { holds } = decide(rule.hide, not, known);
    return { holds, hides: !holds };
  }
  if ("not" in rule) return decide(rule.not, !not, known);
  if ("all" in rule) return group(rule.all, !not, not, known);
  if ("any" in rule) return group(rule.any, not, not, known);
  if ("at_least" in rule) {
    const parts = rule.at_least.of.map((one) => decide(one, false, known));
    const holds = parts.filter((part) => part.holds).length >= rule.at_least.count;
    return { holds: holds !== not, hides: parts.some((part) => part.hides) && holds === not };
  }
  if ("missing" in rule) return { holds: rule.missing.what === "item" ? false : not, hides: false };
  return { holds: leaf(rule, known) !== not, hides: false };
}

function group(rules: readonly ImportedRule[], isAll: boolean, not: boolean, known: Known): Decision {
  const parts = rules.map((rule) => decide(rule, not, known));
  const holds = isAll ? parts.every((part) => part.holds) : parts.some((part) => part.holds);
  return { holds, hides: !holds && parts.some((part) => !part.holds && part.hides) };
}

function leaf(rule: ImportedRule, known: Known): boolean {
  if ("state" in rule) return rule.state.is.includes(known.states.get(rule.state.item) ?? "incomplete");
  if ("completed" in rule) return ["complete", "passed"].includes(known.states.get(rule.completed) ?? "incomplete");
  if ("from" in rule) return known.now >= Date.parse(rule.from);
  if ("until" in rule) return known.now < Date.parse(rule.until);
  if ("cohort" in rule) {
    const { cohort } = rule;
    if (typeof cohort === "string") return known.cohorts.has(cohort);
    return "any" in cohort ? known.cohorts.size > 0 : cohort.any_of.some((one) => known.cohorts.has(one));
  }
  if ("score" in rule) {
    const score = known.scores.get(rule.score.item);
    if (score === undefined) return false;
    const percent = percentOf(score);
    return percent !== null && within(percent, rule.score);
  }
  if ("points" in rule) {
    const score = known.scores.get(rule.points.item);
    return score !== undefined && within(score.points, rule.points);
  }
  if ("total" in rule) return known.total != null && within(known.total, rule.total);
  if ("average" in rule) {
    const mean = known.average?.(rule.average.of) ?? null;
    return mean !== null && within(mean, rule.average);
  }
  if ("progress" in rule) return (known.progress?.(rule.progress.of) ?? 0) >= rule.progress.min_percent;
  if ("profile" in rule) return profile(rule.profile, known);
  throw new Error(`no such rule: ${JSON.stringify(rule)}`);
}

/** By the range of the attempt; one without width says nothing. */
function percentOf({ points, min, max }: { points: number; min: number; max: number }): number | null {
  if (max <= min) return null;
  return (100 * (points - min)) / (max - min);
}

function within(value: number, { min, below }: Range): boolean {
  return (min === undefined || value >= min) && (below === undefined || value < below);
}

function profile({ field, op, value = "" }: { field: string; op: string; value?: string }, known: Known): boolean {
  const own = known.profile.get(field);
  if (own === undefined) return false;
  switch (op) {
    case "contains":
      return own.includes(value);
    case "does_not_contain":
      return value === "" || value === "0" || !own.includes(value);
    case "is_equal_to":
      return own === value;
    case "starts_with":
      return own.startsWith(value);
    case "ends_with":
      return value !== "" && own.endsWith(value);
    case "is_empty":
      return own === "" || own === "0";
    default:
      return own !== "" && own !== "0";
  }
}
