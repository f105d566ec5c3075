import { describe, expect, it } from "vitest";
import { z } from "zod";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { CANVAS } from "../../../../src/courses/importers/canvas/index.ts";
import { CARTRIDGE } from "../../../../src/courses/importers/cartridge/index.ts";
import type { CompletionState, Requirement } from "../../../../src/courses/importers/document.ts";
import { type Format, type Imported, importCourse } from "../../../../src/courses/importers/format.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { type Files, utf16, zipOf } from "../../../support/courses/archives.ts";
import { engineStates, programOf } from "../../../support/courses/engine.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";
import { courseJson, hasCourses, importedFile } from "../../../support/courses/sources.ts";

const eventSchema = z.union([
  z.tuple([z.string(), z.enum(["view", "submit"])]),
  z.tuple([z.string(), z.literal("score"), z.number()]),
]);
const expectedSchema = z.object({
  summary: z.object({
    modules: z.number(),
    items: z.number(),
    items_by_type: z.record(z.string(), z.number()),
    requirements: z.record(z.string(), z.number()),
  }),
  order: z.array(z.object({ module: z.string(), items: z.array(z.string()) })),
  gates: z.array(z.looseObject({ module: z.string() })),
  histories: z.array(
    z.object({
      now: z.number(),
      events: z.array(eventSchema),
      expected: z.record(z.string(), z.array(z.string())),
    }),
  ),
});
const HEADING = "ContextModuleSubHeader";

/** Whether a requirement is met by what was done with its item; a higher score stays. */
function isMet(requirement: Requirement | undefined, done: readonly (readonly [string, ...unknown[]])[]): boolean {
  if (requirement === undefined) return false;
  if ("view" in requirement) return done.length > 0;
  if ("submit" in requirement) return done.some(([what]) => what === "submit" || what === "score");
  if (!("points" in requirement)) return false;
  const { min = 0 } = requirement.points;
  return done.some(([what, points]) => what === "score" && Number(points) >= min);
}

/** The states of the items, by their names, from the rules alone and from the engine. */
function statesOf({ document }: Imported, now: number, events: z.infer<typeof eventSchema>[]) {
  const name = (id: string) => id.slice(document.slug.length + 1);
  const done = Map.groupBy(events, ([item]) => item);
  const states = new Map<string, CompletionState>();
  const items = document.chapters.flatMap((chapter) => (chapter.problems ?? []).map((item) => ({ chapter, item })));
  for (const { item } of items) {
    const own = (done.get(name(item.id)) ?? []).map(([, ...what]) => what);
    if (isMet(item.completion, own)) states.set(item.id, "complete");
  }
  const known: Known = { now: now * 1_000, states, scores: new Map(), cohorts: new Set(), profile: new Map() };
  const at = new Date(known.now).toISOString();
  const facts = [...states].map(([item, state]) => ({ user: "student", at, item, state }));
  const byEngine = engineStates(programOf(document), { now: known.now, facts });
  return items.map(({ chapter, item }) => {
    const isOpen = [chapter.rule, item.rule].every((rule) => outcomeOf(rule, known) === "open");
    const byRules = item.status === "draft" ? "hidden" : isOpen ? "open" : "locked";
    return { item: name(item.id), byRules, byEngine: byEngine.get(item.id) };
  });
}

describe.skipIf(!hasCourses)("real exports of Canvas", () => {
  it.each(["gated-12-60", "no-gates"])(
    "%s: every module, item, gate and requirement in the file is in the report",
    async (file) => {
      const { summary, order, gates } = expectedSchema.parse(courseJson(`canvas/${file}.EXPECTED.json`));
      const { document, report } = await importedFile(CANVAS, `canvas/${file}.imscc`);
      expect(importReportSchema.parse(report)).toEqual(report);
      const { module, ...types } = report.content.elements;
      expect(module).toBe(summary.modules);
      expect(types).toEqual(summary.items_by_type);
      const name = (id: string) => id.slice(document.slug.length + 1);
      const shown = order.map((one) => ({
        ...one,
        items: one.items.filter((item) => report.items.some(({ id }) => name(id) === item)),
      }));
      expect(
        document.chapters.map((chapter) => ({
          module: name(chapter.id),
          items: (chapter.problems ?? []).map(({ id }) => name(id)),
        })),
      ).toEqual(shown);
      expect(report.content.left_out.find(({ what }) => what.startsWith("headings"))?.count).toBe(
        summary.items_by_type[HEADING],
      );
      expect(report.gates.map(({ source }) => source.split(" ").at(-1))).toEqual(gates.map((gate) => gate.module));
      const asked = Object.values(summary.requirements).reduce((sum, count) => sum + count, 0);
      expect(report.completion).toHaveLength(asked);
      expect(report.counts).toMatchObject({ approximated: 0, unmapped: 0 });
    },
  );

  it("gated-12-60: every history gives the states that Canvas documents", async () => {
    const { histories } = expectedSchema.parse(courseJson("canvas/gated-12-60.EXPECTED.json"));
    const imported = await importedFile(CANVAS, "canvas/gated-12-60.imscc");
    expect(histories).toHaveLength(60);
    for (const { now, events, expected } of histories) {
      const stateOf = new Map(Object.entries(expected).flatMap(([state, names]) => names.map((one) => [one, state])));
      const states = statesOf(imported, now, events);
      expect(states).toEqual(
        states.map(({ item }) => ({ item, byRules: stateOf.get(item), byEngine: stateOf.get(item) })),
      );
      expect(states).toHaveLength(stateOf.size);
    }
  });

  it("plain-cc-1.3: a cartridge of no platform has its folders, kinds and texts, and no unlock rules", async () => {
    const { document, report } = await importedFile(CARTRIDGE, "canvas/plain-cc-1.3.imscc");
    expect(report).toMatchObject({ format: "cartridge", release: "1.3.0", gates: [], completion: [] });
    expect(report.content.elements).toEqual({
      module: 4,
      folder: 4,
      page: 4,
      link: 4,
      discussion: 4,
      quiz: 3,
      assignment: 1,
    });
    expect(document.chapters.map(({ problems = [] }) => problems.length)).toEqual([4, 5, 3, 4]);
    expect(document.chapters[0]?.problems?.[1]).toMatchObject({
      kind: "link",
      content: { en: "[Link 2](<https://resource.example/item/2?a=1&b=2>)" },
    });
    // Three of its quizzes ask one question with choices: their texts come with them.
    expect(report.content.texts).toBe(16);
  });
});

const MANIFEST = `<?xml version="1.0"?><manifest xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"><metadata>
  <schemaversion>1.1.0</schemaversion></metadata><organizations><organization><item identifier="r">
  <item identifier="M1"><title>One</title><item identifier="A" identifierref="RA"><title>Alpha</title></item></item></item></organization></organizations>
  <resources><resource identifier="RA" type="webcontent" href="a%20b.html"><file href="a%20b.html"/></resource></resources></manifest>`;
const module = (id: string, position: number, inside: string) =>
  `<module identifier="${id}"><title>${id}</title><workflow_state>active</workflow_state><position>${position}</position>${inside}</module>`;
const items = (...ids: string[]) =>
  `<items>${ids
    .map(
      (id, i) =>
        `<item identifier="${id}"><content_type>WikiPage</content_type><workflow_state>active</workflow_state><title>${id}</title><position>${i + 1}</position></item>`,
    )
    .join("")}</items>`;
const waitsFor = (...ids: string[]) =>
  `<prerequisites>${ids.map((id) => `<prerequisite type="context_module"><identifierref>${id}</identifierref></prerequisite>`).join("")}</prerequisites>`;
const asks = (...pairs: [string, string, string?][]) =>
  `<completionRequirements>${pairs.map(([type, id, more = ""]) => `<completionRequirement type="${type}"><identifierref>${id}</identifierref>${more}</completionRequirement>`).join("")}</completionRequirements>`;

const importing = (format: Format, files: Files) =>
  importCourse(format, archiveFiles(blobSource(new Blob([zipOf(files)]), "c.imscc")), { course: "c" });
async function canvas(...modules: string[]) {
  const result = await importing(CANVAS, {
    "imsmanifest.xml": MANIFEST,
    "course_settings/module_meta.xml": `<modules xmlns="http://canvas.instructure.com/xsd/cccv1p0">${modules.join("")}</modules>`,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}
const complete = (item: string) => ({ state: { item: `c.${item}`, is: ["complete", "passed"] } });

describe("modules of Canvas", () => {
  it("wait for what their prerequisites ask for, and for what those waited for", async () => {
    const { document } = await canvas(
      module("m1", 1, `<unlock_at>2026-01-02T03:04:05</unlock_at>${items("a", "b")}${asks(["must_view", "a"])}`),
      module("m2", 2, `${waitsFor("m1")}${items("d")}${asks(["must_submit", "d"])}`),
      module("m3", 3, `${waitsFor("m2")}${items("e")}`),
    );
    const from = { from: "2026-01-02T03:04:05.000Z" };
    expect(document.chapters.map(({ rule }) => rule)).toEqual([
      from,
      { all: [from, complete("a")] },
      { all: [from, complete("a"), complete("d")] },
    ]);
  });

  it("that ask for some of their requirements are complete with that number of them", async () => {
    const { document } = await canvas(
      module(
        "m1",
        1,
        `<requirement_count>1</requirement_count>${items("a", "b")}${asks(["must_view", "a"], ["must_mark_done", "b"])}`,
      ),
      module("m2", 2, `${waitsFor("m1")}${items("d")}`),
    );
    expect(document.chapters[1]?.rule).toEqual({ at_least: { count: 1, of: [complete("a"), complete("b")] } });
  });

  it("with sequential progress lock the items after the first item that is not done", async () => {
    const { document } = await canvas(
      module(
        "m1",
        1,
        `<require_sequential_progress>true</require_sequential_progress>${items("a", "b", "d")}${asks(["must_view", "a"], ["must_contribute", "b"])}`,
      ),
    );
    expect(document.chapters[0]?.problems?.map(({ rule }) => rule)).toEqual([
      null,
      complete("a"),
      { all: [complete("a"), complete("b")] },
    ]);
  });

  it("drop prerequisites that are gone, come later or are unpublished, and report them", async () => {
    const { document, report } = await canvas(
      module("m1", 1, `${waitsFor("m2", "gone")}${items("a")}`),
      module("m2", 2, items("b")).replace("active", "unpublished"),
      module("m3", 3, `${waitsFor("m2")}${items("d")}`),
    );
    expect(document.chapters.map(({ rule }) => rule)).toEqual([null, null, null]);
    expect(document.chapters[1]?.status).toBe("draft");
    expect(report.gates.map(({ why }) => why)).toEqual([
      expect.stringMatching(/"m2" comes later.*"gone" is not in the file/),
      expect.stringContaining("not published"),
    ]);
  });

  it("report requirements that are on no item, without their number or of an unknown kind", async () => {
    const { report } = await canvas(
      module(
        "m1",
        1,
        `${items("a", "b", "d")}${asks(["min_percentage", "a"], ["must_dance", "b"], ["min_score", "d", "<min_score>7.5</min_score>"], ["must_view", "x"])}`,
      ),
    );
    const verdicts = report.completion.map(({ mapped, verdict }) => [mapped, verdict]).toSorted();
    expect(verdicts).toEqual(
      [
        [null, "exact"],
        [{ score: {} }, "approximated"],
        [{ contribute: true }, "unmapped"],
        [{ points: { min: 7.5 } }, "exact"],
      ].toSorted(),
    );
  });
});

/** Resources of every kind: those of `shown` stand in a module, or in an item. */
const ALL_KINDS = `<manifest><metadata><schemaversion>1.3.0</schemaversion></metadata>
  <organizations><organization><item><item identifier="i" identifierref="page-a"><title>A</title></item></item></organization></organizations>
  <resources>
    <resource identifier="page-a" type="webcontent" href="wiki_content/a.html"><file href="wiki_content/a.html"/></resource>
    <resource identifier="page-b" type="webcontent" href="wiki_content/b.html"><file href="wiki_content/b.html"/></resource>
    <resource identifier="web" type="webcontent" href="web_resources/c.png"><file href="web_resources/c.png"/></resource>
    <resource identifier="talk" type="imsdt_xmlv1p1"><file href="talk.xml"/><dependency identifierref="talk-meta"/></resource>
    <resource identifier="talk-meta" type="associatedcontent/imscc_xmlv1p1/learning-application-resource" href="meta.xml"/>
    <resource identifier="link" type="imswl_xmlv1p1"><file href="link.xml"/></resource>
    <resource identifier="tool" type="imsbasiclti_xmlv1p0"><file href="tool.xml"/></resource>
    <resource identifier="quiz" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="quiz/assessment_qti.xml"/></resource>
    <resource identifier="work" type="assignment_xmlv1p0" href="work/assignment.xml"><file href="work/assignment.xml"/></resource>
    <resource identifier="work-fallback" type="webcontent"><variant identifier="v" identifierref="work"/><file href="work/w.html"/></resource>
  </resources></manifest>`;
const leftOut = (result: Awaited<ReturnType<typeof importing>>) =>
  result.ok ? result.value.report.content.left_out.map(({ what, count }) => `${count} ${what}`).toSorted() : [];

describe("an element that no page can show", () => {
  it("is counted by kind, in an export of Canvas and in a plain cartridge", async () => {
    const shows = items("i").replace("</title>", "</title><identifierref>page-a</identifierref>");
    const exported = await importing(CANVAS, {
      "imsmanifest.xml": ALL_KINDS,
      "course_settings/module_meta.xml": `<modules>${module("m1", 1, shows)}</modules>`,
      "quiz/assessment_meta.xml": "<quiz/>",
    });
    expect(leftOut(exported)).toEqual([
      "1 assignments in no module",
      "1 discussions in no module",
      "1 links in no module",
      "1 pages in no module",
      "1 quizzes in no module",
      "1 tools in no module",
    ]);
    expect(leftOut(await importing(CARTRIDGE, { "imsmanifest.xml": ALL_KINDS }))).toEqual([
      "1 assignments that no item shows",
      "1 discussions that no item shows",
      "1 links that no item shows",
      "1 pages that no item shows",
      "1 quizzes that no item shows",
      "1 tools that no item shows",
    ]);
  });
});

describe("cartridges", () => {
  const plain = {
    "imsmanifest.xml": MANIFEST,
    "a b.html": "<html><head><title>x</title></head><body><p>Hello</p></body></html>",
  };
  const errors = async (format: Format, files: Files) => {
    const result = await importing(format, files);
    return result.ok ? "imported" : result.refusal.errors?.map(({ path, rule }) => `${path} ${rule}`);
  };

  it("are read in UTF-16, with escaped names", async () => {
    for (const isLittle of [true, false]) {
      const result = await importing(CARTRIDGE, { ...plain, "imsmanifest.xml": utf16(MANIFEST, isLittle) });
      expect(result).toMatchObject({
        value: { document: { chapters: [{ problems: [{ title: { en: "Alpha" }, content: { en: "Hello" } }] }] } },
      });
    }
  });

  it("may be in a folder of their own, or be a single file", async () => {
    const within = Object.fromEntries(Object.entries(plain).map(([path, content]) => [`repo-main/${path}`, content]));
    expect(await importing(CARTRIDGE, within)).toMatchObject({
      value: { report: { content: { texts: 1, notes: [] } } },
    });
    const modules = `<modules>${module("m1", 1, items("a"))}</modules>`;
    const export_ = { ...within, "repo-main/course_settings/module_meta.xml": modules };
    expect(await importing(CANVAS, export_)).toMatchObject({
      value: { document: { chapters: [{ problems: [{ id: "c.a" }] }] } },
    });
    const flat = archiveFiles(blobSource(new Blob([MANIFEST]), "cc1-3flat.xml"));
    expect(await importCourse(CARTRIDGE, flat, { course: "c" })).toMatchObject({
      value: { document: { chapters: [{ title: { en: "One" } }] } },
    });
  });

  it("of Canvas are told apart from plain ones", async () => {
    expect(await errors(CANVAS, plain)).toEqual(["course_settings/module_meta.xml missing_file"]);
    expect(await errors(CARTRIDGE, { ...plain, "course_settings/module_meta.xml": "<modules/>" })).toEqual([
      "course_settings/module_meta.xml wrong_format",
    ]);
  });

  it("that are none are refused with their place", async () => {
    expect(await errors(CARTRIDGE, { "a.txt": "x" })).toEqual(["imsmanifest.xml missing_file"]);
    expect(await errors(CARTRIDGE, { "imsmanifest.xml": "<html/>" })).toEqual(["imsmanifest.xml:1 no_manifest"]);
    expect(await errors(CANVAS, { ...plain, "course_settings/module_meta.xml": "<modules><module>" })).toEqual([
      expect.stringMatching(/^course_settings\/module_meta\.xml:1:\d+ malformed_xml$/),
    ]);
  });
});
