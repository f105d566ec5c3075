import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, author, ladder, service, unlocksSchema } from "../../support/worker/learners.ts";

let slug = "";
beforeEach(async () => {
  slug = freshSlug("rights");
  await publish(ladder(slug));
  await enroll(slug, "ada");
});

const person = () => `p-${crypto.randomUUID().slice(0, 8)}`;
const set = async (user: string, role: string, token?: string) =>
  call("PUT", `/courses/${slug}/members/${user}`, { token: token ?? (await author()), body: { role } });
const outcome = z.looseObject({ outcome: z.string() });
const status = async (method: string, path: string, user: string, body?: unknown) => {
  const answer = await call(method, path, { token: await tokenOf(user), ...(body === undefined ? {} : { body }) });
  await answer.body?.cancel();
  return answer.status;
};

/** What each right is tried with, as somebody whose role elsewhere is that of a learner. */
const acts = () => ({
  people: ["GET", `/courses/${slug}/people`] as const,
  class: ["GET", `/courses/${slug}/class`] as const,
  learner: ["GET", `/courses/${slug}/unlocks?learner=ada`] as const,
  content: ["GET", `/courses/${slug}/chapters/${slug}.four`] as const,
  override: [
    "PUT",
    `/enrollments/${slug}:ada/overrides/${slug}.three`,
    { kind: "unlock", reason: "for the test" },
  ] as const,
  enroll: ["POST", `/courses/${slug}/people/batch`, { people: [{ user_id: "ben" }] }] as const,
  versions: ["GET", `/courses/${slug}/versions`] as const,
  members: ["PUT", `/courses/${slug}/members/cleo`, { role: "grader" }] as const,
  transfer: ["PUT", `/courses/${slug}/owner`, { user_id: "nobody" }] as const,
});
async function allowed(user: string): Promise<string[]> {
  const may: string[] = [];
  for (const [name, [method, path, body]] of Object.entries(acts())) {
    // Who is neither staff nor enrolled is told that they are not enrolled.
    if (![403, 404].includes(await status(method, path, user, body))) may.push(name);
  }
  return may;
}

describe("[I8] rights in a course", () => {
  it("are none for a learner, reading for a grader, and all but giving it away for a co-author", async () => {
    const [nobody, grader, coAuthor] = [person(), person(), person()];
    expect(await read(await set(grader, "grader"), 200, outcome)).toMatchObject({ outcome: "added" });
    await set(coAuthor, "co_author");
    expect(await allowed(nobody)).toEqual([]);
    expect(await allowed(grader)).toEqual(["people", "class", "learner", "content"]);
    expect(await allowed(coAuthor)).toEqual(Object.keys(acts()).filter((name) => name !== "transfer"));
  });

  it("are of one course: of another they are nothing", async () => {
    const helper = person();
    await set(helper, "co_author");
    const other = freshSlug("other");
    await publish(ladder(other));
    expect(await status("GET", `/courses/${other}/people`, helper)).toBe(403);
    expect(await status("GET", `/courses/${other}/versions`, helper)).toBe(403);
  });

  it("that were taken away end the next write, and the same again changes nothing", async () => {
    const helper = person();
    await set(helper, "co_author");
    expect(await read(await set(helper, "co_author"), 200, outcome)).toMatchObject({ outcome: "unchanged" });
    const [method, path, body] = acts().override;
    expect(await status(method, path, helper, body)).toBe(200);
    const token = await author();
    const gone = await call("DELETE", `/courses/${slug}/members/${helper}`, { token });
    expect(await read(gone, 200, outcome)).toMatchObject({ outcome: "removed" });
    expect(await status(method, path, helper, body)).toBe(403);
    expect(await allowed(helper)).toEqual([]);
    const again = await call("DELETE", `/courses/${slug}/members/${helper}`, { token });
    expect(await read(again, 200, outcome)).toMatchObject({ outcome: "unchanged" });
  });

  it("show in the list of courses, also of one that is not published yet", async () => {
    const helper = person();
    const draft = freshSlug("draft");
    await call("POST", "/courses", { token: await author(), body: { slug: draft, title: "Draft" } });
    expect(await status("GET", `/courses/${draft}`, helper)).toBe(404);
    await call("PUT", `/courses/${draft}/members/${helper}`, { token: await author(), body: { role: "co_author" } });
    const course = z.looseObject({ slug: z.string(), role: z.string().nullable() });
    const token = await tokenOf(helper);
    expect(await read(await call("GET", `/courses/${draft}`, { token }), 200, course)).toMatchObject({
      role: "co_author",
    });
    const list = z.looseObject({ results: z.array(course) });
    const { results } = await read(await call("GET", "/courses?limit=1000", { token }), 200, list);
    expect(results.filter(({ role }) => role !== null).map((row) => row.slug)).toEqual([draft]);
  });

  it("are given by owner, co-author and admin, never by a grader, a learner or a service", async () => {
    const [grader, other] = [person(), person()];
    await set(grader, "grader");
    expect((await set(other, "grader", await tokenOf(grader))).status).toBe(403);
    expect((await set(other, "grader", await tokenOf(person()))).status).toBe(403);
    expect((await set(other, "grader", await service())).status).toBe(403);
    expect((await set(other, "grader", await admin())).status).toBe(200);
  });

  it("of many are set by address or id, each row by itself", async () => {
    const body = {
      members: [
        { user_id: "one", role: "grader" },
        { email: "nobody@example.org", role: "grader" },
        { user_id: "two", email: "two@example.org", role: "grader" },
        { user_id: "one", role: "co_author" },
        { user_id: "author-of-tests", role: "grader" },
      ],
    };
    const answer = await call("POST", `/courses/${slug}/members/batch`, { token: await author(), body });
    const schema = z.object({ results: z.array(outcome) });
    const { results } = await read(answer, 200, schema);
    expect(results.map((row) => row.outcome)).toEqual(["added", "user_not_found", "invalid", "invalid", "refused"]);
  });

  it("a course has at most 100 members; one more is refused by name", async () => {
    const members = Array.from({ length: 100 }, (_, index) => ({ user_id: `m${index}`, role: "grader" }));
    const body = { members };
    await call("POST", `/courses/${slug}/members/batch`, { token: await author(), body });
    expect(await problem(await set("one-too-many", "grader"), 409)).toMatchObject({ code: "people_limit" });
  });
});

describe("the owner of a course", () => {
  const give = async (user: string, token?: string) =>
    call("PUT", `/courses/${slug}/owner`, { token: token ?? (await author()), body: { user_id: user } });

  it("cannot be removed or made less: only another owner can take their place", async () => {
    const token = await author();
    const away = await call("DELETE", `/courses/${slug}/members/author-of-tests`, { token });
    expect(await problem(away, 403)).toMatchObject({ detail: expect.stringContaining("another owner") });
    expect((await set("author-of-tests", "grader")).status).toBe(403);
  });

  it("gives it to a co-author, stays as one, and has then no more rights than that", async () => {
    const next = person();
    expect(await problem(await give(next), 400)).toMatchObject({ errors: [{ rule: "not_a_co_author" }] });
    await set(next, "co_author");
    expect((await give(next)).status).toBe(200);
    const token = await tokenOf(next, "author");
    const schema = z.object({ results: z.array(z.looseObject({ user_id: z.string(), role: z.string() })) });
    const { results } = await read(await call("GET", `/courses/${slug}/members`, { token }), 200, schema);
    expect(results.map(({ user_id, role }) => [user_id, role])).toEqual([
      [next, "owner"],
      ["author-of-tests", "co_author"],
    ]);
    expect((await give("author-of-tests")).status).toBe(403);
    expect((await call("GET", `/courses/${slug}/versions`, { token: await author() })).status).toBe(200);
    expect((await give("author-of-tests", token)).status).toBe(200);
  });
});

describe("[I8] an observer", () => {
  const observe = async (method: "PUT" | "DELETE", user: string) =>
    call(method, `/courses/${slug}/observers/${user}/learners/ada`, { token: await author() });

  it("sees one learner's states, reasons and history: no content, no other learner, no class", async () => {
    const parent = person();
    await enroll(slug, "ben");
    expect(await status("GET", `/courses/${slug}/unlocks?learner=ada`, parent)).toBe(403);
    const other = person();
    expect((await observe("PUT", other)).status).toBe(200);
    const token = await tokenOf(other);
    const seen = await call("GET", `/courses/${slug}/unlocks?learner=ada`, { token });
    expect((await read(seen, 200, unlocksSchema)).states).toMatchObject({ [`${slug}.two`]: "locked" });
    expect(await status("GET", `/courses/${slug}/items/${slug}.two/why?learner=ada`, other)).toBe(200);
    expect(await status("GET", `/enrollments/${slug}:ada/history`, other)).toBe(200);
    expect(await status("GET", `/courses/${slug}/chapters/${slug}.one?learner=ada`, other)).toBe(403);
    expect(await status("GET", `/problems/${slug}.p1?learner=ada`, other)).toBe(403);
    expect(await status("GET", `/courses/${slug}/unlocks?learner=ben`, other)).toBe(403);
    expect(await status("GET", `/enrollments/${slug}:ben/history`, other)).toBe(403);
    expect(await status("GET", `/courses/${slug}/people`, other)).toBe(403);
    expect(await status("GET", `/enrollments/${slug}:ada`, other)).toBe(403);
  });

  it("sees nothing any more when it was taken away; the same again changes nothing", async () => {
    const parent = person();
    const changed = z.looseObject({ changed: z.boolean() });
    expect(await read(await observe("PUT", parent), 200, changed)).toMatchObject({ changed: true });
    expect(await read(await observe("PUT", parent), 200, changed)).toMatchObject({ changed: false });
    expect(await status("GET", `/courses/${slug}/unlocks?learner=ada`, parent)).toBe(200);
    await observe("DELETE", parent);
    expect(await read(await observe("DELETE", parent), 200, changed)).toMatchObject({ changed: false });
    expect(await status("GET", `/courses/${slug}/unlocks?learner=ada`, parent)).toBe(403);
  });
});
