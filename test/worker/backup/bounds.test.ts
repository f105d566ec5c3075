import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { continueJob } from "../../../src/backup/job.ts";
import { verificationJob } from "../../../src/backup/jobs.ts";
import { callsOf, MOST_CALLS, metered } from "../../../src/backup/metered.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { readPart } from "../../../src/backup/store.ts";
import { verificationPlan } from "../../../src/backup/verify.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { answerOften } from "../../support/worker/full-size.ts";
import { ladder } from "../../support/worker/learners.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";
import { manifest, takeBackup } from "./support.ts";

/** Calls of one invocation that every account may make, and statements of D1. */
const PLATFORM_CALLS = 1_000;
const FOR_EVER = Number.POSITIVE_INFINITY;

describe("a step of a backup", () => {
  it("ends before it makes more calls than one invocation may make", { timeout: 280_000 }, async () => {
    const slug = freshSlug("many");
    await publish(ladder(slug));
    // Registered learners: each has an object and a channel that are asked, and hold nothing.
    await (await databaseOfCourse(slug))
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at)
         SELECT ?1 || ':u' || i, ?1, 'u' || i, 1, 1 FROM n`,
      )
      .bind(slug)
      .run();
    const id = await beginBackup(env, Date.now(), "everything");
    const steps: number[] = [];
    for (let state = "running"; state === "running"; ) {
      const bindings = metered(env);
      state = await continueBackup(bindings, id, FOR_EVER);
      steps.push(callsOf(bindings));
    }
    expect(steps.length).toBeGreaterThan(2);
    expect(Math.max(...steps)).toBeGreaterThanOrEqual(MOST_CALLS);
    expect(Math.max(...steps)).toBeLessThan(PLATFORM_CALLS);
    expect((await manifest(id)).unreadable).toEqual([]);
  });

  it("of a verification does so too", { timeout: 280_000 }, async () => {
    const slug = freshSlug("few");
    await publish(ladder(slug));
    for (let user = 0; user < 5; user += 1) await enroll(slug, `v${user}`);
    const { id } = await takeBackup();
    const job = verificationJob(id);
    let done = false;
    while (!done) {
      const bindings = metered(env);
      const state = await continueJob(bindings, id, job, verificationPlan(bindings, job), FOR_EVER);
      expect(callsOf(bindings)).toBeLessThan(PLATFORM_CALLS);
      if (!state.ok) throw new Error(state.refusal.code);
      done = state.value.phase === "done";
    }
  });

  it("holds few objects at once if they are large", { timeout: 280_000 }, async () => {
    const slug = freshSlug("essays");
    await publish(ladder(slug));
    // Each just fits one answer: thirty essays of ten thousand characters.
    for (let user = 0; user < 14; user += 1) {
      await enroll(slug, `e${user}`);
      await answerOften(slug, `e${user}`, "p2", 30);
    }
    const backup = await takeBackup();
    let objects = 0;
    for (const entry of backup.parts.filter(({ stage }) => stage === "enrollment_objects")) {
      const part = await readPart(env, backup, entry);
      if (!part.ok) throw new Error(part.refusal.code);
      const bytes = new TextEncoder().encode(part.value.lines.join("\n")).byteLength;
      expect(bytes).toBeLessThan(10_000_000);
      objects += part.value.lines.filter((line) => line.includes(`"${slug}:e`)).length;
    }
    expect(objects).toBe(14);
  });
});
