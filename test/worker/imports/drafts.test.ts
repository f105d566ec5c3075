import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { pruneDrafts } from "../../../src/imports/drop.ts";
import { zipOf } from "../../support/courses/archives.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { AUTHOR, archive, begun, imported, keptOf, seen, versionsOf, workOn } from "./support.ts";

const as = async (user = AUTHOR) => ({ token: await tokenOf(user, "author") });
const drop = async (slug: string, version: number, user = AUTHOR) =>
  call("DELETE", `/courses/${slug}/drafts/${version}`, await as(user));

/** A cartridge of one page that shows a picture. */
const pictured = (picture: string) =>
  zipOf({
    "imsmanifest.xml": `<manifest><organizations><organization><item><item identifier="a" identifierref="r"><title>A</title></item>
      </item></organization></organizations><resources><resource identifier="r" type="webcontent" href="a.html">
      <file href="a.html"/></resource></resources></manifest>`,
    "a.html": `<p>${picture}<img src="a.png" alt="a"></p>`,
    "a.png": picture,
  });
const cartridge = (slug: string, picture: string) =>
  imported(pictured(picture), { course: slug, format: "cartridge", name: "one.imscc" });

const filesOf = async (slug: string) =>
  (await env.DB.prepare("SELECT id FROM files WHERE upload_key LIKE ?").bind(`course ${slug} %`).all()).results.length;
const documentsOf = async (slug: string) => (await env.DOCUMENTS.list({ prefix: `courses/${slug}/` })).objects.length;

describe("a draft that is deleted", () => {
  it("is gone with its texts, its document and the files that no other version names; its number is not used again", async () => {
    const slug = freshSlug("dropped");
    expect((await cartridge(slug, "one")).version).toBe(1);
    expect((await cartridge(slug, "two")).version).toBe(2);
    expect([await filesOf(slug), await documentsOf(slug)]).toEqual([2, 2]);
    expect((await drop(slug, 2)).status).toBe(204);
    expect((await drop(slug, 2)).status).toBe(204);
    expect([await filesOf(slug), await documentsOf(slug)]).toEqual([1, 1]);
    expect((await versionsOf(slug)).map(({ version }) => version)).toEqual([1]);
    expect((await problem(await call("GET", `/courses/${slug}/versions/2`, await as()), 404)).code).toBe(
      "version_not_found",
    );
    const activated = await call("POST", `/courses/${slug}/versions/2/activate`, { ...(await as()), body: {} });
    expect((await problem(activated, 404)).code).toBe("version_not_found");
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM course_contents WHERE course_slug = ? AND version = 2")
      .bind(slug)
      .first();
    expect(kept).toEqual({ n: 0 });
    // The same archive again is another draft, with its files.
    expect((await cartridge(slug, "two")).version).toBe(3);
    expect([await filesOf(slug), await documentsOf(slug)]).toEqual([2, 2]);
  });

  it("[I9] must exist, must never have been active, and must belong to the caller", async () => {
    const slug = freshSlug("dropped");
    await cartridge(slug, "one");
    expect((await problem(await drop(slug, 1, "another"), 404)).code).toBe("course_not_found");
    await call("POST", `/courses/${slug}/versions/1/activate`, { ...(await as()), body: {} });
    expect((await problem(await drop(slug, 1), 409)).code).toBe("version_was_active");
    expect((await problem(await drop(slug, 9), 404)).code).toBe("version_not_found");
    expect((await problem(await drop(slug, 1, "another"), 403)).code).toBe("forbidden");
    expect((await problem(await drop(freshSlug("none"), 1), 404)).code).toBe("course_not_found");
    expect((await versionsOf(slug)).map(({ version }) => version)).toEqual([1]);
  });

  it("[I11] leaves what could not be removed at once to the nightly job", async () => {
    const slug = freshSlug("dropped");
    await cartridge(slug, "one");
    // Whoever dropped it died right after the batch.
    await env.DB.batch([
      env.DB.prepare("UPDATE course_versions SET dropped_at = ? WHERE course_slug = ?").bind(Date.now(), slug),
      env.DB.prepare("DELETE FROM course_contents WHERE course_slug = ?").bind(slug),
    ]);
    await pruneDrafts(env, Date.now());
    expect([await filesOf(slug), await documentsOf(slug)]).toEqual([1, 1]);
    await pruneDrafts(env, Date.now() + 700_000);
    expect([await filesOf(slug), await documentsOf(slug)]).toEqual([0, 0]);
  });

  it("makes room, because a course with fifty drafts accepts no import", async () => {
    const slug = freshSlug("dropped");
    await cartridge(slug, "one");
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
       INSERT INTO course_versions (course_slug, version, sha256, chapter_count, problem_count, published_by, published_at)
       SELECT ?, i, 'none-' || i, 0, 0, ?, 1 FROM n`,
    )
      .bind(slug, AUTHOR)
      .run();
    expect(await cartridge(slug, "two")).toMatchObject({ state: "failed", errors: [{ rule: "quota_exceeded" }] });
    expect((await drop(slug, 50)).status).toBe(204);
    expect(await cartridge(slug, "two")).toMatchObject({ state: "done", version: 51 });
  });
});

describe("an import that is deleted", () => {
  it("stops if it is running, and stores nothing; a second deletion is a 404, and its archive is gone", async () => {
    const slug = freshSlug("stopped");
    const { id } = await begun(await archive(), { course: slug });
    expect((await call("DELETE", `/courses/imports/${id}`, await as("another"))).status).toBe(204);
    expect(await seen(id)).toMatchObject({ state: "queued" });
    expect((await call("DELETE", `/courses/imports/${id}`, await as())).status).toBe(204);
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "failed", version: null, errors: [{ rule: "dropped" }] });
    expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("root", "admin") })).status).toBe(404);
    expect((await call("DELETE", `/courses/imports/${id}`, await as())).status).toBe(204);
    expect((await call("GET", `/courses/imports/${id}`, await as())).status).toBe(404);
    expect(await keptOf(id)).toEqual([]);
  });

  it("leaves its draft", async () => {
    const slug = freshSlug("stopped");
    const { id } = await imported(await archive(), { course: slug });
    expect((await call("DELETE", `/courses/imports/${id}`, await as())).status).toBe(204);
    expect(await keptOf(id)).toEqual([]);
    expect((await versionsOf(slug)).map(({ version }) => version)).toEqual([1]);
    const list = await call("GET", "/courses/imports?limit=1000", await as());
    const { results } = z.object({ results: z.array(z.object({ id: z.string() })) }).parse(await list.json());
    expect(results.map((one) => one.id)).not.toContain(id);
  });
});
