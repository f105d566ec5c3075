import { describe, expect, it } from "vitest";
import { z } from "zod";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { importCourse } from "../../../../src/courses/importers/format.ts";
import { OLX } from "../../../../src/courses/importers/olx/index.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { type Files, tgzOf } from "../../../support/courses/archives.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";
import { courseJson, hasCourses, importedFile } from "../../../support/courses/sources.ts";

const expectedSchema = z.object({
  items_by_kind: z.record(z.string(), z.number()),
  tree: z.array(z.tuple([z.string(), z.array(z.tuple([z.string(), z.array(z.string())]))])),
  gates: z.array(z.looseObject({ item: z.string(), kind: z.string() })),
  references_to_missing_files: z.array(z.unknown()),
  histories: z
    .array(
      z.object({
        now: z.number(),
        facts: z.record(z.string(), z.object({ score: z.number(), completion: z.number() })),
        expected: z.record(z.string(), z.array(z.string())),
      }),
    )
    .default([]),
});

describe.skipIf(!hasCourses)("real courses in OLX", () => {
  it.each(["kitchen-sink", "demo-course", "gated", "gated-switched-off"])(
    "%s: every block and gate in the file is in the report",
    async (file) => {
      const { items_by_kind, tree, gates, references_to_missing_files } = expectedSchema.parse(
        courseJson(`olx/${file}.EXPECTED.json`),
      );
      const { document, report } = await importedFile(OLX, `olx/${file}.tar.gz`);
      expect(importReportSchema.parse(report)).toEqual(report);
      expect(report.content.elements).toEqual(items_by_kind);
      const sequentials = tree.flatMap(([, inner]) => inner.map(([name]) => name));
      expect(document.chapters.map(({ id }) => id.slice(document.slug.length + 1))).toEqual(sequentials);
      expect(report.gates.map(({ source }) => /([^/]+)\.xml$/.exec(source)?.[1]).toSorted()).toEqual(
        gates.map(({ item }) => item).toSorted(),
      );
      expect(report.content.notes).toHaveLength(references_to_missing_files.length);
    },
  );

  it.each(["gated", "gated-switched-off"])(
    "%s: every history gives the states that Open edX is said to give",
    async (file) => {
      const { histories } = expectedSchema.parse(courseJson(`olx/${file}.EXPECTED.json`));
      const { document } = await importedFile(OLX, `olx/${file}.tar.gz`);
      expect(histories).toHaveLength(60);
      const name = (id: string) => id.slice(document.slug.length + 1);
      const sectionOf = new Map(
        document.chapters.flatMap(({ id, problems = [] }) => problems.map((item) => [item.id, name(id)] as const)),
      );
      for (const { now, facts, expected } of histories) {
        const scores = document.chapters.flatMap(({ id, problems = [] }) => {
          const fact = facts[name(id)];
          const scored = problems.filter(({ kind }) => kind === "problem");
          return fact === undefined
            ? []
            : scored.map((item) => [item.id, { points: fact.score, min: 0, max: 100 }] as const);
        });
        const known: Known = {
          now: now * 1_000,
          states: new Map(),
          scores: new Map(scores),
          cohorts: new Set(),
          profile: new Map(),
          progress: (of) => facts[sectionOf.get(Array.isArray(of) ? (of[0] ?? "") : of) ?? ""]?.completion ?? 0,
        };
        const states: Record<string, string[]> = { open: [], locked: [], hidden: [] };
        for (const chapter of document.chapters) {
          const state = chapter.visibility === "hidden" ? "hidden" : outcomeOf(chapter.rule, known);
          states[state]?.push(name(chapter.id));
        }
        expect(states).toEqual({ open: [], locked: [], hidden: [], ...expected });
      }
    },
  );
});

const COURSE = '<course url_name="r1" org="O" course="C"/>';
const files = (extra: Files): Files => ({
  "c/course.xml": COURSE,
  "c/course/r1.xml": '<course display_name="Small"><chapter url_name="ch"/></course>',
  "c/policies/r1/policy.json": JSON.stringify({ "course/r1": { enable_subsection_gating: true } }),
  "c/chapter/ch.xml": '<chapter display_name="Part"><sequential url_name="s1"/><sequential url_name="s2"/></chapter>',
  "c/sequential/s1.xml": '<sequential display_name="First"><vertical url_name="v1"/></sequential>',
  "c/sequential/s2.xml": '<sequential display_name="Second" required_content="s1" min_score="60"/>',
  "c/vertical/v1.xml":
    '<vertical display_name="Unit"><problem url_name="p1"/><problem url_name="p2"/><discussion url_name="d1" display_name="Talk"/><html url_name="h:one"/></vertical>',
  "c/problem/p1.xml":
    '<problem display_name="P1"><p>How much?</p><numericalresponse answer="4"/><solution><p>Four.</p></solution></problem>',
  "c/problem/p2.xml":
    '<problem><choiceresponse><choicegroup><choice correct="true">Yes <choicehint>right</choicehint></choice></choicegroup></choiceresponse></problem>',
  "c/html/h/one.xml": '<html filename="h:one" display_name="Read"/>',
  "c/html/h/one.html": "<p>Text</p>",
  ...extra,
});
const importing = async (extra: Files) =>
  importCourse(OLX, archiveFiles(blobSource(new Blob([await tgzOf(files(extra))]), "c.tar.gz")));
async function imported(extra: Files = {}) {
  const result = await importing(extra);
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}

describe("a course in OLX", () => {
  it("asks for the mean of several problems and for the share of the required ones", async () => {
    const { document, report } = await imported();
    expect(document.chapters[1]?.rule).toEqual({
      all: [
        { average: { of: ["o-c-r1.p1", "o-c-r1.p2"], min: 60 } },
        { progress: { of: ["o-c-r1.p1", "o-c-r1.p2", expect.stringMatching(/^o-c-r1\.h-one/)], min_percent: 100 } },
      ],
    });
    expect(report.gates).toMatchObject([{ verdict: "approximated", why: expect.stringContaining("mean") }]);
  });

  it("takes over texts, without what gives away an answer", async () => {
    const { document } = await imported();
    const [first, second, talk, page] = document.chapters[0]?.problems ?? [];
    expect(first).toMatchObject({ title: { en: "P1" }, content: { en: "How much?" }, completion: { submit: true } });
    expect(second).toMatchObject({ title: { en: "Unit" }, content: { en: "Yes" } });
    expect(talk?.completion).toBeUndefined();
    expect(page).toMatchObject({ kind: "page", content: { en: "Text" }, completion: { view: true } });
  });

  it("uses the policy where the fields of the files say something else", async () => {
    const policy = {
      "course/r1": { enable_subsection_gating: true, start: "2025-01-01T00:00:00Z" },
      "sequential/s2": { min_score: 0, min_completion: 0, start: "2024-01-01T00:00:00Z" },
    };
    const { document } = await imported({ "c/policies/r1/policy.json": JSON.stringify(policy) });
    expect(document.chapters[1]?.rule).toEqual({ hide: { from: "2025-01-01T00:00:00.000Z" } });
  });

  it("assigns what only some groups may see, and asks for all partitions together where there are several", async () => {
    const access = (value: unknown) => JSON.stringify(value).replaceAll('"', "&quot;");
    const { document } = await imported({
      "c/vertical/v1.xml": `<vertical group_access="${access({ 7: [1, 2] })}"><html url_name="h:one"/><problem url_name="p1" group_access="${access({ 8: [3] })}"/></vertical>`,
    });
    const [page, problem] = document.chapters[0]?.problems ?? [];
    expect(page).toMatchObject({ rule: null, assign_to: ["partition-7-1", "partition-7-2"] });
    expect(problem?.rule).toEqual({
      all: [
        { hide: { cohort: { any_of: ["partition-7-1", "partition-7-2"] } } },
        { hide: { cohort: { any_of: ["partition-8-3"] } } },
      ],
    });
  });

  it("takes over the answers that an answer key can hold, and counts the others", async () => {
    const problem = async (inside: string) => {
      const { document, report } = await imported({ "c/problem/p1.xml": `<problem>${inside}</problem>` });
      return [
        document.chapters[0]?.problems?.[0]?.answer,
        report.content.questions.some(({ judged }) => judged === "here"),
      ];
    };
    const tolerance = (amount: string) => `<responseparam type="tolerance" default="${amount}"/>`;
    expect(await problem(`<numericalresponse answer="-12">${tolerance("5%")}</numericalresponse>`)).toEqual([
      { kind: "numeric", value: -12, tolerance: 0.6 },
      true,
    ]);
    expect(await problem(`<numericalresponse answer="3.5">${tolerance("0.1")}</numericalresponse>`)).toEqual([
      { kind: "numeric", value: 3.5, tolerance: 0.1 },
      true,
    ]);
    expect(
      await problem(
        '<stringresponse answer="Oslo" type="ci"><additional_answer answer="Christiania"/></stringresponse>',
      ),
    ).toEqual([{ kind: "exact", values: ["Oslo", "Christiania"], case_sensitive: false }, true]);
    for (const other of [
      '<numericalresponse answer="[1,5)"/>',
      '<numericalresponse answer="$x"/>',
      '<stringresponse answer="a.*" type="ci regexp"/>',
      '<numericalresponse answer="1"/><numericalresponse answer="2"/>',
      '<multiplechoiceresponse><choicegroup><choice correct="true">a</choice></choicegroup></multiplechoiceresponse>',
    ]) {
      expect(await problem(other)).toEqual([undefined, false]);
    }
  });

  it("tells blocks with the same name apart, and takes over a block once that is used twice", async () => {
    const { document, report } = await imported({
      "c/vertical/v1.xml":
        '<vertical><html url_name="s1"/><problem url_name="s1"/><problem url_name="p1"/><problem url_name="p1"/></vertical>',
    });
    expect(document.chapters[0]?.id).toBe("o-c-r1.s1");
    expect(document.chapters[0]?.problems?.map(({ id }) => id)).toEqual([
      "o-c-r1.s1-html",
      "o-c-r1.s1-problem",
      "o-c-r1.p1",
    ]);
    expect(report.content.notes.filter(({ rule }) => rule === "placed_twice")).toHaveLength(1);
  });

  it("names the cohorts that the groups become", async () => {
    const user_partitions = [
      { id: 7, name: "Sections", groups: [{ id: 1, name: "Red", version: 1 }], scheme: "cohort" },
    ];
    const { report } = await imported({
      "c/policies/r1/policy.json": JSON.stringify({ "course/r1": { user_partitions } }),
    });
    expect(report.content.cohorts).toEqual([{ name: "partition-7-1", title: "Sections: Red" }]);
  });

  it("continues after a broken block, as Open edX does, and names it", async () => {
    const { document, report } = await imported({ "c/problem/p1.xml": "<problem><p>a&nbsp;b</p></problem>" });
    expect(document.chapters[0]?.problems?.[0]).toMatchObject({ id: "o-c-r1.p1", content: { en: "a&nbsp;b" } });
    expect(report.content.notes).toMatchObject([
      { path: expect.stringMatching(/^c\/problem\/p1\.xml:1:/), rule: "malformed_xml" },
    ]);
  });

  it("names files that are gone; a file that is malformed or no course is refused", async () => {
    const { report } = await imported({ "c/chapter/ch.xml": '<chapter><sequential url_name="gone"/></chapter>' });
    expect(report.content.notes).toEqual([
      { path: "c/chapter/ch.xml", rule: "missing_file", message: expect.stringContaining("c/sequential/gone.xml") },
    ]);
    expect(await importing({ "c/course.xml": "<library/>" })).toMatchObject({
      refusal: { errors: [{ path: "c/course.xml:1", rule: "no_course" }] },
    });
    expect(await importing({ "c/sequential/s1.xml": "<sequential>" })).toMatchObject({
      refusal: { errors: [{ rule: "malformed_xml" }] },
    });
    expect(await importing({ "c/policies/r1/policy.json": "{" })).toMatchObject({
      refusal: { errors: [{ path: "c/policies/r1/policy.json", rule: "invalid_json" }] },
    });
  });
});
