import { describe, expect, it } from "vitest";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { CANVAS } from "../../../../src/courses/importers/canvas/index.ts";
import { CARTRIDGE } from "../../../../src/courses/importers/cartridge/index.ts";
import { type Format, importCourse } from "../../../../src/courses/importers/format.ts";
import { filesNamed, settleLinks } from "../../../../src/courses/importers/links.ts";
import { OLX } from "../../../../src/courses/importers/olx/index.ts";
import { type Files, zipOf } from "../../../support/courses/archives.ts";

/** Imports a source whose files get the ids f1, f2, … in the order of the course. */
async function settled(format: Format, files: Files) {
  const source = blobSource(new Blob([zipOf(files)]), "source.zip");
  const imported = await importCourse(format, archiveFiles(source), { course: "c" });
  if (!imported.ok) throw new Error(JSON.stringify(imported.refusal));
  const paths = filesNamed(imported.value.document);
  const stored = new Map(paths.map((path, at) => [path, `f${at + 1}`]));
  const { document, report } = settleLinks(imported.value, stored);
  const items = document.chapters.flatMap((chapter) => chapter.problems ?? []);
  return { paths, report, texts: new Map(items.map(({ id, content }) => [id.slice(2), content?.en ?? ""])) };
}

const manifest = (items: string, resources: string) => `<manifest><metadata><schemaversion>1.1.0</schemaversion>
  </metadata><organizations><organization><item><item identifier="m"><title>M</title>${items}</item></item></organization>
  </organizations><resources>${resources}</resources></manifest>`;

describe("links of texts", () => {
  it("in an export of Canvas lead to files in web_resources, to pages by name and to objects by identifier", async () => {
    const item = (id: string, type: string, ref: string) =>
      `<item identifier="${id}"><content_type>${type}</content_type><title>${id}</title><identifierref>${ref}</identifierref></item>`;
    const { paths, texts } = await settled(CANVAS, {
      "imsmanifest.xml": manifest(
        "",
        `<resource identifier="r1" type="webcontent" href="wiki_content/start-here.html"><file href="wiki_content/start-here.html"/></resource>
         <resource identifier="r2" type="webcontent" href="wiki_content/next.html"><file href="wiki_content/next.html"/></resource>
         <resource identifier="r3" type="webcontent" href="web_resources/Uploads/a%20plan.pdf"><file href="web_resources/Uploads/a%20plan.pdf"/></resource>`,
      ),
      "course_settings/module_meta.xml": `<modules><module identifier="m"><title>M</title><items>
        ${item("one", "WikiPage", "r1")}${item("two", "WikiPage", "r2")}${item("three", "Attachment", "r3")}</items></module></modules>`,
      "wiki_content/start-here.html": `<p><img src="%24IMS-CC-FILEBASE%24/Uploads/a%20picture.png?canvas_download=1" alt="P">
        <a href="$WIKI_REFERENCE$/pages/next">next</a> <a href="$CANVAS_OBJECT_REFERENCE$/assignments/r2">object</a>
        <a href="$CANVAS_COURSE_REFERENCE$/file_ref/r3?wrap=1">plan</a> <a href="$CANVAS_COURSE_REFERENCE$/modules">modules</a>
        <a href="$WIKI_REFERENCE$/pages/gone">gone</a></p>`,
      "wiki_content/next.html": "<p>Next</p>",
      "web_resources/Uploads/a picture.png": "p",
      "web_resources/Uploads/a plan.pdf": "q",
    });
    expect(paths).toEqual(["web_resources/Uploads/a picture.png", "web_resources/Uploads/a plan.pdf"]);
    const text = texts.get("one");
    expect(text).toContain("![P](</api/v1/courses/c/items/c.one/files/f1>)");
    expect(text).toContain("[next](</courses/c/problems/c.two>) [object](</courses/c/problems/c.two>)");
    expect(text).toContain("[plan](</api/v1/courses/c/items/c.one/files/f2>) modules gone");
    expect(texts.get("three")).toBe("[a plan.pdf](</api/v1/courses/c/items/c.three/files/f2>)");
  });

  it("in a cartridge are relative to their page, and never leave the archive", async () => {
    const { paths, texts, report } = await settled(CARTRIDGE, {
      "top/imsmanifest.xml": manifest(
        '<item identifier="a" identifierref="r1"><title>A</title></item><item identifier="b" identifierref="r2"><title>B</title></item>',
        `<resource identifier="r1" type="webcontent" href="p/a.html"><file href="p/a.html"/></resource>
         <resource identifier="r2" type="webcontent" href="q/b.html"><file href="q/b.html"/></resource>`,
      ),
      "top/p/a.html":
        '<p><a href="../q/b.html#x">b</a> <img src="../img/x.png" alt="x"> <img src="$IMS-CC-FILEBASE$/../img/x.png" alt="y"> <a href="../../../etc/passwd">no</a></p>',
      "top/q/b.html": "<p>B</p>",
      "top/img/x.png": "x",
    });
    expect(paths).toEqual(["top/img/x.png"]);
    expect(texts.get("a")).toBe(
      "[b](</courses/c/problems/c.b>) ![x](</api/v1/courses/c/items/c.a/files/f1>) ![y](</api/v1/courses/c/items/c.a/files/f1>) no",
    );
    expect(report.content).toMatchObject({ attached: 2 });
  });

  it("in Open edX lead to static files, and to blocks and units by name", async () => {
    const { paths, texts } = await settled(OLX, {
      "course/course.xml": '<course url_name="r" org="O" course="C"/>',
      "course/course/r.xml":
        '<course><chapter url_name="ch"><sequential url_name="s"><vertical url_name="v"><html url_name="h"/><html url_name="i"/></vertical></sequential></chapter></course>',
      "course/html/h.html":
        '<p><a href="/jump_to_id/v">unit</a> <img src="/static/my_picture.png" alt="P"/> <a href="/jump_to/block-v1:O+C+r+type@html+block@i">i</a></p>',
      "course/html/h.xml": '<html filename="h"/>',
      "course/html/i.xml": '<html filename="i"/>',
      "course/html/i.html": '<p><img src="/static/gone.png" alt="G"/></p>',
      "course/static/my_picture.png": "p",
    });
    expect(paths).toEqual(["course/static/my_picture.png"]);
    expect(texts.get("h")).toBe(
      "[unit](</courses/c/problems/c.h>) ![P](</api/v1/courses/c/items/c.h/files/f1>) [i](</courses/c/problems/c.i>)",
    );
    expect(texts.get("i")).toBe("G");
  });

  it("that lead to a file that was not stored, or to no item, become plain text", async () => {
    const source = blobSource(
      new Blob([
        zipOf({
          "imsmanifest.xml": manifest(
            '<item identifier="a" identifierref="r1"><title>A</title></item>',
            '<resource identifier="r1" type="webcontent" href="a.html"><file href="a.html"/></resource>',
          ),
          "a.html":
            '<p><img src="x.png" alt="x"> <a href="b.html"><img src="x.png" alt="in"></a> <a href="b.html">b</a></p>',
          "x.png": "x",
        }),
      ]),
      "s",
    );
    const imported = await importCourse(CARTRIDGE, archiveFiles(source), { course: "c" });
    if (!imported.ok) throw new Error("refused");
    const { document, report } = settleLinks(imported.value, new Map());
    expect(document.chapters[0]?.problems?.[0]?.content?.en).toBe("x [in](<#>) b");
    expect(report.content.left_out).toMatchObject([
      { what: "uses of files", count: 2 },
      { what: "links to items", count: 2 },
    ]);
  });
});
