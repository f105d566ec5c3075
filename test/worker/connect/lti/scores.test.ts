import { env } from "cloudflare:workers";
import type { JWK } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sendScores } from "../../../../src/connect/lti/scores.ts";
import { LEARNER, TestPlatform } from "../../../support/lti/platform.ts";
import { deliver, freshSlug, project, publish, runCron } from "../../../support/worker/courses.ts";
import { call } from "../../../support/worker/http.ts";
import { admin, author, ladder } from "../../../support/worker/learners.ts";
import { arrive, Browser, namesNoCourses, putIntoOrganization, register, seen, serve, TOOL } from "./support.ts";

let slug = "";
let platform: TestPlatform;
let id = "";
const ada = { sub: "ada-9", name: "Ada", roles: [LEARNER] };
const to = (item?: string) => ({
  target: `${TOOL}/lti/to/${slug}${item === undefined ? "" : `/${item}`}`,
  link: `link-${item ?? "all"}`,
});

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

async function comes(item: string | undefined, column: string, person = ada) {
  return arrive(await new Browser().launch(platform, person, to(item), platform.endpoint(column)));
}
async function completes(token: string, user: string, item: string) {
  const answer = await call("POST", `/courses/${slug}/chapters/${slug}.${item}/mark_as_completed`, { token });
  if (answer.status !== 200) throw new Error(await answer.text());
  await answer.body?.cancel();
  await project(slug, user);
}
/** What a minute does: the cron asks, and the queue delivers. */
async function minute() {
  await runCron("* * * * *");
  await deliver("latchkey-imports", [{ type: "lti", id: "scores" }]);
}
const told = () =>
  platform.scores.map(({ column, activityProgress, scoreGiven }) => [column, activityProgress, scoreGiven]);
/** Everything that waits is due. */
const due = () =>
  env.DB.prepare("UPDATE lti_scores SET due_at = 1 WHERE due_at IS NOT NULL AND platform = ?").bind(id).run();

describe("scores", () => {
  it("go out when an item completes, to each column of its learner, once", async () => {
    const { access_token, user } = await comes("one", "c-one");
    await comes(undefined, "c-all");
    await minute();
    expect(told()).toEqual([]);
    await completes(access_token, user.id, "one");
    await minute();
    expect(told().toSorted()).toEqual([
      ["c-all", "InProgress", expect.any(Number)],
      ["c-one", "Completed", 100],
    ]);
    const [score] = platform.scores.filter(({ column }) => column === "c-one");
    expect(score).toMatchObject({ userId: "ada-9", gradingProgress: "FullyGraded", scoreMaximum: 100 });
    expect(Date.parse(score?.timestamp ?? "")).toBeGreaterThan(Date.now() - 60_000);
    // Both with one token, and nothing is said twice, whatever comes again.
    expect(platform.tokensGiven).toBe(1);
    await comes("one", "c-one");
    await project(slug, user.id);
    await minute();
    await minute();
    expect(platform.scores).toHaveLength(2);
  });

  it("[I8] go to a platform that names no courses only while the course belongs to no organisation", async () => {
    await namesNoCourses(id, platform);
    const { access_token, user } = await comes("one", "c-one");
    await completes(access_token, user.id, "one");
    await minute();
    expect(told()).toEqual([["c-one", "Completed", 100]]);
    await comes("p2", "c-p2");
    await putIntoOrganization(slug);
    const body = { facts: [{ user_id: user.id, item: `${slug}.p2`, score: 80, at: new Date().toISOString() }] };
    expect((await call("POST", "/progress/import", { token: await admin(), body })).status).toBe(200);
    await project(slug, user.id);
    await minute();
    expect(platform.scores).toHaveLength(1);
    const why = await env.DB.prepare("SELECT failure FROM lti_scores WHERE platform = ? AND item = ?")
      .bind(id, `${slug}.p2`)
      .first("failure");
    expect(why).toContain("course_refused");
  });

  it("are the score where there is one, and a waiting verdict is no score yet", async () => {
    const { access_token, user } = await comes("p2", "c-p2");
    const answer = await call("POST", `/problems/${slug}.p2/submissions`, {
      token: access_token,
      body: { answer: "x" },
    });
    expect(answer.status, await answer.clone().text()).toBeLessThan(300);
    await project(slug, user.id);
    await minute();
    expect(platform.scores).toMatchObject([{ activityProgress: "Submitted", gradingProgress: "Pending" }]);
    const { submission_id } = await answer.json<{ submission_id: string }>();
    const verdict = { token: await author(), body: { passed: true, score: 87.505 } };
    const judged = await call("POST", `/submissions/${submission_id}/verdict`, verdict);
    expect(judged.status, await judged.text()).toBe(200);
    await project(slug, user.id);
    await minute();
    expect(platform.scores.at(-1)).toMatchObject({
      gradingProgress: "FullyGraded",
      scoreGiven: 87.51,
      scoreMaximum: 100,
    });
  });

  it("wait while the platform does not take them, longer each time, and are not lost; an operator sees why", async () => {
    const { access_token, user } = await comes("one", "c-one");
    await completes(access_token, user.id, "one");
    platform.busy = () => new Response("busy", { status: 503 });
    await minute();
    const waits = async () => {
      const row = await env.DB.prepare("SELECT due_at, failure FROM lti_scores WHERE platform = ?")
        .bind(id)
        .first<{ due_at: number | null; failure: string | null }>();
      return row?.due_at == null ? null : row.due_at - Date.now();
    };
    expect(await seen(id)).toMatchObject({ last_unsent: { why: "score_refused: 503" } });
    const metrics = await call("GET", "/system/metrics", { token: await admin() });
    expect(await metrics.text()).toMatch(/lti_scores_waiting"?[^\n]*1/);
    const first = (await waits()) ?? 0;
    expect(first).toBeGreaterThan(20_000);
    await due();
    await sendScores(env);
    expect((await waits()) ?? 0).toBeGreaterThan(first + 15_000);
    platform.busy = null;
    // Before its time nothing is sent.
    await minute();
    expect(platform.scores).toEqual([]);
    await due();
    await minute();
    expect(told()).toEqual([["c-one", "Completed", 100]]);
    expect(await waits()).toBeNull();
    expect(await seen(id)).toMatchObject({ last_unsent: null, last_delivery: expect.any(String) });
  });

  it("rest after two days of failures, and an operator sends them again", async () => {
    const { access_token, user } = await comes("one", "c-one");
    await completes(access_token, user.id, "one");
    platform.busy = () => new Response("gone", { status: 404 });
    await minute();
    await env.DB.prepare("UPDATE lti_scores SET due_at = 1, attempts = 17 WHERE platform = ?").bind(id).run();
    await sendScores(env);
    await due();
    platform.busy = null;
    await minute();
    expect(platform.scores).toEqual([]);
    const again = await call("POST", `/lti/platforms/${id}/resend`, { token: await admin() });
    expect(await again.json()).toEqual({ id, scores: 1 });
    await minute();
    expect(told()).toEqual([["c-one", "Completed", 100]]);
  });

  it("ask for another token when theirs has ended, and say so when none is given", async () => {
    const { access_token, user } = await comes(undefined, "c-all");
    await completes(access_token, user.id, "one");
    await minute();
    platform.endTokens();
    await completes(access_token, user.id, "two");
    await minute();
    expect(platform.scores).toHaveLength(2);
    expect(platform.tokensGiven).toBe(2);
    platform.endTokens();
    platform.toolKeys = { keys: [] };
    await completes(access_token, user.id, "three");
    await minute();
    expect(await seen(id)).toMatchObject({ last_unsent: { why: "token_refused: 400" } });
  });

  it("are taken back when what they were for is", async () => {
    const { access_token, user } = await comes("one", "c-one");
    await completes(access_token, user.id, "one");
    await minute();
    for (const db of [env.DB, env.DB_SHARD_2]) {
      await db.prepare("UPDATE progress SET revoked_at = 1 WHERE enrollment_id = ?").bind(`${slug}:${user.id}`).run();
    }
    await minute();
    expect(platform.scores.at(-1)).toMatchObject({ activityProgress: "Initialized", gradingProgress: "NotReady" });
    expect(platform.scores.at(-1)).not.toHaveProperty("scoreGiven");
  });

  it("are sent only where the platform gives a column and the right to it", async () => {
    const none = { "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": undefined };
    const readonly = platform.endpoint("c", ["https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"]);
    const inside = {
      "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
        scope: ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        lineitem: "https://10.0.0.7/columns/1",
      },
    };
    for (const change of [none, readonly, inside]) {
      await arrive(await new Browser().launch(platform, ada, to("one"), change));
    }
    const rows = await env.DB.prepare("SELECT count(*) AS n FROM lti_scores WHERE platform = ?").bind(id).first("n");
    expect(rows).toBe(0);
  });
});
