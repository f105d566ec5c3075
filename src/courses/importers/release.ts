import type { ImportedChapter, ImportedDocument, ImportedProblem } from "./document.ts";
import type { Imported } from "./format.ts";
import type { ImportReport, Verdict } from "./report.ts";

const COMPLETION = "this release does not complete items by itself: whoever knows tells it, by POST /progress/import.";

/**
 * What this release of the server can hold of an imported course. A requirement of completion is left out. The report says so
 * of each: nothing that was read as exact stays exact where it is not.
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
  const verdicts = [...report.gates, ...completion].map(({ verdict }) => verdict);
  const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  return {
    ...report,
    completion,
    counts: { exact: of("exact"), approximated: of("approximated"), unmapped: of("unmapped") },
  };
}

function joined(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null).join("; ");
}

function held<Item extends ImportedProblem>({ completion: _completion, ...item }: Item) {
  return item;
}
