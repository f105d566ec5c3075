import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { snapshotKey } from "../../../src/insight/snapshot.ts";
import { insightSource } from "../../../src/privacy/sources/insight.ts";
import { madeUpSchool } from "../../support/insight/school.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import {
  admin,
  atRiskSchema,
  author,
  bringSchool,
  DAY_MS,
  predictionSchema,
  START,
  startRun,
  workOff,
} from "./support.ts";

const school = madeUpSchool({ terms: 3, modules: 1, learners: 60, seed: 21, start: START });
const AS_OF = START + (2 * 200 + 50) * DAY_MS;
const COURSE = "m0-t2";
const ANN = "u2-0000";
const BOB = "u2-0001";

beforeAll(async () => {
  await bringSchool(school);
  await predictFor([ANN, BOB]);
}, 60_000);

/** Learners of a running course have a prediction, without a model having been trained for it. */
async function predictFor(users: readonly string[]): Promise<void> {
  const reasons = JSON.stringify([
    { reason: "handing_in", weight: -1.2, value: 0.4 },
    { reason: "scores", weight: 0.6, value: 71.5 },
    { reason: "silence", weight: -0.3, value: 30 },
  ]);
  for (const [at, user] of users.entries()) {
    await spread
      .prepare(
        `INSERT INTO insight_predictions (enrollment_id, day, kind, course_slug, user_id, model_hash, run_id, probability,
         reasons, predicted_at, week, latest) VALUES (?, 50, 'live', ?, ?, 'm', 'r', ?, ?, ?, 2900, 1)`,
      )
      .bind(`${COURSE}:${user}`, COURSE, user, 0.2 + at * 0.5, reasons, AS_OF)
      .run();
  }
}

const insightSchema = z.object({ enrollment_id: z.string(), predictions: z.array(predictionSchema) });

describe("[I8] a prediction", () => {
  it("can be read by the learner and by staff of the course, and by nobody else", async () => {
    const path = `/enrollments/${COURSE}:${ANN}/insight`;
    for (const token of [await tokenOf(ANN), await author(), await admin()]) {
      const { predictions } = await read(await call("GET", path, { token }), 200, insightSchema);
      expect(predictions).toMatchObject([{ probability_of_passing: 0.2, is_at_risk: true }]);
    }
    for (const token of [await tokenOf(BOB), await tokenOf("mallory", "author")]) {
      for (const way of [path, `${path}/lineage`, `/courses/${COURSE}/insight/at-risk`]) {
        expect((await problem(await call("GET", way, { token }), 403)).code).toBe("forbidden");
      }
    }
  });

  it("is in sentences, with advice only if there is a risk", async () => {
    const of = async (user: string, query = "") =>
      (
        await read(
          await call("GET", `/enrollments/${COURSE}:${user}/insight${query}`, { token: await author() }),
          200,
          insightSchema,
        )
      ).predictions[0];
    expect((await of(ANN))?.summary).toBe(
      "Submitted 40 % of what was due (a risk); mean score 71.5 of 100 (a good sign); the last submission was 30 days ago (a risk).",
    );
    expect((await of(ANN, "?lang=zh"))?.summary).toBe(
      "已提交到期作业的 40 %（风险）；平均分 71.5（满分 100）（有利）；上次提交是 30 天前（风险）。",
    );
    expect((await of(ANN))?.advice).toMatch(/submit first/);
    expect((await of(BOB))?.advice).toBeNull();
  });
});

describe("[I9] data for early warning", () => {
  it("is refused as a whole if it breaks a rule", async () => {
    const token = await author();
    const schedule = {
      module: "m",
      period: "p",
      starts_at: "2024-01-01T00:00:00Z",
      length_days: 100,
      assessments: [{ item: "other.a", due: 1, weight: 1 }],
    };
    const path = `/courses/${COURSE}/insight`;
    const before = await spread.prepare("SELECT * FROM insight_courses").all();
    expect(
      (await problem(await call("PUT", `${path}/schedule`, { token, body: schedule }), 400)).errors?.[0],
    ).toMatchObject({
      path: "assessments[0].item",
    });
    const sexed = { learners: [{ user_id: ANN, gender: "F" }] };
    expect((await problem(await call("POST", `${path}/learners`, { token, body: sexed }), 400)).errors?.[0]?.rule).toBe(
      "unrecognized_keys",
    );
    expect((await spread.prepare("SELECT * FROM insight_courses").all()).results).toEqual(before.results);
  });

  it("about somebody who is not enrolled is counted and not stored", async () => {
    const body = { learners: [{ user_id: "stranger", passed: true }] };
    const answer = await call("POST", `/courses/${COURSE}/insight/learners`, { token: await author(), body });
    expect(await answer.json()).toEqual({ taken: 0, not_enrolled: 1 });
  });
});

describe("a learner who is excluded, or erased", () => {
  /** Lines of the course in the snapshot of a run as of {@link AS_OF}. */
  async function learnersInSnapshot(): Promise<number> {
    const run = await startRun(AS_OF);
    await workOff();
    const stored = await spread
      .prepare("SELECT data_hash FROM insight_runs WHERE id = ?")
      .bind(run)
      .first<{ data_hash: string }>();
    const manifest = z
      .object({
        courses: z.array(z.object({ course: z.string(), parts: z.array(z.object({ learners: z.number() })) })),
      })
      .parse(await (await env.DOCUMENTS.get(snapshotKey(stored?.data_hash ?? "")))?.json());
    const entry = manifest.courses.find(({ course }) => course === COURSE);
    return entry?.parts.reduce((sum, { learners }) => sum + learners, 0) ?? -1;
  }
  const predictions = async (user: string) =>
    (await spread.prepare("SELECT day FROM insight_predictions WHERE user_id = ?").bind(user).all()).results.length;

  it("is not in the next snapshot and has no prediction; other learners stay", async () => {
    // No model can be made of one module's few learners here: what counts is what is collected.
    const whole = await learnersInSnapshot();
    const path = `/enrollments/${COURSE}:${ANN}/insight/exclusion`;
    const set = async (excluded: boolean) =>
      read(await call("PUT", path, { token: await author(), body: { excluded } }), 200, z.looseObject({}));
    await set(true);
    expect(await predictions(ANN)).toBe(0);
    const others = await predictions(BOB);
    expect(others).toBeGreaterThan(0);
    expect(await learnersInSnapshot()).toBe(whole - 1);
    expect(await predictions(ANN)).toBe(0);
    await set(false);

    const exported: object[] = [];
    for await (const { row } of insightSource.export(env, BOB)) exported.push(row);
    expect(exported.length).toBe(1 + (await predictions(BOB)));
    await spread.prepare("DELETE FROM enrollments WHERE user_id = ?").bind(BOB).run();
    expect(await insightSource.erase(env, BOB)).toBe("done");
    for await (const { row } of insightSource.export(env, BOB)) expect(row).toBeUndefined();
    expect(await learnersInSnapshot()).toBe(whole - 1);
    expect(await predictions(BOB)).toBe(0);
  }, 60_000);

  it("must have been enrolled: somebody else cannot be excluded", async () => {
    const answer = await call("PUT", `/enrollments/${COURSE}:nobody/insight/exclusion`, {
      token: await author(),
      body: { excluded: true },
    });
    expect((await problem(answer, 404)).code).toBe("not_enrolled");
  });
});

describe("the list of learners at risk", () => {
  it("is empty without predictions, and is a 404 without a course", async () => {
    const token = await author();
    const page = await read(await call("GET", "/courses/m0-t0/insight/at-risk", { token }), 200, atRiskSchema);
    expect(page.next_cursor).toBeNull();
    expect((await problem(await call("GET", "/courses/nowhere/insight/at-risk", { token }), 404)).code).toBe(
      "course_not_found",
    );
  });
});
