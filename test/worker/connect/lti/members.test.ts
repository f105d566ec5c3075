import { env } from "cloudflare:workers";
import type { JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { differenceOf, mayGo } from "../../../../src/connect/lti/difference.ts";
import { linkIn } from "../../../../src/connect/lti/member-list.ts";
import { INSTRUCTOR, LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { deliver, freshSlug, project, publish, runCron } from "../../../support/worker/courses.ts";
import { loseStorage } from "../../../support/worker/faults.ts";
import { call } from "../../../support/worker/http.ts";
import { admin, author, ladder } from "../../../support/worker/learners.ts";
import { arrive, Browser, faultOf, register, seen, serve, TOOL } from "./support.ts";

let slug = "";
let platform: TestPlatform;
let id = "";
const learner = (name: string) => ({ user_id: name, roles: [LEARNER], name: `Name of ${name}` });

beforeEach(async () => {
  slug = freshSlug("lti");
  await publish(ladder(slug));
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
  platform.toolKeys = await (await new Browser().send("GET", "/lti/jwks.json", null)).json<{ keys: JWK[] }>();
  id = await register(platform, { courses: [slug] });
});
afterEach(() => vi.restoreAllMocks());

const teacherComes = () => {
  const placed = { target: `${TOOL}/lti/to/${slug}` };
  return new Browser().launch(platform, { sub: "tom", roles: [INSTRUCTOR] }, placed, platform.roster()).then(arrive);
};
const read = async () => {
  await runCron("* * * * *");
  await deliver("latchkey-imports", [{ type: "lti", id: "members" }]);
};
const sync = async (body: object = {}) => {
  const answer = await call("POST", `/lti/platforms/${id}/sync`, { token: await admin(), body });
  expect(await answer.json()).toEqual({ id, courses: 1 });
  await read();
};
/** Subjects of the learners of the course, and of its members with what they are. */
const people = async () => {
  const { results } = await env.DB.prepare("SELECT subject, user_id FROM lti_people WHERE platform = ?")
    .bind(id)
    .all<{ subject: string; user_id: string }>();
  const names = new Map(results.map(({ subject, user_id }) => [user_id, subject]));
  const get = async (list: string) => {
    const answer = await call("GET", `/courses/${slug}/${list}`, { token: await author() });
    return (await answer.json<{ results: { user_id: string; role?: string }[] }>()).results.flatMap(
      ({ user_id, role }) => {
        const name = names.get(user_id);
        return name === undefined ? [] : [role === undefined ? name : `${name} ${role}`];
      },
    );
  };
  return { learners: (await get("enrollments")).toSorted(), members: (await get("members")).toSorted() };
};
const contexts = async () => {
  const { contexts: found } = await seen(id);
  return found as { counts: Record<string, number>; failure: { why: string } | null; last_sync: string | null }[];
};

describe("the members of a platform's course", () => {
  it("are read page by page, enrolled or made staff, and withdrawn when they are gone: only what differs is done", async () => {
    platform.members = [
      ...["ada", "ben", "cy"].map(learner),
      { user_id: "tom", roles: [INSTRUCTOR, LEARNER] },
      { user_id: "out", roles: [LEARNER], status: "Inactive" },
      { user_id: "boss", roles: ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"] },
    ];
    await teacherComes();
    await read();
    expect(platform.memberPages).toEqual(["?course=1", "?course=1&page=1", "?course=1&page=2"]);
    expect(await people()).toEqual({ learners: ["ada", "ben", "cy"], members: ["tom grader"] });
    expect(await contexts()).toMatchObject([{ failure: null, counts: { enrolled: 3, members: 4 } }]);
    const user = await env.DB.prepare(
      "SELECT name FROM users JOIN lti_people ON user_id = users.id WHERE platform = ? AND subject = 'ada'",
    )
      .bind(id)
      .first<{ name: string }>();
    expect(user?.name).toBe("Name of ada");
    // Whoever launches later is who was listed.
    const ada = { sub: "ada", roles: [LEARNER] };
    await arrive(await new Browser().launch(platform, ada, { target: `${TOOL}/lti/to/${slug}` }));
    expect((await people()).learners).toEqual(["ada", "ben", "cy"]);

    platform.members = [
      learner("ada"),
      { ...learner("ben"), status: "Inactive" },
      learner("dee"),
      { user_id: "tom", roles: [LEARNER] },
    ];
    await sync();
    expect(await people()).toEqual({ learners: ["ada", "dee", "tom"], members: [] });
    // What staff here decided stands until the platform says something new.
    const dee = await env.DB.prepare("SELECT user_id FROM lti_people WHERE platform = ? AND subject = 'dee'")
      .bind(id)
      .first<{ user_id: string }>();
    const body = { people: [{ user_id: dee?.user_id, withdraw: true }] };
    expect((await call("POST", `/courses/${slug}/people/batch`, { token: await author(), body })).status).toBe(200);
    await sync();
    expect((await people()).learners).toEqual(["ada", "tom"]);
  });

  it("stay out when staff here have withdrawn them, and are told why; who left by themselves or by the platform comes back", async () => {
    const placed = { target: `${TOOL}/lti/to/${slug}` };
    const opens = (sub: string) => new Browser().launch(platform, { sub, roles: [LEARNER] }, placed);
    const [ada, ben, cy] = [
      await opens("ada").then(arrive),
      await opens("ben").then(arrive),
      await opens("cy").then(arrive),
    ];
    const path = (user: string) => `/courses/${slug}/enrollments?user_id=${encodeURIComponent(user)}`;
    const out = await call("DELETE", path(ada.user.id), { token: await author() });
    expect(out.status, await out.text()).toBe(200);
    const own = await call("DELETE", `/courses/${slug}/enrollments`, { token: ben.access_token });
    expect(own.status, await own.text()).toBe(200);
    const many = { people: [{ user_id: cy.user.id, withdraw: true }] };
    await call("POST", `/courses/${slug}/people/batch`, { token: await author(), body: many });
    for (const sub of ["ada", "cy"]) {
      const refused = await opens(sub);
      expect(faultOf(refused)).toBe("kept_out");
      expect(await refused.text()).toContain("staff of this course");
    }
    await opens("ben").then(arrive);
    await project(slug, ben.user.id);
    expect((await people()).learners).toEqual(["ben"]);
    expect(await seen(id)).toMatchObject({ last_failure: { why: "kept_out" } });
    // An object that was lost knows it from D1.
    await project(slug, ada.user.id);
    await loseStorage(slug, ada.user.id);
    expect(faultOf(await opens("ada"))).toBe("kept_out");
    // Staff take them in again, and from then on the link opens the course.
    const again = { people: [{ user_id: ada.user.id }] };
    expect((await call("POST", `/courses/${slug}/people/batch`, { token: await author(), body: again })).status).toBe(
      200,
    );
    await opens("ada").then(arrive);
    await project(slug, ada.user.id);
    // Whom the platform loses and lists again.
    platform.members = ["ada", "ben"].map(learner);
    await teacherComes();
    await read();
    platform.members = [learner("ada")];
    await sync();
    expect((await people()).learners).toEqual(["ada"]);
    await opens("ben").then(arrive);
    await project(slug, ben.user.id);
    expect((await people()).learners).toEqual(["ada", "ben"]);
  });

  it("are asked for what has changed, where the platform says so, and wholly after a failure", async () => {
    platform.tellsDifferences = true;
    platform.members = ["ada", "ben", "cy"].map(learner);
    await teacherComes();
    await read();
    platform.memberPages.length = 0;
    platform.changed = [{ ...learner("ben"), status: "Deleted" }, learner("eve")];
    const due = () => env.DB.prepare("UPDATE lti_contexts SET due_at = 1 WHERE platform = ?").bind(id).run();
    await due();
    await read();
    expect(platform.memberPages).toEqual(["?course=1&since=1"]);
    expect((await people()).learners).toEqual(["ada", "cy", "eve"]);
    platform.busy = () => new Response(null, { status: 500 });
    await due();
    await read();
    expect(await contexts()).toMatchObject([{ failure: { why: "members_refused: 500" } }]);
    platform.busy = null;
    platform.memberPages.length = 0;
    await due();
    await read();
    expect(platform.memberPages[0]).toBe("?course=1");
    const ben = await env.DB.prepare("SELECT user_id FROM lti_people WHERE platform = ? AND subject = 'ben'")
      .bind(id)
      .first<{ user_id: string }>();
    await project(slug, ben?.user_id ?? "");
    expect((await people()).learners).toEqual(["ada", "ben", "cy"]);
    expect(await contexts()).toMatchObject([{ failure: null }]);
  });

  it("stay while another course of the platform that uses the same course here has them", async () => {
    const second = { target: `${TOOL}/lti/to/${slug}`, context: "course-2" };
    const listed = { first: ["ada", "ben"], second: ["ben"], teacher: [] as string[] };
    const tell = (names: string[]) => {
      platform.members = [
        ...names.map(learner),
        ...listed.teacher.map((name) => ({ user_id: name, roles: [INSTRUCTOR] })),
      ];
    };
    const only = async (context: string) => {
      await env.DB.prepare(
        "UPDATE lti_contexts SET due_at = CASE context WHEN ?2 THEN 1 ELSE ?3 END WHERE platform = ?1",
      )
        .bind(id, context, Date.now() + 3_600_000)
        .run();
      await deliver("latchkey-imports", [{ type: "lti", id: "members" }]);
    };
    await teacherComes();
    const tom = { sub: "tom", roles: [INSTRUCTOR] };
    await arrive(await new Browser().launch(platform, tom, second, platform.roster()));
    tell(listed.first);
    await only("course-1");
    listed.teacher = ["tom"];
    tell(listed.second);
    await only("course-2");
    expect(await people()).toEqual({ learners: ["ada", "ben"], members: ["tom grader"] });
    // Both leave the first one; ben is in the second still.
    listed.teacher = [];
    tell([]);
    await only("course-1");
    expect((await people()).learners).toEqual(["ben"]);
    // Who teaches the second and learns in the first does both.
    await arrive(
      await new Browser().launch(platform, { ...tom, roles: [LEARNER] }, { ...second, context: "course-1" }),
    );
    expect(await people()).toEqual({ learners: ["ben", "tom"], members: ["tom grader"] });
    await only("course-2");
    expect(await people()).toEqual({ learners: ["tom"], members: [] });
  });

  it("go in parts, of which an operator confirms the number once; it is no leave for another night", async () => {
    await teacherComes();
    // As many as no test could enroll in its time.
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 310)
        INSERT INTO lti_members (platform, deployment, context, course_slug, subject, user_id, place)
        SELECT ?1, 'dep-1', 'course-1', ?2, 's' || i, 'lti-none' || i, 'learner' FROM n`,
    )
      .bind(id, slug)
      .run();
    platform.members = [];
    await sync({ confirm_removed: 309 });
    expect(await contexts()).toMatchObject([{ failure: { why: "removal_unconfirmed: 310" } }]);
    const kept = await env.DB.prepare("SELECT most_removed FROM lti_contexts WHERE platform = ?").bind(id).first();
    expect(kept).toEqual({ most_removed: null });
    await sync({ confirm_removed: 310 });
    expect(await contexts()).toMatchObject([{ failure: null, counts: { members: 10 } }]);
    await read();
    expect(await contexts()).toMatchObject([{ failure: null, counts: { members: 0 } }]);
  });

  it("do not all go because a list is short for once: an operator says how many may", async () => {
    platform.members = Array.from({ length: 14 }, (_, n) => learner(`l${n}`));
    await teacherComes();
    await read();
    expect((await people()).learners).toHaveLength(14);
    platform.members = [learner("l0")];
    await sync();
    expect((await people()).learners).toHaveLength(14);
    expect(await contexts()).toMatchObject([{ failure: { why: "removal_unconfirmed: 13" } }]);
    await sync({ confirm_removed: 12 });
    expect((await people()).learners).toHaveLength(14);
    await sync({ confirm_removed: 13 });
    expect((await people()).learners).toEqual(["l0"]);
  });

  it("[I9] are taken only whole, from the server that the launch named, for a course that is the platform's", async () => {
    platform.members = ["ada", "ben", "cy"].map(learner);
    await teacherComes();
    platform.nextPage = "https://evil.example.net/members";
    await read();
    expect(await contexts()).toMatchObject([{ failure: { why: "page_elsewhere" } }]);
    platform.nextPage = null;
    platform.busy = () => new Response("<html>");
    await sync();
    expect(await contexts()).toMatchObject([{ failure: { why: "members_unreadable" } }]);
    platform.busy = null;
    await call("PUT", `/lti/platforms/${id}`, {
      token: await admin(),
      body: { name: "A school", ...platform.registered, courses: [] },
    });
    // What is not its course any more is forgotten.
    const none = await call("POST", `/lti/platforms/${id}/sync`, { token: await admin(), body: {} });
    expect(await none.json()).toEqual({ id, courses: 0 });
    await read();
    expect(await contexts()).toEqual([]);
    expect((await people()).learners).toEqual([]);
  });
});

describe("a list of members", () => {
  it("may name somebody twice, and says nothing of others where it has changes alone", () => {
    const known = new Map([["a", { subject: "a", user: "u", place: "learner" as const }]]);
    const member = (subject: string, roles: string[], isActive = true) => ({ subject, roles, isActive, name: null });
    const twice = [member("b", [LEARNER]), member("b", [INSTRUCTOR]), member("b", [LEARNER])];
    expect(differenceOf(twice, known, false)).toEqual({
      comes: [{ subject: "b", name: null, place: "teacher", before: null }],
      goes: [],
    });
    expect(differenceOf(twice, known, true).goes).toHaveLength(1);
    expect(differenceOf([member("a", [LEARNER])], known, true)).toEqual({ comes: [], goes: [] });
  });

  it("is followed by the links that RFC 8288 allows", () => {
    const base = "https://lms.example.org/members?a=1";
    expect(linkIn('<https://x.org/1>; rel="next"', "next", base)).toBe("https://x.org/1");
    expect(linkIn("<?page=2>;rel=next", "next", base)).toBe("https://lms.example.org/members?page=2");
    expect(linkIn('<https://x.org/1>; title="a"; rel="first", </2>; rel="last Next"', "next", base)).toBe(
      "https://lms.example.org/2",
    );
    expect(linkIn('<https://x.org/a,b>; rel="differences"', "next", base)).toBeNull();
    expect(linkIn(null, "next", base)).toBeNull();
  });

  it("takes away few people, or a quarter", () => {
    expect([
      mayGo(10, 10, null),
      mayGo(11, 43, null),
      mayGo(11, 44, null),
      mayGo(40, 44, 39),
      mayGo(40, 44, 40),
    ]).toEqual([true, false, true, false, true]);
  });
});
