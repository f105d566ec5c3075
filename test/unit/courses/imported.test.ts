import { expect, it } from "vitest";
import { checkImported } from "../../../src/courses/foreign.ts";
import { IMPORT_FORMATS } from "../../../src/courses/import-formats.ts";
import type { ImportedDocument } from "../../../src/courses/importers/document.ts";
import { NO_LINKS } from "../../../src/courses/importers/format.ts";
import { FORMATS } from "../../../src/courses/importers/formats.ts";
import { ReportBuilder } from "../../../src/courses/importers/report.ts";

const item = (id: string) => ({ id, title: { en: id }, rule: null, content: null });

function imported(change: (document: ImportedDocument) => void) {
  const document: ImportedDocument = {
    slug: "c",
    title: { en: "C" },
    options: {},
    chapters: [
      { ...item("c.one"), problems: [item("c.p1"), item("c.p2")] },
      { ...item("c.two"), problems: [] },
    ],
    problems: [item("c.p3")],
  };
  change(document);
  const report = new ReportBuilder();
  const sources = { "c.one": "one.xml", "c.p2": "two.xml", "c.p3": "three.xml" };
  for (const [id, source] of Object.entries(sources)) report.items.push({ source, id, kind: "page", title: id });
  return { document, report: report.build("test", "1", { files: 1, bytes: 1 }), people: null, links: NO_LINKS };
}

const errorsOf = async (change: (document: ImportedDocument) => void) => {
  const checked = await checkImported(imported(change), 0);
  return checked.ok ? [] : checked.refusal.errors?.map(({ path, rule }) => ({ path, rule }));
};

it("an imported course that breaks a rule is refused, with the file that the item was read from", async () => {
  expect(await errorsOf(() => {})).toEqual([]);
  const broken = (document: ImportedDocument) => {
    const [one, two] = document.chapters;
    Object.assign(one?.problems?.[1] ?? {}, { kind: "No kind" });
    Object.assign(document.problems[0] ?? {}, { title: { en: "" } });
    Object.assign(two ?? {}, { status: "gone" });
  };
  expect(await errorsOf(broken)).toEqual([
    { path: "two.xml: chapters[0].problems[1].kind", rule: "invalid_format" },
    { path: "chapters[1].status", rule: "invalid_value" },
    { path: "three.xml: problems[0].title.en", rule: "too_small" },
  ]);
  const dangling = (document: ImportedDocument) =>
    Object.assign(document.chapters[0] ?? {}, { rule: { completed: "c.nowhere" } });
  expect(await errorsOf(dangling)).toEqual([{ path: "one.xml: chapters[0].rule.completed", rule: "dangling" }]);
});

it("a course document that is larger than the limit is refused with that limit", async () => {
  const large = (document: ImportedDocument) => {
    document.chapters = Array.from({ length: 150 }, (_, n) => ({
      ...item(`c.n${n}`),
      content: { en: "x".repeat(60_000) },
    }));
  };
  expect(await errorsOf(large)).toEqual([{ path: "document", rule: "too_big" }]);
});

it("each format has one reader, under its own name", async () => {
  for (const name of IMPORT_FORMATS) expect(FORMATS[name].name).toBe(name);
});
