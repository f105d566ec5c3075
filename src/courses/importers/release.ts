import {
  allOf,
  type ImportedChapter,
  type ImportedDocument,
  type ImportedProblem,
  type ImportedRule,
} from "./document.ts";
import type { Imported } from "./format.ts";
import { type ImportReport, type Verdict, worst } from "./report.ts";

const COMPLETION = "this release does not complete items by itself: whoever knows tells it, by POST /progress/import.";
const TOTAL = "this release computes no course total: the condition is never met";
const ASSIGNED = "whoever it is not meant for does not see it, but rules about its chapter ask for it all the same";

/**
 * What this release of the server can hold of an imported course. A requirement of completion is left out, an item that
 * is meant for some cohorts is hidden from others by its rule, and a condition on the course total is one that nobody
 * meets. The report says so of each: nothing that was read as exact stays exact where it is not.
 */
export function forThisRelease(imported: Imported): Imported {
  const { document, report } = imported;
  const chapters = document.chapters.map((chapter): ImportedChapter => {
    const { problems, ...item } = chapter;
    return { ...held(item), ...(problems === undefined ? {} : { problems: problems.map(held) }) };
  });
  const items = [
    ...document.chapters,
    ...document.chapters.flatMap(({ problems = [] }) => problems),
    ...document.problems,
  ];
  const assigned = items.filter(({ assign_to }) => assign_to !== undefined).length;
  const known: ImportedDocument = { ...document, chapters, problems: document.problems.map(held) };
  return { ...imported, document: known, report: told(report, assigned) };
}

function told(report: ImportReport, assigned: number): ImportReport {
  const completion = report.completion.map((one) => ({
    ...one,
    mapped: null,
    verdict: "unmapped" as const,
    why: [one.why, COMPLETION].filter((part) => part !== null).join("; "),
  }));
  const gates = report.gates.map((gate) => {
    const rule = gate.mapped as ImportedRule | null; // SAFETY: the gates of a report are rules, see ReportBuilder.
    if (rule === null || !JSON.stringify(rule).includes('"total"')) return gate;
    const why = [gate.why, TOTAL].filter((part) => part !== null).join("; ");
    return { ...gate, mapped: withoutTotal(rule), verdict: worst([gate.verdict, "approximated"]), why };
  });
  const verdicts = [...gates, ...completion].map(({ verdict }) => verdict);
  const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  const left_out = assigned === 0 ? [] : [{ what: "items meant for some cohorts", count: assigned, why: ASSIGNED }];
  return {
    ...report,
    gates,
    completion,
    content: { ...report.content, left_out: [...report.content.left_out, ...left_out] },
    counts: { exact: of("exact"), approximated: of("approximated"), unmapped: of("unmapped") },
  };
}

function held<Item extends ImportedProblem>({ completion: _completion, assign_to, rule, ...item }: Item) {
  const own = rule === null ? null : withoutTotal(rule);
  const meant: ImportedRule | null = assign_to === undefined ? null : { hide: { cohort: { any_of: assign_to } } };
  return { ...item, rule: allOf([meant, own]) };
}

function withoutTotal(rule: ImportedRule): ImportedRule {
  if ("total" in rule) return { missing: { what: "grade", name: "the course total" } };
  if ("all" in rule) return { all: rule.all.map(withoutTotal) };
  if ("any" in rule) return { any: rule.any.map(withoutTotal) };
  if ("at_least" in rule) return { at_least: { ...rule.at_least, of: rule.at_least.of.map(withoutTotal) } };
  if ("not" in rule) return { not: withoutTotal(rule.not) };
  if ("hide" in rule) return { hide: withoutTotal(rule.hide) };
  return rule;
}
