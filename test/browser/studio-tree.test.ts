import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonBody } from "../../src/web/lib/json-body.ts";
import { differences } from "../../src/web/pages/author/studio/differences.ts";
import { step } from "../../src/web/pages/author/studio/history.ts";
import { findingsIn } from "../../src/web/pages/author/studio/place-findings.ts";
import { copyOf, dependentsOf, documentFor, idsIn, withId } from "../../src/web/pages/author/studio/references.ts";
import { dropAt, rowsOf } from "../../src/web/pages/author/studio/rows.ts";
import { withPart } from "../../src/web/pages/author/studio/text.ts";
import {
  keyOfId,
  leafOf,
  moved,
  readTree,
  stepFrom,
  type Tree,
  withLeaf,
  without,
  writeTree,
} from "../../src/web/pages/author/studio/tree.ts";
import { treeText } from "../../src/web/pages/author/studio/tree-text.ts";

const DOCUMENT = {
  slug: "c",
  title: { zh: "课" },
  unknown: { kept: [1, null] },
  chapters: [
    {
      problems: [
        { id: "c.p", title: "P" },
        { id: "c.q", rule: { score: { item: "c.p", min: 5 } } },
      ],
      id: "c.a",
      title: "A",
    },
    { id: "c.b", title: "B", rule: { all: [{ completed: "c.a" }, { average: { of: ["c.p", "c.q"] } }] } },
  ],
  options: { tutorial: "c.a" },
};

function read(document: unknown): Tree {
  const tree = readTree(document);
  if (tree === null) throw new Error("no outline");
  return tree;
}
function keyOf(tree: Tree, id: string): number {
  const key = keyOfId(tree, id);
  if (key === null) throw new Error(`no ${id}`);
  return key;
}
const order = (tree: Tree) => rowsOf(tree, new Set()).map(({ leaf, level }) => `${level}${String(leaf.fields.id)}`);

describe("a document as an outline", () => {
  it("is written exactly as it was read: no field, order or list is added or lost", () => {
    expect(JSON.stringify(writeTree(read(DOCUMENT)))).toBe(JSON.stringify(DOCUMENT));
    expect(JSON.stringify(writeTree(read({})))).toBe("{}");
    for (const odd of [null, [], "x", { chapters: {} }, { chapters: [1] }, { chapters: [{ problems: "x" }] }]) {
      expect(readTree(odd)).toBeNull();
    }
  });

  it("has the same text as JSON, whatever was written before", () => {
    const fields = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
    const list = fc.option(fc.array(fields, { maxLength: 3 }), { nil: undefined });
    const chapter = fc.tuple(fields, list).map(([own, problems]) => (problems ? { ...own, problems } : own));
    const chapters = fc.option(fc.array(chapter, { maxLength: 3 }), { nil: undefined });
    const document = fc
      .tuple(fields, chapters, list)
      .map(([own, some, loose]) => ({ ...own, chapters: some, problems: loose }));
    fc.assert(
      fc.property(document, fields, (written, other) => {
        const tree = readTree(written);
        if (tree === null) return;
        const whole = (one: Tree) => JSON.stringify(writeTree(one), null, 2);
        expect(treeText(tree)).toBe(whole(tree));
        const leaf = { key: 0, fields: other };
        for (const kind of ["chapter", "problem"] as const) {
          const parent = kind === "problem" ? (tree.chapters[0]?.key ?? null) : null;
          const more = withLeaf(tree, leaf, { kind, parent, index: 0 });
          expect(treeText(more)).toBe(whole(more));
          expect(treeText(without(more, 0))).toBe(whole(tree));
        }
      }),
    );
  });

  it("is sent unchanged in pieces, even if a piece ends inside a character", async () => {
    for (const shift of [0, 1]) {
      const text = `${"x".repeat(499_999 + shift)}😀"\\${"é\n".repeat(300_000)}`;
      const body = await jsonBody({ revision: 3, base: null }, "text", text);
      expect(JSON.parse(await body.text())).toEqual({ revision: 3, base: null, text });
      const whole = await jsonBody({ learner: "ada" }, "document", JSON.stringify({ text }), { raw: true });
      expect(JSON.parse(await whole.text())).toEqual({ learner: "ada", document: { text } });
    }
    expect(JSON.parse(await (await jsonBody({}, "text", "")).text())).toEqual({ text: "" });
  });

  it("moves items step by step from one chapter into the next, and out of all chapters", () => {
    let tree = read(DOCUMENT);
    const key = keyOf(tree, "c.q");
    const walked: string[][] = [];
    for (let to = stepFrom(tree, key, 1); to !== null; to = stepFrom(tree, key, 1)) {
      tree = moved(tree, key, to);
      walked.push(order(tree));
    }
    expect(walked).toEqual([
      ["1c.a", "2c.p", "1c.b", "2c.q"],
      ["1c.a", "2c.p", "1c.b", "1c.q"],
    ]);
    expect(writeTree(tree).problems).toEqual([{ id: "c.q", rule: { score: { item: "c.p", min: 5 } } }]);
  });

  it("drops a dragged item at the pointer", () => {
    const tree = read(DOCUMENT);
    const rows = rowsOf(tree, new Set());
    const row = (id: string) => rows.find(({ leaf }) => leaf.fields.id === id) ?? rows[0];
    const drop = (id: string, height: number) => {
      const dragged = row(id);
      const found = dragged === undefined ? null : dropAt(tree, rows, dragged, height);
      return found === null || dragged === undefined ? null : order(moved(tree, dragged.key, found.to));
    };
    expect(drop("c.p", 2.9)).toEqual(["1c.a", "2c.q", "2c.p", "1c.b"]);
    expect(drop("c.p", 3.5)).toEqual(["1c.a", "2c.q", "1c.b", "2c.p"]);
    expect(drop("c.q", 0.5)).toEqual(["1c.a", "2c.q", "2c.p", "1c.b"]);
    expect(drop("c.b", 0.2)).toEqual(["1c.b", "1c.a", "2c.p", "2c.q"]);
    expect(drop("c.a", 3.9)).toEqual(["1c.b", "1c.a", "2c.p", "2c.q"]);
    expect(drop("c.a", 0.1)).toEqual(order(tree));
  });

  it("names the items that wait for an item, and changes a renamed id everywhere", () => {
    const tree = read(DOCUMENT);
    const chapter = leafOf(tree, keyOf(tree, "c.a"));
    if (chapter === null) throw new Error("no chapter");
    expect(dependentsOf(tree, idsIn(chapter)).map(({ fields }) => fields.id)).toEqual(["c.b"]);
    const renamed = JSON.stringify(writeTree(withId(tree, keyOf(tree, "c.p"), "c.new")));
    expect(renamed).not.toContain('"c.p"');
    expect(renamed.split('"c.new"').length - 1).toBe(3);
    expect(writeTree(withId(tree, chapter.key, "c.z")).options).toEqual({ tutorial: "c.z" });
  });

  it("copies a chapter with new ids, also in its own rules", () => {
    const tree = read(DOCUMENT);
    const chapter = leafOf(tree, keyOf(tree, "c.a"));
    if (chapter === null) throw new Error("no chapter");
    const copied = withLeaf(
      tree,
      copyOf(tree, chapter, (title) => `${String(title)} again`),
      { kind: "chapter", parent: null, index: 1 },
    );
    const ids = order(copied);
    expect(ids).toEqual(["1c.a", "2c.p", "2c.q", "1c.a-copy", "2c.p-copy", "2c.q-copy", "1c.b"]);
    expect(JSON.stringify(writeTree(copied))).toContain('{"item":"c.p-copy","min":5}');
  });

  it("can be changed into that of another course: ids and links change, texts do not", () => {
    const content = "c.a stays, [link](/courses/c/chapters/a) follows";
    const picture = (course: string) => `![](/api/v1/courses/${course}/items/${course}.a/files/1)`;
    const question = (course: string) => ({ kind: "choice", options: [{ id: "x", text: { en: picture(course) } }] });
    const chapter = { id: "c.a", title: "c.a", content, question: question("c") };
    const next = documentFor({ ...DOCUMENT, chapters: [chapter] }, "d");
    expect(next).toMatchObject({
      slug: "d",
      options: { tutorial: "d.a" },
      chapters: [
        {
          id: "d.a",
          title: "c.a",
          content: "c.a stays, [link](/courses/d/chapters/a) follows",
          question: question("d"),
        },
      ],
    });
  });

  it("has each finding at its item and field", () => {
    const tree = read(DOCUMENT);
    const place = (path: string) => {
      const [finding] = findingsIn(tree, [{ path, rule: "r", message: "m" }], true);
      const leaf = finding === undefined ? null : leafOf(tree, finding.key);
      return [leaf?.fields.id ?? null, finding?.field];
    };
    expect(place("document.chapters[0].problems[1].rule.score.item")).toEqual(["c.q", "rule"]);
    expect(place("chapters[1]")).toEqual(["c.b", ""]);
    expect(place("chapters[1].completion")).toEqual(["c.b", "completion"]);
    expect(place("document.options.tutorial")).toEqual([null, "options"]);
    expect(place("chapters[9].rule")[0]).toBeNull();
  });
});

describe("the difference of two documents", () => {
  it("shows what was added, removed, moved and changed; an item that others only pushed aside has not moved", () => {
    const from = read(DOCUMENT);
    const key = keyOf(from, "c.q");
    let to = moved(without(from, keyOf(from, "c.p")), key, { kind: "problem", parent: keyOf(from, "c.b"), index: 0 });
    to = withLeaf(to, { key: 10_000, fields: { id: "c.n", title: "N" } }, { kind: "chapter", parent: null, index: 0 });
    const { items, course } = differences(from, to, "en");
    expect(items.map(({ kind, id }) => `${kind} ${id}`)).toEqual(["added c.n", "moved c.q", "removed c.p"]);
    expect(course).toEqual([]);
  });

  it("treats an absent field like its default", () => {
    const published = {
      ...DOCUMENT,
      title: { zh: "课" },
      options: {
        tutorial: "c.a",
        sequential: false,
        sticky: true,
        problems_follow_chapter: true,
        open_enrollment: true,
      },
      problems: [],
      chapters: DOCUMENT.chapters.map((chapter) => ({
        ...chapter,
        title: { en: chapter.title },
        status: "active",
        content: null,
        rule: "rule" in chapter ? chapter.rule : null,
      })),
    };
    expect(differences(read(published), read(DOCUMENT), "en")).toEqual({ items: [], course: [] });
  });
});

describe("the history of a document", () => {
  const at = (text: string, what: string, when: number) => ({ kind: "change" as const, to: { text }, what, at: when });

  it("counts quick changes of one field as one step, and drops undone steps after a new change", () => {
    let history: Parameters<typeof step>[0] = { past: [], present: { text: "0" }, future: [], last: null };
    for (const act of [at("1", "title", 0), at("2", "title", 100), at("3", "rule", 200), at("4", "rule", 9_000)]) {
      history = step(history, act);
    }
    expect(history.past).toEqual([{ text: "0" }, { text: "2" }, { text: "3" }]);
    history = step(step(history, { kind: "undo" }), { kind: "undo" });
    expect(history.present).toEqual({ text: "2" });
    expect(step(history, { kind: "redo" }).present).toEqual({ text: "3" });
    expect(step(history, at("5", "", 9_100)).future).toEqual([]);
  });
});

it("a text in two languages keeps its form if that is enough", () => {
  expect(withPart("a", "en", "b")).toBe("b");
  expect(withPart("a", "zh", "字")).toEqual({ en: "a", zh: "字" });
  expect(withPart({ en: "a", zh: "字" }, "zh", "")).toEqual({ en: "a" });
  expect(withPart(undefined, "zh", "字")).toEqual({ zh: "字" });
});
