import { describe, expect, it } from "vitest";
import { settleRefreshes } from "../../../src/staleness/settle.ts";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { databaseOfCourse, everywhere } from "../../support/worker/shards.ts";
import {
  bindingsWith,
  brokenDatabase,
  consume,
  markAll,
  once,
  pair,
  publishAndMark,
  rebind,
  rowOf,
  run,
  watchedDatabase,
  watchedObjects,
} from "./support.ts";

const REFRESH = "latchkey-refresh";

const refresh = (course: string, user: string, mark: number | null, force = false) => ({
  type: "refresh",
  enrollment_id: `${course}:${user}`,
  stale_mark: mark,
  force,
});

/** A published course with these learners, stale since a second version. */
async function staleCourse(users: readonly string[]): Promise<string> {
  const slug = freshSlug("refresh");
  await publish(pair(slug));
  for (const user of users) {
    await enroll(slug, user);
    await project(slug, user);
  }
  await publishAndMark(pair(slug, "second"));
  return slug;
}

async function complete(slug: string, user: string): Promise<void> {
  const answer = await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, {
    token: await tokenOf(user),
  });
  expect(answer.status).toBe(200);
}

describe("the refresh consumer", () => {
  it("[I5] acknowledges and retries each message separately", async () => {
    const slug = await staleCourse(["good", "ill"]);
    const objects = watchedObjects(async (id) => {
      if (id === `${slug}:ill`) throw new Error("its storage fails");
    });
    const bodies = [
      refresh(slug, "good", 1),
      { type: "nonsense" },
      refresh(slug, "ill", 1),
      refresh("nowhere-at-all", "x", 1),
      refresh(slug, "never-enrolled", 1),
      "garbage",
    ];
    const result = await consume(REFRESH, bodies, bindingsWith({ ENROLLMENTS: objects }));
    expect(result).toEqual({ acked: ["m0", "m3", "m4"], retried: ["m1", "m2", "m5"], ackAll: false });
    expect(await rowOf(slug, "good")).toMatchObject({ is_stale: 0, course_version: 2, activation: 2, leased_until: 0 });
    expect(await rowOf(slug, "ill")).toMatchObject({ is_stale: 1, course_version: 1 });
    expect(await consume(REFRESH, [refresh(slug, "ill", 1)])).toMatchObject({ acked: ["m0"], retried: [] });
    expect(await rowOf(slug, "ill")).toMatchObject({ is_stale: 0, course_version: 2 });
  });

  it("[I5] changes nothing for duplicates and old messages", async () => {
    const slug = await staleCourse(["ada"]);
    const message = refresh(slug, "ada", 1);
    expect((await consume(REFRESH, [message, message, message])).acked).toHaveLength(3);
    const { version, computed_at, stale_mark } = await rowOf(slug, "ada");
    await consume(REFRESH, [message]);
    expect(await rowOf(slug, "ada")).toMatchObject({ version, computed_at, stale_mark, is_stale: 0 });
    await publishAndMark(pair(slug, "third"));
    // The object is brought up to date, but a message that knew only the older mark does not clear the newer one.
    await consume(REFRESH, [message]);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, stale_mark: 2, activation: 3 });
  });

  it("[I10] retries everything while D1 does not answer, and refreshes later", async () => {
    const slug = await staleCourse(["a", "b"]);
    const bodies = [refresh(slug, "a", 1), refresh(slug, "b", 1)];
    const down = await consume(REFRESH, bodies, bindingsWith({ ...everywhere(brokenDatabase) }));
    expect(down).toMatchObject({ acked: [], retried: ["m0", "m1"] });
    expect(await rowOf(slug, "a")).toMatchObject({ is_stale: 1 });
    expect((await consume(REFRESH, bodies)).acked).toEqual(["m0", "m1"]);
    expect(await rowOf(slug, "b")).toMatchObject({ is_stale: 0, course_version: 2 });
  });

  it("[I10] retries a refresh while the object cannot load the version", async () => {
    const slug = await staleCourse(["ada"]);
    await rebind(slug, "ada", { ...everywhere(brokenDatabase) });
    expect(await consume(REFRESH, [refresh(slug, "ada", 1)])).toMatchObject({ acked: [], retried: ["m0"] });
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, course_version: 1 });
    await rebind(slug, "ada", {});
    expect(await consume(REFRESH, [refresh(slug, "ada", 1)])).toMatchObject({ acked: ["m0"] });
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, course_version: 2 });
  });

  it("computes an invalidated snapshot again even if nothing has changed", async () => {
    const slug = await staleCourse(["ada"]);
    await consume(REFRESH, [refresh(slug, "ada", 1)]);
    const before = await rowOf(slug, "ada");
    const admin = await tokenOf("root", "admin");
    expect((await call("POST", `/courses/${slug}/stale`, { token: admin })).status).toBe(202);
    await markAll(slug);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, stale_reason: "doubt", stale_mark: 2 });
    await consume(REFRESH, [refresh(slug, "ada", 2, true)]);
    const after = await rowOf(slug, "ada");
    expect(after.is_stale).toBe(0);
    expect(after.computed_at).toBeGreaterThan(before.computed_at ?? 0);
    // Nothing differs, so nothing is announced: the version stands.
    expect(after.version).toBe(before.version);
    expect((await call("POST", "/courses/no-such-course/stale", { token: admin })).status).toBe(404);
  });
});

describe("[I4] a slow refresh", () => {
  it("never replaces a newer version that came while it loaded its own", async () => {
    const slug = await staleCourse(["ada"]);
    let waiting = false;
    let released = false;
    // The object's first look at an outline waits, as on a slow database, until the test lets it go.
    const hold = once(async () => {
      waiting = true;
      while (!released) await scheduler.wait(2);
    });
    await rebind(slug, "ada", {
      DB: watchedDatabase(async (sql) => {
        if (sql.includes("course_outlines")) await hold();
      }),
    });
    const slow = objectOf(slug, "ada").refresh({ version: 2, activation: 2, last_relock: 0 }, false);
    while (!waiting) await scheduler.wait(2);
    await publishAndMark(pair(slug, "third", false));
    const token = await tokenOf("ada");
    const read = await call("GET", `/courses/${slug}/unlocks`, { token });
    expect(await read.json()).toMatchObject({
      snapshot: { course_version: 3 },
      states: { [`${slug}.two`]: "unlocked" },
    });
    await complete(slug, "ada");
    released = true;
    const finished = await slow;
    expect(finished).toMatchObject({
      ok: true,
      value: { recomputed: false, mirror: { course_version: 3, activation: 3 } },
    });
    const after = await call("GET", `/courses/${slug}/unlocks?min_seq=1`, { token });
    expect(await after.json()).toMatchObject({
      snapshot: { course_version: 3, progress_seq: 1 },
      states: { [`${slug}.one`]: "completed", [`${slug}.two`]: "unlocked" },
    });
  });

  it("never clears a mark that was set after its refresh", async () => {
    const slug = await staleCourse(["ada"]);
    const publishThird = once(async () => {
      await publishAndMark(pair(slug, "third"));
    });
    const before = async (sql: string) => {
      if (sql.includes("SET is_stale = 0")) await publishThird();
    };
    expect(
      (
        await consume(
          REFRESH,
          [refresh(slug, "ada", 1)],
          bindingsWith(everywhere((real) => watchedDatabase(before, real))),
        )
      ).acked,
    ).toEqual(["m0"]);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, stale_mark: 2, activation: 2 });
    await consume(REFRESH, [refresh(slug, "ada", 2)]);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, stale_mark: 2, activation: 3 });
  });

  it("never writes its mirror over a newer one", async () => {
    const slug = await staleCourse(["ada"]);
    const progress = once(async () => {
      await complete(slug, "ada");
      await project(slug, "ada");
    });
    const before = async (sql: string) => {
      if (sql.includes("SET is_stale = 0")) await progress();
    };
    await consume(
      REFRESH,
      [refresh(slug, "ada", 1)],
      bindingsWith(everywhere((real) => watchedDatabase(before, real))),
    );
    const row = await rowOf(slug, "ada");
    expect(row).toMatchObject({ progress_seq: 1, course_version: 2 });
    const inspected = await objectOf(slug, "ada").inspect();
    expect(inspected).toMatchObject({ ok: true, value: { mirror: { version: row.version } } });
  });

  it("is settled with an old mirror, and does not change a row that is newer", async () => {
    const slug = await staleCourse(["ada"]);
    const old = await objectOf(slug, "ada").inspect();
    if (!old.ok) throw new Error("not enrolled");
    await complete(slug, "ada");
    await project(slug, "ada");
    const before = await rowOf(slug, "ada");
    await settleRefreshes(await databaseOfCourse(slug), [
      { mirror: old.value.mirror, enrollment: `${slug}:ada`, mark: null },
    ]);
    // All it says is how far the object had come.
    expect(await rowOf(slug, "ada")).toEqual({ ...before, reached_activation: old.value.mirror.activation });
    await run("UPDATE enrollments SET version = 0, progress_seq = 0, computed_at = NULL WHERE id = ?", `${slug}:ada`);
    await settleRefreshes(await databaseOfCourse(slug), [
      { mirror: old.value.mirror, enrollment: `${slug}:ada`, mark: null },
    ]);
    expect(await rowOf(slug, "ada")).toMatchObject({ version: old.value.mirror.version });
  });

  it("[I2] leaves a mirror whose facts D1 does not have yet to the outbox, which brings both", async () => {
    const slug = await staleCourse(["ada"]);
    await project(slug, "ada");
    await complete(slug, "ada");
    const ahead = await objectOf(slug, "ada").inspect();
    if (!ahead.ok) throw new Error("not enrolled");
    expect(ahead.value.mirror.progress_seq).toBe(1);
    await settleRefreshes(await databaseOfCourse(slug), [
      { mirror: ahead.value.mirror, enrollment: `${slug}:ada`, mark: null },
    ]);
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: 0 });
    await project(slug, "ada");
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: 1, version: ahead.value.mirror.version });
  });
});
