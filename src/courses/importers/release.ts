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
const TOTAL = "this release computes no course total: neither the condition nor its negation is ever met";
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
  const assigned = new Set(items.filter(({ assign_to }) => assign_to !== undefined).map(({ id }) => id));
  const known: ImportedDocument = { ...document, chapters, problems: document.problems.map(held) };
  return { ...imported, document: known, report: told(report, assigned) };
}

/** @param assigned ids of the items that are meant for some cohorts. */
function told(report: ImportReport, assigned: ReadonlySet<string>): ImportReport {
  const completion = report.completion.map((one) =>
    // What the platform itself ignores is left out exactly.
    one.mapped === null
      ? one
      : { ...one, mapped: null, verdict: "unmapped" as const, why: joined(one.why, COMPLETION) },
  );
  const placesOfAssigned = new Set(report.items.filter(({ id }) => assigned.has(id)).map(({ source }) => source));
  const gates = report.gates.map((gate) => {
    const rule = gate.mapped as ImportedRule | null; // SAFETY: the gates of a report are rules, see ReportBuilder.
    const asksForTotal = rule !== null && JSON.stringify(rule).includes('"total"');
    const isAssigned = placesOfAssigned.has(gate.source);
    if (!asksForTotal && !isAssigned) return gate;
    return {
      ...gate,
      mapped: rule === null ? null : withoutTotal(rule),
      verdict: worst([gate.verdict, "approximated"]),
      why: joined(gate.why, ...(asksForTotal ? [TOTAL] : []), ...(isAssigned ? [ASSIGNED] : [])),
    };
  });
  const verdicts = [...gates, ...completion].map(({ verdict }) => verdict);
  const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  const left_out =
    assigned.size === 0 ? [] : [{ what: "items meant for some cohorts", count: assigned.size, why: ASSIGNED }];
  return {
    ...report,
    gates,
    completion,
    content: { ...report.content, left_out: [...report.content.left_out, ...left_out] },
    counts: { exact: of("exact"), approximated: of("approximated"), unmapped: of("unmapped") },
  };
}

function joined(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null).join("; ");
}

function held<Item extends ImportedProblem>({ completion: _completion, assign_to, rule, ...item }: Item) {
  const own = rule === null ? null : withoutTotal(rule);
  const meant: ImportedRule | null = assign_to === undefined ? null : { hide: { cohort: { any_of: assign_to } } };
  return { ...item, rule: allOf([meant, own]) };
}

/** As an item that is not there, so that a negation opens nothing either: what cannot be said locks. */
function withoutTotal(rule: ImportedRule): ImportedRule {
  if ("total" in rule) return { missing: { what: "item", name: "the course total" } };
  if ("all" in rule) return { all: rule.all.map(withoutTotal) };
  if ("any" in rule) return { any: rule.any.map(withoutTotal) };
  if ("at_least" in rule) return { at_least: { ...rule.at_least, of: rule.at_least.of.map(withoutTotal) } };
  if ("not" in rule) return { not: withoutTotal(rule.not) };
  if ("hide" in rule) return { hide: withoutTotal(rule.hide) };
  return rule;
}
