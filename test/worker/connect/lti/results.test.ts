import { env } from "cloudflare:workers";
import type { JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { deliver, freshSlug, project, publish, runCron } from "../../../support/worker/courses.ts";
import { call, problem } from "../../../support/worker/http.ts";
import { admin, author, ladder } from "../../../support/worker/learners.ts";
import { arrive, Browser, namesNoCourses, putIntoOrganization, register, seen, serve, TOOL } from "./support.ts";

const AGS = "https://purl.imsglobal.org/spec/lti-ags/scope";
const ALL = [`${AGS}/score`, `${AGS}/result.readonly`, `${AGS}/lineitem.readonly`];

let slug = "";
let platform: TestPlatform;
let id = "";

beforeEach(async () => {
  slug = freshSlug("lti");
  await publish(ladder(slug));
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
  platform.toolKeys = await (await new Browser().send("GET", "/lti/jwks.json", null)).json<{ keys: JWK[] }>();
  id = await register(platform, { courses: [slug] });
  platform.columns.set("quiz", { label: "Quiz", maximum: 20 });
  platform.columns.set("essay", { label: "Essay", maximum: 10 });
  platform.columns.set("ours", { label: "Ours", maximum: 10 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Somebody opens a link of the course there. */
const comes = (sub: string, item = "p1", column = "ours") => {
  const placed = { target: `${TOOL}/lti/to/${slug}/${item}`, link: `link-${item}` };
  const person = { sub, name: sub, roles: [LEARNER] };
  return new Browser().launch(platform, person, placed, platform.endpoint(column, ALL)).then(arrive);
};
const place = () => ({ deployment: "dep-1", context: "course-1", course: slug });
const set = async (columns: object[], token?: string) =>
  call("PUT", `/lti/platforms/${id}/results`, { token: token ?? (await admin()), body: { ...place(), columns } });
const column = (name: string, item: string, rest: object = {}) => ({
  line_item: platform.column(name),
  item: `${slug}.${item}`,
  ...rest,
});
/** What a minute does, and the messages that it brings about. */
const read = async () => {
  await runCron("* * * * *");
  for (let message = 0; message < 5; message += 1) await deliver("latchkey-imports", [{ type: "lti", id: "results" }]);
};
const due = () =>
  env.DB.prepare("UPDATE lti_contexts SET results_due_at = 1 WHERE platform = ? AND results_due_at IS NOT NULL")
    .bind(id)
    .run();
const night = () => due().then(read);
const readNow = async () => {
  const answer = await call("POST", `/lti/platforms/${id}/results`, { token: await admin() });
  expect(await answer.json()).toEqual({ id, courses: 1 });
  await read();
};
const gradebookSchema = z.object({
  last_read: z.string().nullable(),
  failure: z.object({ at: z.string(), why: z.string() }).nullable(),
  columns: z.array(
    z.object({
      line_item: z.string(),
      item: z.string(),
      completes: z.boolean(),
      last_read: z.string().nullable(),
      counts: z.record(z.string(), z.int()),
      failure: z.string().nullable(),
    }),
  ),
  listed: z.array(z.object({ line_item: z.string(), label: z.string(), maximum: z.number().nullable() })),
  unlisted: z.string().nullable(),
  unknown: z.array(z.string()),
});
/** What an operator sees of the gradebook. */
const view = async () => {
  const { contexts } = z
    .looseObject({ contexts: z.array(z.looseObject({ gradebook: gradebookSchema })) })
    .parse(await seen(id));
  const [only, ...others] = contexts;
  if (only === undefined || others.length > 0) throw new Error("not one context");
  return only.gradebook;
};
const factSchema = z.object({ best_score: z.number().nullable(), completed_at: z.number().nullable(), seq: z.int() });
/** What D1 has of an item after everything was projected. */
const fact = async (user: string, item: string) => {
  await project(slug, user);
  for (const db of [env.DB, env.DB_SHARD_2]) {
    const row = await db
      .prepare("SELECT best_score, completed_at, seq FROM progress WHERE enrollment_id = ? AND item_id = ?")
      .bind(`${slug}:${user}`, `${slug}.${item}`)
      .first();
    if (row !== null) return factSchema.parse(row);
  }
  return null;
};

describe("results of a gradebook", () => {
  it("come in as facts of the items that an operator names, page by page; another night without news changes nothing", async () => {
    const people = await Promise.all(["ada", "ben", "cy"].map((sub) => comes(sub)));
    const [ada = "", ben = "", cy = ""] = people.map(({ user }) => user.id);
    platform.grade("quiz", "ada", 17, 20);
    platform.grade("quiz", "ben", 0.4);
    platform.grade("quiz", "cy", 0, 20);
    const set200 = await set([column("quiz", "p2"), column("essay", "one", { completes: true })]);
    expect(set200.status, await set200.clone().text()).toBe(200);
    platform.grade("essay", "ada", 12, 10);
    await read();
    expect(platform.resultPages).toEqual(["quiz", "quiz1", "essay"]);
    expect(await fact(ada, "p2")).toMatchObject({ best_score: 85, completed_at: null });
    // Without a maximum it is one, as Canvas documents it.
    expect(await fact(ben, "p2")).toMatchObject({ best_score: 40 });
    expect(await fact(cy, "p2")).toMatchObject({ best_score: 0 });
    // A bonus is no more than everything here.
    expect(await fact(ada, "one")).toMatchObject({ best_score: 100, completed_at: expect.any(Number) });
    const first = await view();
    expect(first).toMatchObject({ failure: null, last_read: expect.any(String), unlisted: null, unknown: [] });
    expect(first.columns.map(({ counts }) => counts)).toEqual([{ recorded: 3 }, { recorded: 1 }]);
    expect(first.listed.map(({ label, maximum }) => [label, maximum])).toEqual([
      ["Quiz", 20],
      ["Essay", 10],
      ["Ours", 10],
    ]);

    const before = await Promise.all([ada, ben, cy].map((user) => fact(user, "p2")));
    await night();
    expect((await view()).columns.map(({ counts }) => counts)).toEqual([{}, {}]);
    await readNow();
    expect((await view()).columns.map(({ counts }) => counts)).toEqual([{ unchanged: 3 }, { unchanged: 1 }]);
    expect(await Promise.all([ada, ben, cy].map((user) => fact(user, "p2")))).toEqual(before);

    // What differs is told, a better one counts, and a worse one takes nothing away.
    platform.grade("quiz", "ada", 10, 20);
    platform.grade("quiz", "ben", 18, 20);
    await night();
    expect(await fact(ada, "p2")).toMatchObject({ best_score: 85 });
    expect(await fact(ben, "p2")).toMatchObject({ best_score: 90 });
    expect(await fact(cy, "p2")).toEqual(before[2]);
  });

  it("that are not graded, or break the standard, tell nothing", async () => {
    const users = await Promise.all(["ada", "ben", "cy", "dee"].map((sub) => comes(sub)));
    platform.grade("quiz", "ada", null, 20);
    platform.results.get("quiz")?.set("ben", { comment: "later" });
    platform.grade("quiz", "cy", 5, 0);
    platform.grade("quiz", "dee", 5, -1);
    await set([column("quiz", "p2")]);
    await read();
    for (const { user } of users) expect(await fact(user.id, "p2")).toBeNull();
    expect((await view()).columns[0]?.counts).toEqual({ ungraded: 2, invalid: 2 });
    // What was graded and is cleared again takes nothing away.
    platform.grade("quiz", "ada", 20, 20);
    await night();
    platform.grade("quiz", "ada", null, 20);
    await night();
    expect(await fact(users[0]?.user.id ?? "", "p2")).toMatchObject({ best_score: 100 });
  });

  it("[I8] are read by a platform that names no courses only while the course belongs to no organisation", async () => {
    await namesNoCourses(id, platform);
    const { user } = await comes("ada");
    platform.grade("quiz", "ada", 10, 20);
    await set([column("quiz", "p2")]);
    await read();
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 50 });
    await putIntoOrganization(slug);
    platform.grade("quiz", "ada", 20, 20);
    await night();
    expect(await view()).toMatchObject({ failure: { why: "course_refused" } });
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 50 });
  });

  it("of people whom nobody here knows are listed, and told when they are known and enrolled", async () => {
    await comes("ada");
    platform.grade("quiz", "zoe", 20, 20);
    platform.grade("quiz", "ada", 20, 20);
    await set([column("quiz", "p2")]);
    await read();
    expect(await view()).toMatchObject({ unknown: ["zoe"], failure: null });
    expect((await view()).columns[0]?.counts).toEqual({ recorded: 1, unknown: 1 });
    const accounts = await env.DB.prepare("SELECT count(*) AS n FROM lti_people WHERE platform = ?")
      .bind(id)
      .first("n");
    expect(accounts).toBe(1);
    const { user } = await comes("zoe");
    await night();
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 100 });
    expect(await view()).toMatchObject({ unknown: [] });
    // Who has left the course is no learner, and comes into it by no result.
    const out = { people: [{ user_id: user.id, withdraw: true }] };
    expect((await call("POST", `/courses/${slug}/people/batch`, { token: await author(), body: out })).status).toBe(
      200,
    );
    platform.grade("quiz", "zoe", 10, 20);
    await night();
    expect((await view()).columns[0]?.counts).toEqual({ not_enrolled: 1 });
  });

  it("that were sent from here make no fact, also rounded, late, or without an answer; what a teacher gives instead does", async () => {
    const { access_token, user } = await comes("ada", "p2");
    const judge = async (score: number) => {
      const path = `/problems/${slug}.p2/submissions`;
      const made = await call("POST", path, { token: access_token, body: { answer: "x" } });
      const { submission_id } = await made.json<{ submission_id: string }>();
      const verdict = { token: await author(), body: { passed: false, score } };
      expect((await call("POST", `/submissions/${submission_id}/verdict`, verdict)).status).toBe(200);
      await project(slug, user.id);
      await runCron("* * * * *");
      await deliver("latchkey-imports", [{ type: "lti", id: "scores" }]);
    };
    // The column is read for another item than it is sent for: an echo would be seen at once.
    await set([column("ours", "p1")]);
    await judge(61.37);
    expect(platform.results.get("ours")?.get("ada")).toMatchObject({ resultScore: 6.14, resultMaximum: 10 });
    await read();
    expect(await fact(user.id, "p1")).toBeNull();
    expect((await view()).columns[0]?.counts).toEqual({ own: 1 });
    // The gradebook still shows what was sent before.
    const old = platform.results.get("ours")?.get("ada") ?? {};
    await judge(75);
    platform.results.get("ours")?.set("ada", old);
    await readNow();
    expect(await fact(user.id, "p1")).toBeNull();
    // It took a score, and its answer was lost.
    const answer = platform.answer.bind(platform);
    vi.spyOn(platform, "answer").mockImplementation(async (request) => {
      const given = await answer(request);
      return request.method === "POST" && request.url.includes("/scores") ? new Response(null, { status: 502 }) : given;
    });
    await judge(88);
    expect(platform.results.get("ours")?.get("ada")).toMatchObject({ resultScore: 8.8 });
    await night();
    expect(await fact(user.id, "p1")).toBeNull();
    platform.grade("ours", "ada", 9.5, 10);
    await night();
    expect(await fact(user.id, "p1")).toMatchObject({ best_score: 95 });
    // What our tool says of its own item is what it was.
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 88 });
  });

  it("do not bring back what staff have revoked, until the gradebook says something new", async () => {
    const { user } = await comes("ada");
    platform.grade("quiz", "ada", 20, 20);
    await set([column("quiz", "p2", { completes: true })]);
    await read();
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 100 });
    const revoke = { token: await author(), body: { item: `${slug}.p2`, reason: "copied" } };
    const revoked = await call("POST", `/enrollments/${slug}:${user.id}/revocations`, revoke);
    expect(revoked.status, await revoked.text()).toBeLessThan(300);
    await readNow();
    expect((await view()).columns[0]?.counts).toEqual({ superseded: 1 });
    platform.grade("quiz", "ada", 15, 20);
    await night();
    expect((await view()).columns[0]?.counts).toEqual({ recorded: 1 });
  });

  it("say why they could not be read, one column not for the other, and are tried again", async () => {
    const { user } = await comes("ada");
    platform.grade("quiz", "ada", 20, 20);
    platform.grade("essay", "ada", 5, 10);
    platform.closedColumns.add("quiz");
    await set([column("quiz", "p2"), column("essay", "p1")]);
    await read();
    expect(await view()).toMatchObject({ failure: { why: "results_refused: 403" }, last_read: null });
    expect((await view()).columns.map(({ failure }) => failure)).toEqual(["results_refused: 403", null]);
    expect(await fact(user.id, "p1")).toMatchObject({ best_score: 50 });
    const metrics = await call("GET", "/system/metrics", { token: await admin() });
    expect(await metrics.text()).toMatch(/lti_results_failing"?[^\n]*1/);
    const next = await env.DB.prepare("SELECT results_due_at AS at FROM lti_contexts WHERE platform = ?")
      .bind(id)
      .first("at");
    expect(Number(next)).toBeLessThan(Date.now() + 600_000);
    platform.closedColumns.clear();
    await night();
    expect(await view()).toMatchObject({ failure: null, last_read: expect.any(String) });
    expect(await fact(user.id, "p2")).toMatchObject({ best_score: 100 });
    // Half a column is none: the second page fails.
    for (const name of ["ben", "cy"]) platform.grade("quiz", name, 1, 20);
    await Promise.all(["ben", "cy"].map((sub) => comes(sub)));
    platform.nextPage = null;
    const answer = platform.answer.bind(platform);
    vi.spyOn(platform, "answer").mockImplementation(async (request) =>
      request.url.includes("page=1") ? new Response(null, { status: 500 }) : answer(request),
    );
    await night();
    expect(await view()).toMatchObject({ failure: { why: "results_refused: 500" } });
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM lti_results WHERE platform = ?").bind(id).first("n");
    expect(kept).toBe(2);
  });

  it("are read of no course that the platform may not open, and of none that is switched off or removed", async () => {
    await comes("ada");
    platform.grade("quiz", "ada", 20, 20);
    await set([column("quiz", "p2")]);
    const body = { name: "A school", ...platform.registered, courses: [slug], enabled: false };
    await call("PUT", `/lti/platforms/${id}`, { token: await admin(), body });
    await night();
    expect(platform.resultPages).toEqual([]);
    await call("PUT", `/lti/platforms/${id}`, { token: await admin(), body: { ...body, enabled: true } });
    await read();
    expect(platform.resultPages).toEqual(["quiz"]);
    await call("DELETE", `/lti/platforms/${id}`, { token: await admin() });
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM lti_results WHERE platform = ?").bind(id).first("n");
    expect(kept).toBe(0);
  });

  it("[I9] are not set for what cannot be read, and nothing is changed", async () => {
    const nobody = await set([column("quiz", "p2")]);
    expect((await problem(nobody, 400)).errors).toMatchObject([{ path: "context", rule: "unknown_context" }]);
    await comes("ada");
    const twice = [column("quiz", "p2"), column("quiz", "p1")];
    for (const [columns, path, rule] of [
      [
        [{ ...column("quiz", "p2"), line_item: "https://10.0.0.7/columns/1" }],
        "columns.0.line_item",
        "private_address",
      ],
      [[{ ...column("quiz", "p2"), line_item: "https://other.example.org/1" }], "columns.0.line_item", "other_server"],
      [[column("quiz", "nothing")], "columns.0.item", "unknown_item"],
      [twice, "columns.1.line_item", "duplicate"],
    ] as const) {
      expect((await problem(await set([...columns]), 400)).errors).toMatchObject([{ path, rule }]);
    }
    expect((await view()).columns).toEqual([]);
    expect((await set([], await author())).status).toBe(403);
    // Taken back: nothing is read any more, and what was told stays.
    platform.grade("quiz", "ada", 20, 20);
    await set([column("quiz", "p2")]);
    await read();
    expect((await set([])).status).toBe(200);
    platform.resultPages.length = 0;
    await night();
    expect(platform.resultPages).toEqual([]);
    const kept = await env.DB.prepare("SELECT count(*) AS n FROM lti_results WHERE platform = ?").bind(id).first("n");
    expect(kept).toBe(0);
  });
});
