import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, ladder, statesOf, unlocks } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

/** The ladder with another rule on chapter two. */
function withSecond(slug: string, rule: object | null, options: Parameters<typeof ladder>[1] = {}): DocumentInput {
  const document = ladder(slug, options);
  const chapters = (document.chapters ?? []).map((chapter) =>
    // SAFETY: the test writes rules of the document's own language.
    chapter.id === `${slug}.two` ? ({ ...chapter, rule } as typeof chapter) : chapter,
  );
  return { ...document, chapters };
}

const NOBODY = { cohort: "nobody" };

async function learner(options: Parameters<typeof ladder>[1] = {}) {
  const slug = freshSlug("activate");
  await publish(ladder(slug, options));
  await enroll(slug, "ada");
  await completed(slug, "ada", "one");
  return slug;
}

const two = async (slug: string) => (await statesOf(slug, "ada"))[`${slug}.two`];

async function activate(slug: string, version: number, policy?: "grandfather" | "relock") {
  const body = policy === undefined ? {} : { policy };
  return call("POST", `/courses/${slug}/versions/${version}/activate`, { token: await author(), body });
}

describe.each([false, true])("a new version (sticky: %s)", (sticky) => {
  const options = { sticky };

  it("grandfather keeps open what was opened, for those who had it", async () => {
    const slug = await learner(options);
    await enroll(slug, "bob");
    await publish(withSecond(slug, NOBODY, options));
    expect(await two(slug)).toBe("unlocked");
    await completed(slug, "bob", "one");
    expect((await statesOf(slug, "bob"))[`${slug}.two`]).toBe("locked");
  });

  it("relock applies the new rules to everyone", async () => {
    const slug = await learner(options);
    await publish(withSecond(slug, NOBODY, options), { policy: "relock" });
    expect(await two(slug)).toBe("locked");
  });

  it("[I7] an object that did not run at a relock still relocks, whatever was published afterwards", async () => {
    const slug = await learner(options);
    await publish(withSecond(slug, NOBODY, options), { policy: "relock" });
    await publish({ ...withSecond(slug, NOBODY, options), title: "Later" }, { policy: "grandfather" });
    expect(await two(slug)).toBe("locked");
    const { snapshot } = await unlocks(slug, "ada");
    expect(snapshot.course_version).toBe(3);
  });

  it("[I7] items that a later version opened stay open, although an earlier version had relocked", async () => {
    const slug = await learner(options);
    await publish(withSecond(slug, NOBODY, options), { policy: "relock" });
    expect(await two(slug)).toBe("locked");
    await publish(withSecond(slug, null, options));
    expect(await two(slug)).toBe("unlocked");
    await publish({ ...withSecond(slug, NOBODY, options), title: "Closed again" });
    expect(await two(slug)).toBe("unlocked");
  });

  it("[I6] each item that it opens is announced once, and no item that was open before", async () => {
    const slug = await learner(options);
    await publish({ ...ladder(slug, options), problems: [{ id: `${slug}.extra`, title: "Extra" }] });
    await statesOf(slug, "ada");
    await statesOf(slug, "ada");
    await project(slug, "ada");
    const { results } = await spread
      .prepare("SELECT unlocked, locked FROM unlock_events WHERE enrollment_id = ? AND cause = 'publish'")
      .bind(`${slug}:ada`)
      .all();
    expect(results).toEqual([{ unlocked: JSON.stringify([`${slug}.extra`]), locked: "[]" }]);
  });
});

describe("activating an existing version", () => {
  it("an older one applies again, as a new activation; the same one twice changes nothing", async () => {
    const slug = await learner();
    await publish(withSecond(slug, NOBODY), { policy: "relock" });
    expect(await two(slug)).toBe("locked");
    const back = await read(await activate(slug, 1), 200, z.looseObject({ created: z.boolean() }));
    expect(back).toEqual({ course: slug, version: 1, activation: 3, created: true });
    expect(await two(slug)).toBe("unlocked");
    expect((await unlocks(slug, "ada")).snapshot.course_version).toBe(1);
    expect(await (await activate(slug, 1)).json()).toEqual({ ...back, created: false });
    expect((await activate(slug, 2, "relock")).status).toBe(200);
    expect(await two(slug)).toBe("locked");
    const versions = await call("GET", `/courses/${slug}/versions?limit=1`, { token: await author() });
    const page = await read(versions, 200, z.object({ results: z.array(z.looseObject({})), next_cursor: z.string() }));
    expect(page.results).toMatchObject([{ version: 2, is_active: true }]);
    const rest = await call("GET", `/courses/${slug}/versions?cursor=${page.next_cursor}`, { token: await author() });
    expect(await rest.json()).toMatchObject({ results: [{ version: 1, is_active: false }], next_cursor: null });
    expect((await problem(await activate(slug, 9), 404)).code).toBe("version_not_found");
    expect((await activate(slug, 0)).status).toBe(400);
  });

  it("an item that one version removes and a later one adds again keeps its facts", async () => {
    const slug = await learner();
    const document = ladder(slug);
    await completed(slug, "ada", "two");
    await publish({ slug, title: "Short", chapters: (document.chapters ?? []).slice(0, 1) });
    expect(Object.keys(await statesOf(slug, "ada")).sort()).toEqual([`${slug}.one`, `${slug}.p1`, `${slug}.p2`]);
    await activate(slug, 1);
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.two`]: "completed", [`${slug}.three`]: "unlocked" });
  });

  it("[I8][I9] nobody can read a course without a version or enroll in it, and only its author knows of it", async () => {
    const slug = freshSlug("empty");
    await call("POST", "/courses", { token: await author(), body: { slug, title: "Empty" } });
    const own = await call("GET", `/courses/${slug}`, { token: await author() });
    expect(await own.json()).toMatchObject({ slug, active_version: null });
    const token = await tokenOf("ada");
    const enrolling = (as: string) => call("POST", `/courses/${slug}/enrollments`, { token: as, body: {} });
    expect((await problem(await enrolling(token), 404)).code).toBe("course_not_found");
    expect((await problem(await enrolling(await author()), 409)).code).toBe("course_unpublished");
    expect((await problem(await call("GET", `/courses/${slug}/chapters`, { token }), 404)).code).toBe(
      "course_not_found",
    );
    const rival = await tokenOf("rival", "author");
    expect((await problem(await call("GET", `/courses/${slug}/enrollments`, { token: rival }), 404)).code).toBe(
      "course_not_found",
    );
    const listed = await call("GET", "/courses?limit=1000", { token });
    expect(await listed.text()).not.toContain(slug);
    expect(await (await call("GET", "/courses?limit=1000", { token: await author() })).text()).toContain(slug);
  });
});
