import { describe, expect, it } from "vitest";
import { courseDocumentSchema } from "../../../../src/courses/document.ts";
import type { ImportedDocument, ImportedProblem } from "../../../../src/courses/importers/document.ts";
import { forThisRelease } from "../../../../src/courses/importers/release.ts";
import { ReportBuilder } from "../../../../src/courses/importers/report.ts";

const problem = (name: string, rest: Partial<ImportedProblem>): ImportedProblem => ({
  id: `c.${name}`,
  title: { en: name },
  rule: null,
  content: null,
  ...rest,
});

function imported() {
  const total = { not: { all: [{ hide: { total: { min: 50 } } }, { cohort: "a" }] } };
  const document: ImportedDocument = {
    slug: "c",
    title: { en: "C" },
    source: { platform: "moodle", release: "4.5" },
    options: { sticky: false },
    chapters: [
      {
        ...problem("chapter", { completion: { children: { all: true } } }),
        problems: [problem("viewed", { completion: { view: true } }), problem("graded", { rule: total })],
      },
    ],
    problems: [problem("meant", { assign_to: ["a", "b"], rule: { completed: "c.viewed" } })],
  };
  const report = new ReportBuilder();
  report.gates.push({ source: "s", rule: {}, mapped: total, verdict: "exact", why: null });
  report.gates.push({ source: "s", rule: {}, mapped: { cohort: "a" }, verdict: "exact", why: null });
  report.gates.push({ source: "meant.xml", rule: { group_access: {} }, mapped: null, verdict: "exact", why: null });
  report.items.push({ source: "meant.xml", id: "c.meant", kind: "page", title: "meant" });
  report.completion.push({ source: "s", rule: {}, mapped: { view: true }, verdict: "exact", why: "as it was" });
  report.completion.push({ source: "s", rule: {}, mapped: null, verdict: "exact", why: "the platform drops it" });
  return { document, report: report.build("moodle", "4.5", { files: 1, bytes: 1 }), people: null };
}

describe("what this release holds of an imported course", () => {
  it("has the form of a course document, and says of the rest what becomes of it", () => {
    const { document, report } = forThisRelease(imported());
    const parsed = courseDocumentSchema.parse(document);
    const total = { total: { min: 50 } };
    expect(parsed.chapters[0]?.problems[1]?.rule).toEqual({ not: { all: [{ hide: total }, { cohort: "a" }] } });
    expect(parsed.problems[0]).toMatchObject({ assign_to: ["a", "b"], rule: { completed: "c.viewed" } });
    // Exact are a gate that is there as it was, and what the platform itself drops.
    expect(report.counts).toEqual({ exact: 4, approximated: 0, unmapped: 1 });
    expect(report.gates[2]).toMatchObject({ verdict: "exact", why: null });
    expect(report.gates[0]).toMatchObject({ verdict: "exact", why: null });
    expect(report.completion[0]).toMatchObject({
      mapped: null,
      why: expect.stringContaining("as it was; this release"),
    });
  });
});
