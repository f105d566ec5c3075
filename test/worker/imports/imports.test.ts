import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { gunzip } from "../../../src/courses/importers/archive/gunzip.ts";
import { gzipOf, zipOf } from "../../support/courses/archives.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, ladder, statesOf } from "../../support/worker/learners.ts";
import { AUTHOR, archive, backup, begin, begun, imported, keptOf, seen, versionsOf, workOn } from "./support.ts";

const token = () => tokenOf(AUTHOR, "author");
const activate = async (slug: string, version: number) =>
  call("POST", `/courses/${slug}/versions/${version}/activate`, { token: await token(), body: {} });

describe("an uploaded archive", () => {
  it("becomes a draft that nobody sees, with its report, and becomes the course when it is activated", async () => {
    const slug = freshSlug("imported");
    const first = await begun(await archive("2030-01-01T00:00:00Z"), { course: slug });
    expect(first).toMatchObject({ course: slug, state: "queued", bytes_read: 0, attempts: 0, version: null });
    await workOn(first.id);
    const done = await seen(first.id);
    expect(done).toMatchObject({
      state: "done",
      bytes_read: first.size,
      attempts: 1,
      version: 1,
      counts: { exact: 1, approximated: 0, unmapped: 0 },
      errors: [],
      impact: null,
      has_report: true,
    });
    const report = await call("GET", `/courses/imports/${first.id}/report`, { token: await token() });
    expect(await report.json()).toMatchObject({ format: "moodle", gates: [{ verdict: "exact" }], counts: done.counts });
    expect(await versionsOf(slug)).toMatchObject([{ version: 1, is_active: false, note: "Imported from moodle" }]);
    expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("ada") })).status).toBe(404);

    const active = await read(
      await activate(slug, 1),
      200,
      z.looseObject({ activation: z.int(), created: z.boolean() }),
    );
    expect(active).toMatchObject({ activation: 1, created: true });
    const shown = await call("GET", `/courses/${slug}`, { token: await tokenOf("ada") });
    expect(await shown.json()).toMatchObject({ title: "Small", active_version: 1, owner_id: AUTHOR });
    const enrolled = await call("POST", `/courses/${slug}/enrollments`, {
      token: await token(),
      body: { user_id: "ada" },
    });
    expect(enrolled.status, await enrolled.text()).toBe(201);
    expect(Object.values(await statesOf(slug, "ada")).toSorted()).toEqual([
      "locked",
      "unlocked",
      "unlocked",
      "unlocked",
    ]);
  });

  it("makes no new version if it is unchanged; changed, it makes a version of the same items and reports its effect on learners", async () => {
    const slug = freshSlug("again");
    expect((await imported(await archive(), { course: slug })).version).toBe(1);
    expect((await imported(zipOf(backup()), { course: slug })).version).toBe(1);
    await activate(slug, 1);
    await call("POST", `/courses/${slug}/enrollments`, { token: await token(), body: { user_id: "ada" } });
    expect((await imported(await archive(), { course: slug })).impact).toBeNull();

    const changed = await imported(await archive("2030-01-01T00:00:00Z"), { course: slug });
    expect(changed).toMatchObject({ state: "done", version: 2, impact: { enrollments: 1 } });
    expect(await versionsOf(slug)).toMatchObject([
      { version: 2, is_active: false },
      { version: 1, is_active: true },
    ]);
    const idsOf = async (version: number) => {
      const answer = await call("GET", `/courses/${slug}/versions/${version}`, { token: await token() });
      const document = z.object({ chapters: z.array(z.looseObject({ id: z.string() })) }).parse(await answer.json());
      return document.chapters.map(({ id }) => id);
    };
    expect(await idsOf(2)).toEqual(await idsOf(1));
  });

  it("that is not such an archive fails with file and place, and leaves no course", async () => {
    const bytes = await archive();
    const cases: [Uint8Array, string, string][] = [
      [bytes.slice(0, bytes.length - 40), "", "truncated_archive"],
      [zipOf({ "notes.txt": "nothing" }), "moodle_backup.xml", "missing_file"],
      [zipOf({ ...backup(), "../evil.xml": "x" }), "../evil.xml", "path_escapes"],
      [zipOf({ ...backup(), "course/course.xml": "<course" }), "course/course.xml", ""],
    ];
    for (const [broken, path, rule] of cases) {
      const slug = freshSlug("broken");
      const failed = await imported(broken, { course: slug });
      expect(failed, rule).toMatchObject({ state: "failed", version: null, attempts: 1 });
      expect(failed.errors[0]?.path, rule).toContain(path);
      expect(failed.errors[0]?.rule, rule).toContain(rule);
      expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("root", "admin") })).status).toBe(404);
    }
  });

  it("whose course breaks a rule fails with that rule, keeps its report, and leaves no course", async () => {
    const config = (exercises: number) => {
      const concept = Array.from({ length: exercises }, (_, n) => ({ slug: `e${n}`, name: `E${n}` }));
      return new TextEncoder().encode(JSON.stringify({ slug: "track", language: "Track", exercises: { concept } }));
    };
    const send = { course: freshSlug("many"), format: "exercism", name: "config.json" };
    expect(await imported(config(5_001), send)).toMatchObject({
      state: "failed",
      version: null,
      has_report: true,
      errors: [{ path: "chapters", rule: "too_big" }],
    });
    expect((await call("GET", `/courses/${send.course}`, { token: await tokenOf("root", "admin") })).status).toBe(404);
    expect(await imported(config(2), send)).toMatchObject({ state: "done", version: 1, format: "exercism" });
  });
});

describe("an upload of an archive", () => {
  it("is refused for a course of somebody else, for learners, without a length, of another type, and for a reserved word", async () => {
    const slug = freshSlug("theirs");
    await publish(ladder(slug));
    const bytes = await archive();
    expect((await problem(await begin(bytes, { course: slug }), 403)).code).toBe("forbidden");
    const unpublished = freshSlug("theirs");
    await call("POST", "/courses", { token: await author(), body: { slug: unpublished, title: "Theirs" } });
    expect((await problem(await begin(bytes, { course: unpublished }), 409)).code).toBe("course_exists");
    const fresh = freshSlug("fresh");
    expect((await problem(await begin(bytes, { course: fresh, role: "learner" }), 403)).code).toBe("forbidden");
    expect((await problem(await begin(bytes, { course: fresh, length: null }), 411)).code).toBe("length_required");
    expect((await problem(await begin(bytes, { course: fresh, type: "text/html" }), 415)).code).toBe(
      "file_type_not_allowed",
    );
    expect((await problem(await begin(bytes, { course: fresh, length: 200_000_001 }), 413)).code).toBe(
      "body_too_large",
    );
    expect((await problem(await begin(bytes, { course: fresh, length: 9 }), 422)).code).toBe("content_mismatch");
    expect(await problem(await begin(bytes, { course: "imports" }), 400)).toMatchObject({
      errors: [{ rule: "reserved" }],
    });
    expect((await problem(await begin(bytes, { course: fresh, format: "word" }), 400)).code).toBe("invalid_input");
    const { results } = await env.DB.prepare("SELECT id FROM course_imports WHERE course_slug IN (?, ?, ?)")
      .bind(slug, unpublished, fresh)
      .all();
    expect(results).toEqual([]);
  });

  it("with the same key is one import; another body, course or size is refused", async () => {
    const [slug, bytes] = [freshSlug("keyed"), await archive()];
    const headers = { "idempotency-key": `key of ${slug}`.replaceAll(" ", "-") };
    const first = await begun(bytes, { course: slug, headers });
    const again = await begin(bytes, { course: slug, headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toEqual(first);
    const other = bytes.slice();
    other[other.length - 1] = 1 + (other.at(-1) ?? 0);
    for (const [body, course] of [
      [other, slug],
      [bytes, freshSlug("keyed")],
      [bytes.slice(1), slug],
    ] as const) {
      expect((await problem(await begin(body, { course, headers }), 422)).code).toBe("idempotency_key_reused");
    }
  });

  it("is refused while five imports of its owner are running", async () => {
    const [user, bytes] = [`busy-${crypto.randomUUID()}`, await archive()];
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await begun(bytes, { course: freshSlug("busy"), user })).id);
    expect((await problem(await begin(bytes, { course: freshSlug("busy"), user }), 409)).code).toBe("quota_exceeded");
    await workOn(String(ids[0]));
    expect((await begin(bytes, { course: freshSlug("busy"), user })).status).toBe(202);
  });
});

describe("imports", () => {
  const page = z.object({ results: z.array(z.looseObject({ id: z.string() })), next_cursor: z.string().nullable() });

  it("are listed to their owner, newest first; one import can be read only by its owner and admins", async () => {
    const user = `lister-${crypto.randomUUID()}`;
    const bytes = await archive();
    const older = await begun(bytes, { course: freshSlug("listed"), user });
    await env.DB.prepare("UPDATE course_imports SET created_at = created_at - 1000 WHERE id = ?").bind(older.id).run();
    const newer = await begun(bytes, { course: freshSlug("listed"), user });
    const own = { token: await tokenOf(user, "author") };
    const one = await read(await call("GET", "/courses/imports?limit=1", own), 200, page);
    expect(one.results.map(({ id }) => id)).toEqual([newer.id]);
    const two = await read(await call("GET", `/courses/imports?limit=1&cursor=${one.next_cursor}`, own), 200, page);
    expect(two.results.map(({ id }) => id)).toEqual([older.id]);
    const admin = { token: await tokenOf("root", "admin") };
    const all = await read(await call("GET", "/courses/imports?limit=1000", admin), 200, page);
    expect(all.results.map(({ id }) => id)).toContain(older.id);
    expect((await call("GET", `/courses/imports/${older.id}`, admin)).status).toBe(200);
    const other = { token: await tokenOf("somebody", "author") };
    for (const rest of ["", "/report"]) {
      expect((await problem(await call("GET", `/courses/imports/${older.id}${rest}`, other), 404)).code).toBe(
        "not_found",
      );
    }
    expect((await problem(await call("GET", `/courses/imports/${newer.id}/report`, own), 404)).code).toBe("not_found");
    expect(await keptOf(newer.id)).toEqual(["archive"]);
  });

  it("do not change other courses and their learners", async () => {
    const slug = freshSlug("beside");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const before = await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") })).text();
    await imported((await archive()).slice(0, 100), { course: freshSlug("broken") });
    expect(await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") })).text()).toBe(before);
  });
});

/** Bytes that a bucket gives at a time, and most that are random at once. */
const PIECE = 65_536;

it("an archive is unpacked no faster than it is read, whatever its size", async () => {
  const whole = new Uint8Array(2_000_000);
  for (let at = 0; at < whole.length; at += PIECE) crypto.getRandomValues(whole.subarray(at, at + PIECE));
  const packed = await gzipOf(whole);
  let asked = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        const piece = packed.slice(asked, asked + PIECE);
        asked += piece.length;
        if (piece.length === 0) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  const reader = gunzip(stream).getReader();
  let [unpacked, ahead] = [0, 0];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    unpacked += part.value.length;
    // Random bytes are packed as they are: so much more was asked for than was read.
    ahead = Math.max(ahead, asked - unpacked);
  }
  expect(ahead).toBeLessThan(8 * PIECE);
  expect(unpacked).toBe(whole.length);
  expect(asked).toBe(packed.length);
});
