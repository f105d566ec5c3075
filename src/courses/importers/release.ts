import type { ImportedChapter, ImportedDocument, ImportedProblem, ImportedRule } from "./document.ts";
import type { Imported } from "./format.ts";
import { type ImportReport, type Verdict, worst } from "./report.ts";

const COMPLETION = "this release does not complete items by itself: whoever knows tells it, by POST /progress/import.";
const TOTAL = "this release computes no course total: neither the condition nor its negation is ever met";

/**
 * What this release of the server can hold of an imported course. A requirement of completion is left out, and a
 * condition on the course total is one that nobody meets. The report says so of each: nothing that was read as exact stays exact where it is not.
 */
export function forThisRelease(imported: Imported): Imported {
  const { document, report } = imported;
  const chapters = document.chapters.map((chapter): ImportedChapter => {
    const { problems, ...item } = chapter;
    return { ...held(item), ...(problems === undefined ? {} : { problems: problems.map(held) }) };
  });
  const known: ImportedDocument = { ...document, chapters, problems: document.problems.map(held) };
  return { ...imported, document: known, report: told(report) };
}

function told(report: ImportReport): ImportReport {
  const completion = report.completion.map((one) =>
    // What the platform itself ignores is left out exactly.
    one.mapped === null
      ? one
      : { ...one, mapped: null, verdict: "unmapped" as const, why: joined(one.why, COMPLETION) },
  );
  const gates = report.gates.map((gate) => {
    const rule = gate.mapped as ImportedRule | null; // SAFETY: the gates of a report are rules, see ReportBuilder.
    const asksForTotal = rule !== null && JSON.stringify(rule).includes('"total"');
    if (!asksForTotal) return gate;
    return {
      ...gate,
      mapped: rule === null ? null : withoutTotal(rule),
      verdict: worst([gate.verdict, "approximated"]),
      why: joined(gate.why, TOTAL),
    };
  });
  const verdicts = [...gates, ...completion].map(({ verdict }) => verdict);
  const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  return {
    ...report,
    gates,
    completion,
    counts: { exact: of("exact"), approximated: of("approximated"), unmapped: of("unmapped") },
  };
}

function joined(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null).join("; ");
}

function held<Item extends ImportedProblem>({ completion: _completion, rule, ...item }: Item) {
  return { ...item, rule: rule === null ? null : withoutTotal(rule) };
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
