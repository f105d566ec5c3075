import { allOf, anyOf, type ImportedRule } from "../document.ts";
import { hashOf } from "../ids.ts";
import { type Verdict, worst } from "../report.ts";
import { instantIn } from "./clock.ts";
import type { AccessRule } from "./schemas.ts";

/** One access rule: who may enter, and when. */
export interface MappedRule {
  /** Null lets everybody in at any time. */
  rule: ImportedRule | null;
  /** Whether learners may begin, and not only see that the assessment exists. */
  isActive: boolean;
  verdict: Verdict;
  why: string | null;
}

/** People named by rules, by their cohort here. */
export class NamedPeople {
  readonly cohorts = new Map<string, string[]>();

  /** The cohort for these people; the same people always give the same cohort. */
  of(uids: readonly string[]): string {
    const members = [...new Set(uids)].sort();
    const cohort = `uids-${hashOf(members.join("\n"))}`;
    this.cohorts.set(cohort, members);
    return cohort;
  }
}

/** @param zone time zone of its dates. */
export function mapAccessRule(access: AccessRule, zone: string, people: NamedPeople): MappedRule {
  const parts: (ImportedRule | null)[] = [];
  const notes: [Verdict, string][] = [];
  const never = (what: "condition" | "cohort", name: string) => parts.push({ missing: { what, name } });
  for (const [text, bound] of [
    [access.startDate, "from"],
    [access.endDate, "until"],
  ] as const) {
    if (text == null) continue;
    const instant = instantIn(zone, text);
    if (instant !== null) parts.push(bound === "from" ? { from: instant } : { until: instant });
    else {
      never("condition", `date ${text}`);
      notes.push(["unmapped", `${JSON.stringify(text)} is not a date, so the rule lets nobody in`]);
    }
  }
  if (access.uids != null) {
    if (access.uids.length === 0) never("cohort", "an empty list of people");
    else parts.push({ cohort: people.of(access.uids) });
    const cohort = access.uids.length === 0 ? "nobody" : `the cohort ${people.of(access.uids)}`;
    notes.push(["exact", `its ${access.uids.length} people become the cohort ${cohort}`]);
  }
  if (access.mode === "Exam" || access.examUuid != null) {
    never("condition", "an exam of PrairieTest");
    notes.push([
      "unmapped",
      "it asks for an exam of PrairieTest, which Latchkey does not support: the rule lets nobody in",
    ]);
  }
  if (access.password != null) {
    never("condition", "a password");
    notes.push(["unmapped", "it asks for a password, which Latchkey does not support: the rule lets nobody in"]);
  }
  if (access.role != null)
    notes.push(["exact", `PrairieLearn ignores the role ${access.role}; the rule is for everybody`]);
  if (access.institution != null && access.institution !== "Any") {
    notes.push(["approximated", `the institution ${access.institution} is not checked`]);
  }
  if (access.credit != null && access.credit !== 100) {
    notes.push(["approximated", `scores count in full, where PrairieLearn gives ${access.credit} % of the credit`]);
  }
  if (access.timeLimitMin != null)
    notes.push(["approximated", `the limit of ${access.timeLimitMin} minutes is not imported`]);
  if (access.showClosedAssessment === false || access.showClosedAssessmentScore === false) {
    notes.push(["approximated", "closed assessments stay readable"]);
  }
  return {
    rule: allOf(parts),
    isActive: access.active !== false,
    verdict: worst(notes.map(([verdict]) => verdict)),
    why: notes.map(([, note]) => note).join("; ") || null,
  };
}

/**
 * An assessment opens when one of its rules lets the learner begin. If none does, it is not shown at all, except where
 * an inactive rule lets learners see it.
 */
export function ruleOfAssessment(rules: readonly MappedRule[]): ImportedRule | null {
  const seen = oneOf(rules);
  const begun = oneOf(rules.filter((rule) => rule.isActive));
  const hidden = seen === null ? null : { hide: seen };
  return rules.every((rule) => rule.isActive) ? hidden : allOf([hidden, begun]);
}

/** One of these; if there is none, nobody. */
export function oneOf(rules: readonly MappedRule[]): ImportedRule | null {
  if (rules.length === 0) return { missing: { what: "condition", name: "no rule lets anybody in" } };
  const known = rules.flatMap(({ rule }) => rule ?? []);
  return known.length < rules.length ? null : anyOf(known);
}

/** The rule as the file writes it, without the people it names. */
export function withoutPeople(access: AccessRule): Record<string, unknown> {
  const { uids, password, ...rest } = access;
  return {
    ...rest,
    ...(uids == null ? {} : { uids: `${uids.length} people` }),
    ...(password == null ? {} : { password: "set" }),
  };
}
