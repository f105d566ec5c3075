import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { openApiDocument } from "../../../src/ops/api-document.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, d1Queries, read, tokenOf } from "../../support/worker/http.ts";
import { admin, ladder } from "../../support/worker/learners.ts";
import { account, ask, outcomeOf, type School, school } from "./organizations-support.ts";

let north: School;
let south: School;
beforeAll(async () => {
  [north, south] = [await school(), await school()];
});

const coursesSchema = z.object({
  results: z.array(z.looseObject({ slug: z.string() })),
  next_cursor: z.string().nullable(),
});
/** Every course that a user is told of, page by page. */
async function listed(user: string, role: "learner" | "author" = "learner"): Promise<string[]> {
  const slugs: string[] = [];
  for (let cursor = ""; ; ) {
    const answer = await ask(user, "GET", `/courses?limit=1000${cursor}`, undefined, role);
    const { results, next_cursor } = await read(answer, 200, coursesSchema);
    slugs.push(...results.map(({ slug }) => slug));
    if (next_cursor === null) return slugs;
    cursor = `&cursor=${next_cursor}`;
  }
}

const operations = Object.entries((await openApiDocument(createApi(), "http://latchkey.test")).paths ?? {}).flatMap(
  ([path, methods]) => Object.keys(methods ?? {}).map((method) => ({ method: method.toUpperCase(), path })),
);
/** Parameters that name a course, or something in one. */
const OF_COURSES = ["course", "chapter", "problem", "item", "key", "enrollment", "submission"];
const inCourses = operations.filter(({ path }) => OF_COURSES.some((name) => path.includes(`{${name}}`)));

/** Bodies that pass the checks of form, so that the course is looked at. */
function bodyFor(operation: string, course: string, user: string): unknown {
  const [item, reason, users] = [`${course}.one`, "for the test", { user_ids: ["ada"] }];
  const bodies: Record<string, unknown> = {
    "POST /courses/{course}/messages": { ...users, text: "hello" },
    "POST /courses/{course}/versions": { document: ladder(course) },
    "POST /courses/{course}/preview": { document: ladder(course) },
    "PUT /courses/{course}/working-copy": { text: "{}", revision: 0 },
    "POST /courses/{course}/files/copies": { from: course, files: ["0".repeat(32)] },
    "PUT /courses/{course}/notices/read": { until: "2030-01-01T00:00:00Z" },
    "PUT /courses/{course}/places/{item}": { place: 1 },
    "POST /courses/{course}/people/batch": { people: [{ user_id: "ada" }] },
    "POST /courses/{course}/enrollments/batch": { enrollments: [{ user_id: "ada" }] },
    "PUT /courses/{course}/members/{user}": { role: "grader" },
    "POST /courses/{course}/members/batch": { members: [{ user_id: "ada", role: "grader" }] },
    "PUT /courses/{course}/owner": { user_id: "ada" },
    "PUT /courses/{course}/roster": { csv: "user_id\nada\n" },
    "PUT /courses/{course}/roster/sources/{source}": { kind: "upload", format: "csv" },
    "POST /courses/{course}/overrides/batch": { item, kind: "unlock", reason, ...users },
    "POST /courses/{course}/relock/batch": { reason, ...users },
    "POST /courses/{course}/pause/batch": { reason, ...users },
    "POST /courses/{course}/resume/batch": users,
    "POST /courses/{course}/releases": { items: [item] },
    "POST /courses/{course}/webhooks": { url: "https://example.org/hook", types: ["item.unlocked"] },
    "PUT /courses/{course}/xapi": { on: true },
    "POST /courses/{course}/certificates/{id}/revoke": { reason },
    "PUT /courses/{course}/insight/schedule": {
      module: "m",
      period: "2026",
      starts_at: "2026-01-01T00:00:00Z",
      length_days: 100,
      assessments: [],
    },
    "POST /courses/{course}/insight/learners": { learners: [{ user_id: "ada", passed: true, registered: 0 }] },
    "PUT /enrollments/{enrollment}/insight/exclusion": { excluded: true },
    "PUT /enrollments/{enrollment}/pause": { reason },
    "PUT /enrollments/{enrollment}/overrides/{item}": { kind: "unlock", reason },
    "POST /enrollments/{enrollment}/revocations": { item, reason },
    "POST /problems/{problem}/submissions": { answer: "1" },
    "POST /submissions/{submission}/verdict": { passed: true, score: 50 },
    "POST /ofrep/v1/evaluate/flags/{key}": { context: { targetingKey: user, course } },
  };
  return bodies[operation] ?? {};
}

/** The path with everything that it names in this course. */
function inCourse(path: string, course: string, user: string): string {
  const values: Record<string, string> = {
    course,
    chapter: `${course}.one`,
    problem: `${course}.sum`,
    item: `${course}.one`,
    key: `${course}.one`,
    enrollment: `${course}:${user}`,
    submission: `${course}:${user}:${"0".repeat(32)}`,
    version: "1",
    user,
    learner: user,
    id: path.includes("/certificates/") ? "0".repeat(22) : "0".repeat(32),
    file: "0".repeat(32),
    webhook: "0".repeat(32),
    delivery: `0.1.evt_${"0".repeat(32)}`,
    source: "school",
    part: "1",
  };
  return path.replace("/api/v1", "").replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "x");
}

describe("[I8] a course of an organisation does not exist for the people of another one", () => {
  it.each(inCourses)("$method $path answers them as for a course that is not there", async ({ method, path }) => {
    const nowhere = freshSlug("nowhere");
    const query =
      path.endsWith("/search") || path.endsWith("/files") ? (path.endsWith("/search") ? "?q=word" : "?name=a.txt") : "";
    const given = (course: string, user: string) =>
      method === "GET" || method === "DELETE"
        ? undefined
        : bodyFor(`${method} ${path.replace("/api/v1", "")}`, course, user);
    for (const [user, role] of [
      [south.learner, "learner"],
      [south.author, "author"],
      [south.manager, "learner"],
    ] as const) {
      for (const of of [user, north.learner]) {
        const there = await ask(
          user,
          method,
          `${inCourse(path, north.course, of)}${query}`,
          given(north.course, of),
          role,
        );
        if (there.status === 400) throw new Error(await there.text());
        const gone = await ask(user, method, `${inCourse(path, nowhere, of)}${query}`, given(nowhere, of), role);
        expect(await outcomeOf(there), `${user} about ${of}`).toBe(await outcomeOf(gone));
      }
    }
  });

  it("is the course of those who try: its own people read, list and enter it", async () => {
    expect(await listed(north.learner)).toContain(north.course);
    expect(await outcomeOf(await ask(north.learner, "GET", `/courses/${north.course}`))).toBe("200");
    expect(await outcomeOf(await ask(north.learner, "GET", `/courses/${north.course}/chapters`))).toBe(
      "404 not_enrolled",
    );
    expect(await outcomeOf(await ask(north.learner, "POST", `/courses/${north.course}/enrollments`, {}))).toBe("201");
    expect(await outcomeOf(await ask(north.learner, "GET", `/courses/${north.course}/chapters`))).toBe("200");
  });

  it("is in no list of theirs, also with what staff and presence would show", async () => {
    for (const [user, role] of [
      [south.learner, "learner"],
      [south.author, "author"],
      [south.manager, "learner"],
      ["somebody-without-an-account", "learner"],
    ] as const) {
      const slugs = await listed(user, role);
      expect(slugs).not.toContain(north.course);
    }
    expect(await listed(south.learner)).toContain(south.course);
  });

  it("is decided about, with reasons, as one that is not there", async () => {
    const decided = async (course: string) => {
      const resource = { type: "item", id: `${course}.one` };
      const subject = { type: "user", id: south.learner };
      const body = { subject, action: { name: "open" }, resource, context: { reasons: true } };
      const answer = await ask(south.learner, "POST", "/decisions", body);
      return `${answer.status} ${(await answer.text()).replaceAll(course, "it").replace(/"request_id":"[^"]*"/, "")}`;
    };
    expect(await decided(north.course)).toBe(await decided(freshSlug("nowhere")));
  });

  it("asks no further statement of D1 for a course of none", async () => {
    const open = freshSlug("open");
    await publish(ladder(open));
    const ada = await account("ada");
    const first = await ask(ada, "POST", `/courses/${open}/enrollments`, {});
    expect(first.status).toBe(201);
    await first.body?.cancel();
    const warm = await ask(ada, "GET", `/courses/${open}/chapters`);
    await warm.body?.cancel();
    const again = await ask(ada, "GET", `/courses/${open}/chapters`);
    expect(d1Queries(again)).toBe(0);
    await again.body?.cancel();
  });

  it("opens for whom its staff invite by a link, and then nothing of it is hidden from them", async () => {
    const guest = await account("guest");
    const token = await tokenOf(north.author, "author");
    const link = await read(
      await call("POST", `/courses/${north.course}/invitations`, { token, body: {} }),
      201,
      z.looseObject({ token: z.string() }),
    );
    await read(await ask(guest, "POST", "/invitations/accept", { token: link.token }), 200, z.looseObject({}));
    expect(await listed(guest)).toContain(north.course);
    expect(await outcomeOf(await ask(guest, "GET", `/courses/${north.course}`))).toBe("200");
    expect(await outcomeOf(await ask(guest, "GET", `/courses/${north.course}/chapters`))).toBe("200");
    expect(await outcomeOf(await ask(guest, "GET", `/courses/${north.course}/presence`))).toBe("200");
    // Who is in it may say again that they are; who has left comes back by a link alone.
    expect(await outcomeOf(await ask(guest, "POST", `/courses/${north.course}/enrollments`, {}))).toBe("200");
    await ask(guest, "DELETE", `/courses/${north.course}/enrollments`);
    expect(await outcomeOf(await ask(guest, "POST", `/courses/${north.course}/enrollments`, {}))).toBe(
      "404 course_not_found",
    );
  });

  it("belongs where its author does, and admins put it elsewhere; who is in it stays", async () => {
    const moved = freshSlug("moved");
    await publish(ladder(moved), { author: north.author });
    await enroll(moved, north.learner);
    const put = (organization_id: string | null) =>
      admin().then((token) => call("PUT", `/courses/${moved}/organization`, { token, body: { organization_id } }));
    const shape = z.looseObject({ changed: z.boolean() });
    expect(await outcomeOf(await ask(south.learner, "GET", `/courses/${moved}`))).toBe("404 course_not_found");
    expect(await read(await put(south.id), 200, shape)).toMatchObject({ changed: true });
    expect(await read(await put(south.id), 200, shape)).toMatchObject({ changed: false });
    expect(await outcomeOf(await ask(south.learner, "GET", `/courses/${moved}`))).toBe("200");
    expect(await outcomeOf(await ask(north.learner, "GET", `/courses/${moved}/chapters`))).toBe("200");
    await read(await put(null), 200, shape);
    expect(await listed("somebody-without-an-account")).toContain(moved);
    expect(await outcomeOf(await put("no-such-school"))).toBe("404 not_found");
    const token = await tokenOf(north.manager);
    const tried = await call("PUT", `/courses/${moved}/organization`, { token, body: { organization_id: north.id } });
    expect(await outcomeOf(tried)).toBe("403 forbidden");
  });
});

describe("[I8] the staff of a course find only people of its organisation", () => {
  const people = z.object({ results: z.array(z.looseObject({ outcome: z.string(), user_id: z.string().nullable() })) });

  it("by address and id, in batches, files, rights and observers", async () => {
    const { course } = north;
    const token = await tokenOf(north.author, "author");
    const other = south.learner;
    const rows = [{ email: `${other}@example.org` }, { user_id: other }, { email: `${north.manager}@example.org` }];
    const enrolled = await call("POST", `/courses/${course}/people/batch`, { token, body: { people: rows } });
    const { results } = await read(enrolled, 200, people);
    expect(results.map(({ outcome }) => outcome)).toEqual(["user_not_found", "user_not_found", "created"]);
    expect(results[0]?.user_id).toBeNull();
    const csv = `user_id,email\n${other},\n,${other}@example.org\n`;
    const file = await call("PUT", `/courses/${course}/roster?dry_run=true`, { token, body: { csv } });
    const plan = await read(file, 200, z.looseObject({ comes: z.int(), unknown: z.array(z.unknown()) }));
    expect(plan).toMatchObject({ comes: 0 });
    expect(plan.unknown).toHaveLength(2);
    for (const [method, path, body] of [
      ["POST", `/courses/${course}/enrollments`, { user_id: other }],
      ["PUT", `/courses/${course}/members/${other}`, { role: "grader" }],
      ["PUT", `/courses/${course}/observers/${other}/learners/${north.learner}`, undefined],
      ["PUT", `/courses/${course}/observers/${north.author}/learners/${other}`, undefined],
    ] as const) {
      const answer = await call(method, path, { token, ...(body === undefined ? {} : { body }) });
      expect(await outcomeOf(answer), path).toBe("404 user_not_found");
    }
    const members = { members: [{ email: `${other}@example.org`, role: "grader" }] };
    const set = await read(
      await call("POST", `/courses/${course}/members/batch`, { token, body: members }),
      200,
      people,
    );
    expect(set.results[0]?.outcome).toBe("user_not_found");
    const batchRow = { enrollments: [{ user_id: other }] };
    const many = await call("POST", `/courses/${course}/enrollments/batch`, { token, body: batchRow });
    expect(
      (await read(many, 200, z.object({ results: z.array(z.looseObject({ outcome: z.string() })) }))).results,
    ).toEqual([expect.objectContaining({ outcome: "user_not_found" })]);
  });

  it("and admins find everybody, whom the staff then find too", async () => {
    const guest = await account("guest");
    const rows = { people: [{ user_id: guest }] };
    const token = await tokenOf(north.author, "author");
    const path = `/courses/${north.course}/people/batch`;
    const before = await read(await call("POST", path, { token, body: rows }), 200, people);
    expect(before.results[0]?.outcome).toBe("user_not_found");
    const byAdmin = await read(await call("POST", path, { token: await admin(), body: rows }), 200, people);
    expect(byAdmin.results[0]?.outcome).toBe("created");
    const withdrawn = { people: [{ email: `${guest}@example.org`, withdraw: true }] };
    const after = await read(await call("POST", path, { token, body: withdrawn }), 200, people);
    expect(after.results[0]?.outcome).toBe("withdrawn");
  });
});
