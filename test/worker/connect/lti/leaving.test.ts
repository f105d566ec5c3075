import { env } from "cloudflare:workers";
import type { JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endLeaving } from "../../../../src/connect/lti/leave.ts";
import { INSTRUCTOR, LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { deliver, freshSlug, project, publish, runCron } from "../../../support/worker/courses.ts";
import { call, problem } from "../../../support/worker/http.ts";
import { admin, author, ladder } from "../../../support/worker/learners.ts";
import { ALONE, arrive, Browser, FRAMED, faultOf, register, seen, serve, TOOL } from "./support.ts";

let slug = "";
let platform: TestPlatform;
let id = "";
const ada = { sub: "ada", name: "Ada", roles: [LEARNER] };
const to = (item?: string) => ({ target: `${TOOL}/lti/to/${slug}${item === undefined ? "" : `/${item}`}` });

beforeEach(async () => {
  slug = freshSlug("lti");
  await publish(ladder(slug));
  platform = new TestPlatform();
  await platform.rotate();
  serve(platform);
  platform.toolKeys = await (await new Browser().send("GET", "/lti/jwks.json", null)).json<{ keys: JWK[] }>();
  id = await register(platform, { courses: [slug] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const remove = async () => (await call("DELETE", `/lti/platforms/${id}`, { token: await admin() })).json();
const set = async (body: object) =>
  call("PUT", `/lti/platforms/${id}`, {
    token: await admin(),
    body: { name: "A school", ...platform.registered, courses: [slug], ...body },
  });
const off = async () => expect((await set({ enabled: false })).status).toBe(200);
/** What somebody who is signed in may do: write, and get a new access token. */
const may = async ({ access_token, session_token }: { access_token: string; session_token: string }) => {
  const wrote = await call("PUT", "/events/preferences", { token: access_token, body: {} });
  const renewed = await call("POST", "/auth/token", { body: { session_token } });
  await Promise.all([wrote.body?.cancel(), renewed.body?.cancel()]);
  return [wrote.status, renewed.status];
};
const learners = async () => {
  const answer = await call("GET", `/courses/${slug}/enrollments`, { token: await author() });
  return (await answer.json<{ results: { user_id: string }[] }>()).results.map(({ user_id }) => user_id);
};
const leaving = () => env.DB.prepare("SELECT count(*) AS n FROM lti_leaving WHERE until > 0").first<number>("n");

describe.each([
  ["removed", remove],
  ["switched off", off],
] as const)("a platform that is %s", (_, end) => {
  it("signs out at once whoever came from it, and nobody else", async () => {
    const other = new TestPlatform();
    await other.rotate();
    serve(platform, other);
    await register(other, { courses: [slug] });
    const [mine, theirs] = [
      await arrive(await new Browser().launch(platform, ada, to())),
      await arrive(await new Browser().launch(other, ada, to())),
    ];
    expect([await may(mine), await may(theirs)]).toEqual([
      [200, 200],
      [200, 200],
    ]);
    await end();
    expect([await may(mine), await may(theirs)]).toEqual([
      [401, 401],
      [200, 200],
    ]);
    expect((await learners()).toSorted()).toEqual([mine.user.id, theirs.user.id].toSorted());
  });

  it("ends launches that wait in a page, or that are on their way", async () => {
    const browser = new Browser();
    const begun = await browser.begin(platform, to());
    const token = await platform.sign(platform.claims(begun, ada, to()));
    const page = await (await browser.finish(begun, token, FRAMED)).text();
    const waits = { token: /name="token" value="([^"]*)"/.exec(page)?.[1] ?? "" };
    const way = (await new Browser().launch(platform, ada, to())).headers.get("location")?.split("#")[1] ?? "";
    const later = await browser.begin(platform, to());
    await end();
    expect(faultOf(await new Browser().send("POST", "/lti/open", waits, ALONE))).toBe("over");
    expect((await problem(await call("POST", "/auth/launch", { body: { token: way } }), 403)).code).toBe(
      "link_invalid",
    );
    const late = await browser.finish(later, await platform.sign(platform.claims(later, ada, to())));
    expect(["platform_unknown", "platform_off"]).toContain(faultOf(late));
    expect(late.headers.get("location")).toBeNull();
  });

  it("ends a session that was being opened at that moment with the next minute, and then forgets who left", async () => {
    const { user } = await arrive(await new Browser().launch(platform, ada, to()));
    await end();
    await env.DB.prepare(
      "INSERT INTO sessions (id, user_id, token, expires_at, created_at, updated_at) VALUES (?1, ?2, ?1, ?3, 1, 1)",
    )
      .bind(crypto.randomUUID(), user.id, Date.now() + 3_600_000)
      .run();
    await runCron("* * * * *");
    await deliver("latchkey-imports", [{ type: "lti", id: "leaving" }]);
    const left = await env.DB.prepare("SELECT count(*) AS n FROM sessions WHERE user_id = ?").bind(user.id).first("n");
    expect(left).toBe(0);
    expect(await leaving()).toBeGreaterThan(0);
    await endLeaving(env, Date.now() + 121_000);
    expect(await leaving()).toBe(0);
  });

  it("has no member read and no score sent any more, also where a reading had begun", async () => {
    platform.members = [{ user_id: "eve", roles: [LEARNER] }];
    const teacher = { sub: "tom", roles: [INSTRUCTOR] };
    await arrive(await new Browser().launch(platform, teacher, to(), platform.roster()));
    const { access_token, user } = await arrive(
      await new Browser().launch(platform, ada, to("one"), platform.endpoint("c-one")),
    );
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token: access_token });
    await project(slug, user.id);
    // The platform goes while its page of members is on its way.
    let isEnded = false;
    const answer = platform.answer.bind(platform);
    vi.spyOn(platform, "answer").mockImplementation(async (request) => {
      const given = await answer(request);
      if (request.url.includes("/members") && !isEnded) {
        isEnded = true;
        await end();
      }
      return given;
    });
    await runCron("* * * * *");
    await deliver("latchkey-imports", [{ type: "lti", id: "members" }]);
    await deliver("latchkey-imports", [{ type: "lti", id: "scores" }]);
    expect(isEnded).toBe(true);
    expect(await learners()).toEqual([user.id]);
    expect(platform.scores).toEqual([]);
  });
});

describe("a platform", () => {
  it("that is switched on again goes on with the same people, and sends what waited", async () => {
    const { access_token, user } = await arrive(
      await new Browser().launch(platform, ada, to("one"), platform.endpoint("c-one")),
    );
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token: access_token });
    await project(slug, user.id);
    await off();
    const begun = await new Browser().send("GET", `/lti/login?${platform.loginParams(to())}`, null, ALONE);
    expect([begun.status, faultOf(begun)]).toEqual([403, "platform_off"]);
    const minute = async () => {
      await runCron("* * * * *");
      await deliver("latchkey-imports", [{ type: "lti", id: "scores" }]);
    };
    await minute();
    expect(platform.scores).toEqual([]);
    expect(await seen(id)).toMatchObject({ enabled: false, last_unsent: null });
    expect((await set({})).status).toBe(200);
    await minute();
    expect(platform.scores).toMatchObject([{ userId: "ada", scoreGiven: 100 }]);
    expect((await arrive(await new Browser().launch(platform, ada, to()))).user.id).toBe(user.id);
  });

  it("[I9] does not become another one under the people of the first, unless an operator says that they are the same", async () => {
    const { user } = await arrive(await new Browser().launch(platform, ada, to()));
    const moved = new TestPlatform();
    await moved.rotate();
    serve(platform, moved);
    const refused = await problem(await set(moved.registered), 400);
    expect(refused.errors).toMatchObject([{ path: "issuer", rule: "other_people" }]);
    await arrive(await new Browser().launch(platform, ada, to()));
    expect((await set({ ...moved.registered, same_people: true })).status).toBe(200);
    expect((await arrive(await new Browser().launch(moved, ada, to()))).user.id).toBe(user.id);
  });

  it("that loses a course has its members read and its scores sent no more, and nothing of that counts as failing", async () => {
    const teacher = { sub: "tom", roles: [INSTRUCTOR] };
    await arrive(await new Browser().launch(platform, teacher, to(), platform.roster()));
    const { access_token, user } = await arrive(
      await new Browser().launch(platform, ada, to("one"), platform.endpoint("c-one")),
    );
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token: access_token });
    await project(slug, user.id);
    expect((await set({ courses: [] })).status).toBe(200);
    await runCron("* * * * *");
    await deliver("latchkey-imports", [{ type: "lti", id: "members" }]);
    await deliver("latchkey-imports", [{ type: "lti", id: "scores" }]);
    expect(await seen(id)).toMatchObject({ contexts: [], last_unsent: { why: "course_refused" } });
    expect(platform.scores).toEqual([]);
    expect(platform.memberPages).toEqual([]);
  });

  it("that gives its teachers less than before takes back what it gave, when they come", async () => {
    const members = async () => {
      const answer = await call("GET", `/courses/${slug}/members`, { token: await author() });
      return (await answer.json<{ results: { user_id: string; role: string }[] }>()).results
        .filter(({ user_id }) => user_id.startsWith("lti-"))
        .map(({ role }) => role);
    };
    await set({ teachers: "co_author" });
    const teacher = { sub: "tom", roles: [INSTRUCTOR] };
    await arrive(await new Browser().launch(platform, teacher, to()));
    expect(await members()).toEqual(["co_author"]);
    await set({ teachers: "grader" });
    await arrive(await new Browser().launch(platform, teacher, to()));
    expect(await members()).toEqual(["grader"]);
  });
});
