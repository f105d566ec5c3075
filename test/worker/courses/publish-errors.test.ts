import { describe, expect, it } from "vitest";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";

/** Sends a document for a trial. @returns what is wrong with it, as `path rule`. */
async function refused(slug: string, document: object): Promise<string[]> {
  const token = await tokenOf("author-of-errors", "author");
  await call("POST", "/courses", { token, body: { slug, title: slug } });
  const answer = await call("POST", `/courses/${slug}/versions?dry_run=true`, { token, body: { document } });
  const { code, errors = [] } = await problem(answer, 400);
  expect(code).toBe("invalid_input");
  return errors.map(({ path, rule }) => `${path} ${rule}`);
}

describe("[fault 45] a document with faults of both kinds", () => {
  it("is refused with all its faults: those of form and those of meaning", async () => {
    const slug = freshSlug("both");
    const errors = await refused(slug, {
      slug,
      title: slug,
      surplus: true,
      chapters: [
        { id: `${slug}.a`, title: "A", rule: { completed: `${slug}.b` } },
        { id: `${slug}.b`, title: "B", rule: { completed: `${slug}.a` } },
        { id: `${slug}.c`, title: "C", rule: { completed: `${slug}.nothing` }, problems: [{ title: "no id" }] },
        { id: `${slug}.d`, title: "", rule: { complete: "misspelt" } },
        { id: `${slug}.a`, title: "twice" },
      ],
      problems: [{ id: `${slug}.p`, title: "P", difficulty: 99 }],
    });
    expect(errors).toEqual(
      expect.arrayContaining([
        "document.surplus unrecognized_keys",
        "document.problems[0].difficulty too_big",
        "document.chapters[2].problems[0].id invalid_type",
        "chapters[2].rule.completed dangling",
        "chapters[4].id duplicate_id",
      ]),
    );
    expect(errors.some((error) => error.startsWith("chapters[0]") && error.endsWith(" cycle"))).toBe(true);
    // Nothing is claimed of what could not be read.
    expect(errors.filter((error) => /^(chapters\[3\]|problems\[0\])/.test(error))).toEqual([]);
  });

  it("that cannot be read at all is refused with the faults of its form", async () => {
    expect(await refused(freshSlug("none"), [])).toEqual(["document invalid_type"]);
  });
});

describe("[fault 27] a write with an unknown parameter", () => {
  it("is refused by name, and changes nothing", async () => {
    const slug = freshSlug("misspelt");
    const token = await tokenOf("author-of-errors", "author");
    await call("POST", "/courses", { token, body: { slug, title: slug } });
    const document = { slug, title: slug, chapters: [{ id: `${slug}.a`, title: "A" }] };
    const answer = await call("POST", `/courses/${slug}/versions?dryrun=true`, { token, body: { document } });
    const { errors } = await problem(answer, 400);
    expect(errors).toMatchObject([{ path: "query.dryrun", rule: "unrecognized_keys" }]);
    const course = await call("GET", `/courses/${slug}`, { token });
    expect(await course.json()).toMatchObject({ active_version: null });
  });
});
