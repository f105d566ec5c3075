import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Files, tgzOf, zipOf } from "../../support/courses/archives.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { AUTHOR, backup, imported } from "./support.ts";

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 4]);
const NOTES = new TextEncoder().encode("what to bring");
const hashOf = (digit: string) => digit.repeat(40);
const blob = (digit: string) => `files/${digit.repeat(2)}/${hashOf(digit)}`;

const row = (digit: string, name: string, context: number, area: string) => `<file id="1">
  <contenthash>${hashOf(digit)}</contenthash><contextid>${context}</contextid><component>mod_page</component>
  <filearea>${area}</filearea><itemid>0</itemid><filepath>/</filepath><filename>${name}</filename></file>`;

/** Three pages; the second is open and shows a picture, the third waits and links to it and to the others. */
function withFiles(): Files {
  const page = (id: number, html: string) =>
    `<activity id="${id}" moduleid="${id}" modulename="page" contextid="${id}0"><page id="${id}"><name>A${id}</name>
     <content>${html.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</content></page></activity>`;
  return {
    ...backup("2090-01-01T00:00:00Z"),
    "files.xml": `<files>${row("a", "a plan.png", 20, "content")}${row("b", "notes.txt", 30, "content")}
      ${row("a", "same.png", 30, "content")}${row("c", "gone.png", 20, "content")}${row("d", "essay.txt", 20, "submission_files")}</files>`,
    "activities/page_2/page.xml": page(
      2,
      `<p>Look: <img src="@@PLUGINFILE@@/a%20plan.png" alt="the plan"> and <a href="$@PAGEVIEWBYID*1@$">the first</a>,
       <a href="$@PAGEVIEWBYID*77@$">nothing</a> <img src="@@PLUGINFILE@@/gone.png" alt="gone"></p>`,
    ),
    "activities/page_3/page.xml": page(
      3,
      '<a href="@@PLUGINFILE@@/notes.txt">notes</a> <img src="@@PLUGINFILE@@/same.png" alt="again">',
    ),
    [blob("a")]: PNG,
    [blob("b")]: NOTES,
    [blob("d")]: "an essay of somebody",
  };
}

const documentSchema = z.object({
  chapters: z.array(
    z.object({ problems: z.array(z.object({ id: z.string(), content: z.object({ en: z.string() }).nullable() })) }),
  ),
});

async function textsOf(course: string, version: number): Promise<Map<string, string>> {
  const answer = await call("GET", `/courses/${course}/versions/${version}`, {
    token: await tokenOf(AUTHOR, "author"),
  });
  const { chapters } = documentSchema.parse(await answer.json());
  const problems = chapters.flatMap((chapter) => chapter.problems);
  return new Map(problems.map(({ id, content }) => [id.split(".").at(-1) ?? "", content?.en ?? ""]));
}

const addressIn = (text: string | undefined) => /<(\/api\/v1\/courses\/[^>]+)>/.exec(text ?? "")?.[1] ?? "none";
const get = async (address: string, user: string, headers = {}) =>
  call("GET", address.replace("/api/v1", ""), { token: await tokenOf(user), headers });

async function filesOf(course: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT name FROM files WHERE upload_key LIKE ? ORDER BY name")
    .bind(`course ${course} %`)
    .all<{ name: string }>();
  return results.map(({ name }) => name);
}

describe("files of an imported course", () => {
  it("are imported once with the items that show them, and open for everybody who may open such an item", async () => {
    const slug = freshSlug("pictured");
    const done = await imported(await tgzOf(withFiles()), { course: slug });
    expect(done).toMatchObject({ state: "done", version: 1 });
    const texts = await textsOf(slug, 1);
    expect(texts.get("page-2")).toContain(`[the first](</courses/${slug}/problems/${slug}.page-1>)`);
    expect(texts.get("page-2")).toMatch(/!\[the plan\]\(<\/api\/v1\/courses\/.+\/files\/[0-9a-f]{32}>\)/);
    expect(texts.get("page-2")).toMatch(/, nothing gone$/);
    // Whatever it is called, a file is kept once; what people submitted is no file of the course.
    expect(await filesOf(slug)).toEqual(["a plan.png", "notes.txt"]);
    const report = await call("GET", `/courses/imports/${done.id}/report`, { token: await tokenOf(AUTHOR, "author") });
    expect(await report.json()).toMatchObject({ content: { attached: 3 } });

    expect((await imported(zipOf(withFiles()), { course: slug })).version).toBe(1);
    expect(await filesOf(slug)).toEqual(["a plan.png", "notes.txt"]);

    const shown = addressIn(texts.get("page-2"));
    expect((await get(shown, "ada")).status).toBe(404);
    const token = await tokenOf(AUTHOR, "author");
    await call("POST", `/courses/${slug}/versions/1/activate`, { token, body: {} });
    await call("POST", `/courses/${slug}/enrollments`, { token, body: { user_id: "ada" } });
    const picture = await get(shown, "ada");
    expect(picture.status).toBe(200);
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect(picture.headers.get("content-disposition")).toContain("attachment");
    expect(new Uint8Array(await picture.arrayBuffer())).toEqual(PNG);
    expect((await get(shown, "ada", { range: "bytes=0-3" })).status).toBe(206);

    const locked = addressIn(texts.get("page-3"));
    expect((await get(locked, "ada")).status).toBe(404);
    // The item is open, and does not name the file.
    const other = locked.replace("page-3", "page-1");
    expect((await get(other, "ada")).status).toBe(404);
    expect((await get(shown, "stranger")).status).toBe(404);
    const staff = await call("GET", locked.replace("/api/v1", ""), { token });
    expect(await staff.text()).toBe("what to bring");
  });

  it("can be copied once into another course of the same author, and by nobody else", async () => {
    const slug = freshSlug("original");
    await imported(await tgzOf(withFiles()), { course: slug });
    const id =
      addressIn((await textsOf(slug, 1)).get("page-2"))
        .split("/")
        .at(-1) ?? "";
    const copy = freshSlug("copy");
    const token = await tokenOf(AUTHOR, "author");
    await call("POST", "/courses", { token, body: { slug: copy, title: "Copy" } });
    const ask = (files: string[], as = token) =>
      call("POST", `/courses/${copy}/files/copies`, { token: as, body: { from: slug, files } });
    const copied = z.object({ results: z.array(z.object({ from: z.string(), id: z.string(), name: z.string() })) });
    const gone = "0".repeat(32);
    const first = await read(await ask([id, gone, id]), 200, copied);
    expect(first.results).toMatchObject([{ from: id, name: "a plan.png" }]);
    expect(first.results[0]?.id).not.toBe(id);
    expect(await read(await ask([id]), 200, copied)).toEqual(first);
    expect(await filesOf(copy)).toEqual(["a plan.png"]);
    const file = await call("GET", `/courses/${copy}/files/${first.results[0]?.id}`, { token });
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(PNG);
    // A stranger may have a course of their own, and still nothing of this one.
    const stranger = await tokenOf("stranger", "author");
    await problem(await ask([id], stranger), 404);
    const theirs = freshSlug("theirs");
    await call("POST", "/courses", { token: stranger, body: { slug: theirs, title: "Theirs" } });
    const body = { from: slug, files: [id] };
    await problem(await call("POST", `/courses/${theirs}/files/copies`, { token: stranger, body }), 404);
    expect(await filesOf(theirs)).toEqual([]);
    await problem(await ask([]), 400);
  });

  it("of other courses cannot be reached by a text that names them", async () => {
    const slug = freshSlug("thief");
    const stolen = await imported(await tgzOf(withFiles()), { course: freshSlug("victim") });
    const id = /files\/([0-9a-f]{32})/.exec((await textsOf(stolen.course, 1)).get("page-3") ?? "")?.[1];
    const token = await tokenOf("thief", "author");
    const document = {
      slug,
      title: { en: "Mine" },
      problems: [{ id: `${slug}.p`, title: { en: "P" }, content: { en: `[x](/files/${id})` } }],
    };
    await call("POST", "/courses", { token, body: { slug, title: "Mine" } });
    expect((await call("POST", `/courses/${slug}/versions`, { token, body: { document } })).status).toBe(201);
    expect((await call("GET", `/courses/${slug}/items/${slug}.p/files/${id}`, { token })).status).toBe(404);
  });

  it("are removed if the course is refused; all files that versions name are kept", async () => {
    // No kind of item begins with a digit, which is found when the files have been stored.
    const refused = {
      ...withFiles(),
      "activities/1x_9/module.xml": '<module id="9"><sectionid>1</sectionid><visible>1</visible></module>',
      "sections/section_1/section.xml":
        '<section id="1"><number>0</number><name>S</name><sequence>1,2,9</sequence><visible>1</visible></section>',
      [blob("c")]: "another picture",
    };
    const slug = freshSlug("failing");
    expect(await imported(zipOf(refused), { course: slug })).toMatchObject({ state: "failed" });
    expect(await filesOf(slug)).toEqual([]);
    await imported(await tgzOf(withFiles()), { course: slug });
    expect(await imported(zipOf(refused), { course: slug })).toMatchObject({ state: "failed" });
    expect(await filesOf(slug)).toEqual(["a plan.png", "notes.txt"]);
  });
});
