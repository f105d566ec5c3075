import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Files, tgzOf, utf16, zipOf } from "../../support/courses/archives.ts";
import { backupOf } from "../../support/courses/moodle-backup.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { AUTHOR, backup, imported } from "./support.ts";

const RELEASE = "4.5.6 (Build: 20250811)";
const LOCAL_HEADER = 0x04034b50;
const UNPACKED_SIZE_AT = 22;

/** A zip whose entry of this name says that it unpacks to so many bytes. */
function sayingSize(files: Files, name: string, size: number): Uint8Array<ArrayBuffer> {
  const zip = zipOf(files);
  const view = new DataView(zip.buffer);
  const wanted = new TextEncoder().encode(name);
  for (let at = 0; at + 30 < zip.length; at += 1) {
    if (view.getUint32(at, true) !== LOCAL_HEADER) continue;
    if (wanted.every((byte, i) => zip[at + 30 + i] === byte)) view.setUint32(at + UNPACKED_SIZE_AT, size, true);
  }
  return zip;
}

const reportSchema = z.object({
  gates: z.array(
    z.object({ source: z.string(), verdict: z.string(), why: z.string().nullable(), mapped: z.unknown() }),
  ),
  content: z.object({ notes: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })) }),
});

async function reportOf(id: string) {
  const answer = await call("GET", `/courses/imports/${id}/report`, { token: await tokenOf(AUTHOR, "author") });
  return reportSchema.parse(await answer.json());
}

/** Activities with these conditions, in one section. */
const gated = (...conditions: unknown[]) =>
  backupOf(
    RELEASE,
    [{ id: 1, number: 0, sequence: conditions.map((_, at) => at + 1) }],
    conditions.map((availability, at) => ({
      id: at + 1,
      section: 1,
      ...(availability === null ? {} : { availability }),
    })),
  );
const all = (...c: unknown[]) => ({ op: "&", c, showc: c.map(() => true) });

/** So many empty files. */
const entries = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, ""]));

describe("a broken archive", () => {
  it("of any kind is refused with file and place, and leaves no course", async () => {
    const tar = await tgzOf(backup());
    const cases: [string, Uint8Array, string, string, string?][] = [
      ["cut off", tar.slice(0, tar.length / 2), "truncated_archive", ""],
      ["cut off zip", zipOf(backup()).slice(0, -30), "truncated_archive", "small.mbz"],
      ["leaving its folder", zipOf({ ...backup(), "../../evil": "x" }), "path_escapes", "../../evil"],
      [
        "too large unpacked",
        sayingSize({ ...backup(), "files/film": "x" }, "files/film", 1_000_000_001),
        "too_large_unpacked",
        "files/film",
      ],
      ["too many entries", await tgzOf(entries(100_001)), "too_many_entries", "f100000"],
      [
        "too many elements of text",
        zipOf({ ...backup(), "course/course.xml": `<course><fullname>${"x".repeat(8_000_001)}</fullname></course>` }),
        "too_large_texts",
        "course/course.xml:1:",
      ],
      [
        "malformed XML",
        zipOf({ ...backup(), "gradebook.xml": "<gradebook>\n<grade_items></gradebook>" }),
        "malformed_xml",
        "gradebook.xml:2:",
      ],
      ["no backup", zipOf({ "notes.txt": "x" }), "missing_file", "moodle_backup.xml"],
      [
        "malformed JSON",
        zipOf({ "infoCourse.json": '{"name": "CS"' }),
        "invalid_json",
        "infoCourse.json",
        "prairielearn",
      ],
      [
        "a gone file",
        zipOf({ "imsmanifest.xml": "<manifest/>" }),
        "missing_file",
        "course_settings/module_meta.xml",
        "canvas",
      ],
    ];
    for (const [what, bytes, rule, path, format = "moodle"] of cases) {
      const slug = freshSlug("broken");
      const failed = await imported(bytes, { course: slug, format });
      expect(failed, what).toMatchObject({ state: "failed", version: null, attempts: 1, errors: [{ rule }] });
      expect(failed.errors[0]?.path, what).toContain(path);
      expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("root", "admin") })).status).toBe(404);
    }
  }, 120_000);
});

describe("a course with unusual content", () => {
  it("is imported from a manifest in UTF-16", async () => {
    const manifest = `<?xml version="1.0" encoding="UTF-16"?><manifest><organizations><organization><item>
      <item identifier="m"><title>Zwölf</title></item></item></organization></organizations><resources/></manifest>`;
    const slug = freshSlug("utf");
    const done = await imported(zipOf({ "imsmanifest.xml": utf16(manifest, true) }), {
      course: slug,
      format: "cartridge",
    });
    expect(done).toMatchObject({ state: "done", version: 1 });
    const answer = await call("GET", `/courses/${slug}/versions/1`, { token: await tokenOf(AUTHOR, "author") });
    expect(await answer.json()).toMatchObject({ chapters: [{ title: { en: "Zwölf" } }] });
  });

  it("is imported as its platform understands it; each malformed, unknown, missing or circular part is named with its file", async () => {
    const done = await imported(
      zipOf(
        gated(
          all({ type: "date", d: ">=", t: "soon" }),
          all({ type: "shopping" }),
          all({ type: "completion", cm: 99, e: 1 }),
          all({ type: "completion", cm: 5, e: 1 }),
          all({ type: "completion", cm: 4, e: 1 }),
        ),
      ),
      { course: freshSlug("strange") },
    );
    expect(done).toMatchObject({ state: "done", version: 1 });
    const { gates } = await reportOf(done.id);
    expect(gates.map(({ source, verdict }) => `${source} ${verdict}`)).toEqual([
      "activities/page_1/module.xml exact",
      "activities/page_2/module.xml unmapped",
      "activities/page_3/module.xml exact",
      "activities/page_4/module.xml exact",
      "activities/page_5/module.xml exact",
    ]);
    expect(gates[0]?.why).toContain("c[0].t");
    expect(gates[0]?.mapped).toMatchObject({ hide: { missing: { what: "condition" } } });
    expect(gates[1]?.why).toContain("shopping");
    expect(gates[2]?.mapped).toMatchObject({ missing: { what: "item", name: "course module 99" } });
    expect(gates[3]?.mapped).toMatchObject({ state: { item: expect.stringContaining("page-5") } });
  });

  it("is imported with a report of files that the archive lists and does not contain", async () => {
    const files = gated(null, null);
    const listed = `<?xml version="1.0"?><moodle_backup><information><moodle_release>${RELEASE}</moodle_release><contents><activities>
      <activity><moduleid>7</moduleid><directory>activities/page_7</directory><title>Gone</title></activity></activities></contents></information></moodle_backup>`;
    const done = await imported(await tgzOf({ ...files, "moodle_backup.xml": listed }), {
      course: freshSlug("listed"),
    });
    expect(done.state).toBe("done");
    const { content } = await reportOf(done.id);
    expect(content.notes).toMatchObject([{ path: "activities/page_7", rule: "missing_activity" }]);
  });
});
