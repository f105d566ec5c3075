import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { enroll, fireAlarm, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { everywhere } from "../../support/worker/shards.ts";
import {
  all,
  bindingsWith,
  brokenDatabase,
  collectingQueue,
  consume,
  outboxOf,
  pair,
  rebind,
  rowOf,
  run,
} from "./support.ts";

const PROJECTION = "latchkey-projection";
const message = (slug: string, user: string) => ({ type: "project", enrollment_id: `${slug}:${user}` });

/** Enrolls learners whose objects announce to `sent` only, so that nothing is projected behind the test's back. */
async function quiet(users: readonly string[], slug = freshSlug("projection")) {
  await publish(pair(slug));
  const { queue, sent } = collectingQueue();
  for (const user of users) {
    await rebind(slug, user, { PROJECTION_QUEUE: queue });
    await enroll(slug, user);
  }
  return { slug, sent, queue };
}

async function complete(slug: string, user: string, chapter = "one") {
  const answer = await call("POST", `/courses/${slug}/chapters/${slug}.${chapter}/mark_as_completed`, {
    token: await tokenOf(user),
  });
  expect(answer.status).toBe(200);
}

const events = (slug: string, user: string) =>
  all<{ version: number; unlocked: string; locked: string; cause: string }>(
    "SELECT version, unlocked, locked, cause FROM unlock_events WHERE enrollment_id = ? ORDER BY version",
    `${slug}:${user}`,
  );

describe("the projection consumer", () => {
  it("[I10] is not delayed by an enrollment that D1 refuses", async () => {
    const { slug } = await quiet(["a", "poison", "c"]);
    for (const user of ["a", "poison", "c"]) await complete(slug, user);
    await run(
      `CREATE TRIGGER poison BEFORE INSERT ON progress WHEN NEW.enrollment_id = '${slug}:poison'
       BEGIN SELECT RAISE(ABORT, 'poison'); END`,
    );
    const bodies = [message(slug, "a"), message(slug, "poison"), { type: "unreadable" }, message(slug, "c")];
    const result = await consume(PROJECTION, bodies);
    expect(result).toEqual({ acked: ["m0", "m3"], retried: ["m1", "m2"], ackAll: false });
    expect(await rowOf(slug, "a")).toMatchObject({ progress_seq: 1 });
    expect(await rowOf(slug, "c")).toMatchObject({ progress_seq: 1 });
    // Its batch failed whole: neither the mirror nor anything else of it arrived, and nothing of it was confirmed.
    expect(await rowOf(slug, "poison")).toMatchObject({ progress_seq: 0, version: 0 });
    expect(await outboxOf(slug, "poison")).toBeGreaterThan(0);
    await run("DROP TRIGGER IF EXISTS poison");
    expect((await consume(PROJECTION, [message(slug, "poison")])).acked).toEqual(["m0"]);
    expect(await rowOf(slug, "poison")).toMatchObject({ progress_seq: 1 });
    expect(await outboxOf(slug, "poison")).toBe(0);
  });

  it("[I1] loses nothing while D1 does not answer", async () => {
    const { slug } = await quiet(["ada"]);
    await complete(slug, "ada");
    const before = await outboxOf(slug, "ada");
    const down = await consume(PROJECTION, [message(slug, "ada")], bindingsWith({ ...everywhere(brokenDatabase) }));
    expect(down).toMatchObject({ acked: [], retried: ["m0"] });
    expect(await outboxOf(slug, "ada")).toBe(before);
    expect((await consume(PROJECTION, [message(slug, "ada")])).acked).toEqual(["m0"]);
    expect(await outboxOf(slug, "ada")).toBe(0);
    expect(await all("SELECT item_id FROM progress WHERE enrollment_id = ?", `${slug}:ada`)).toHaveLength(1);
  });

  it("[I1] confirms only what was delivered: a write in between is delivered next time", async () => {
    const { slug } = await quiet(["ada"]);
    const pending = await objectOf(slug, "ada").pendingProjection();
    if (!pending.ok || pending.value === null) throw new Error("nothing is pending");
    await complete(slug, "ada");
    const confirmed = await objectOf(slug, "ada").confirmProjection(pending.value.head);
    expect(confirmed).toMatchObject({ ok: true, value: { remaining: await outboxOf(slug, "ada") } });
    expect(await outboxOf(slug, "ada")).toBeGreaterThan(0);
    await consume(PROJECTION, [message(slug, "ada")]);
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: 1, version: 2 });
    expect((await events(slug, "ada")).map((event) => event.version)).toContain(2);
  });

  it("[I6] announces each unlock exactly once, however often and in whatever order it is delivered", async () => {
    const { slug } = await quiet(["ada"]);
    const pending = await objectOf(slug, "ada").pendingProjection();
    await complete(slug, "ada");
    await Promise.all(
      Array.from({ length: 4 }, () => consume(PROJECTION, [message(slug, "ada"), message(slug, "ada")])),
    );
    await consume(PROJECTION, [message(slug, "ada")]);
    if (!pending.ok || pending.value === null) throw new Error("nothing was pending");
    // An old confirmation that arrives late removes nothing new.
    await complete(slug, "ada", "two");
    await objectOf(slug, "ada").confirmProjection(pending.value.head);
    await consume(PROJECTION, [message(slug, "ada")]);
    const announced = await events(slug, "ada");
    expect(announced.map(({ unlocked, locked, cause }) => ({ unlocked, locked, cause }))).toEqual([
      { unlocked: JSON.stringify([`${slug}.one`]), locked: "[]", cause: "enrollment" },
      { unlocked: JSON.stringify([`${slug}.two`]), locked: "[]", cause: "progress" },
    ]);
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: 2, completed_count: 2 });
  });

  it("[I3] never writes a sequence to D1 before its facts have arrived", async () => {
    const slug = freshSlug("long");
    const items = 1_000;
    const problems = Array.from({ length: items }, (_, i) => ({ id: `${slug}.p${i}`, title: `P${i}` }));
    await publish({ slug, title: "Long", problems });
    const { queue } = collectingQueue();
    await rebind(slug, "ada", { PROJECTION_QUEUE: queue });
    await enroll(slug, "ada");
    const at = new Date().toISOString();
    const imported = await call("POST", "/progress/import", {
      token: await tokenOf("importer", "service"),
      body: { facts: problems.map(({ id }) => ({ user_id: "ada", item: id, completed: true, at })) },
    });
    expect(await imported.json()).toMatchObject({ recorded: items });
    for (let page = 1; page <= 3; page += 1) {
      await consume(PROJECTION, [message(slug, "ada")]);
      const [counted] = await all<{ n: number }>(
        "SELECT count(*) AS n FROM progress WHERE enrollment_id = ?",
        `${slug}:ada`,
      );
      const { progress_seq } = await rowOf(slug, "ada");
      expect(progress_seq).toBeLessThanOrEqual(counted?.n ?? 0);
    }
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: items, completed_count: items });
    expect(await outboxOf(slug, "ada")).toBe(0);
  });
});

describe("the outbox alarm", () => {
  it("is set once for a burst: one announcement is under way, and the next comes after the confirmation", async () => {
    const { slug, sent } = await quiet(["ada"]);
    await consume(PROJECTION, [message(slug, "ada")]);
    const alarm = () => runInDurableObject(objectOf(slug, "ada"), (_instance, state) => state.storage.getAlarm());
    // What an isolate has to announce goes out together, a moment later.
    const announced = (times: number) => vi.waitFor(() => expect(sent).toHaveLength(times), 10_000);
    await announced(1);
    sent.length = 0;
    await complete(slug, "ada", "one");
    const armed = await alarm();
    await complete(slug, "ada", "two");
    await announced(1);
    expect(await alarm()).toBe(armed);
    await consume(PROJECTION, [message(slug, "ada")]);
    expect(await rowOf(slug, "ada")).toMatchObject({ progress_seq: 2 });
    await call("POST", `/enrollments/${slug}:ada/revocations`, {
      token: await tokenOf("root", "admin"),
      body: { item: `${slug}.two`, reason: "a test" },
    });
    await announced(2);
  });

  it("[I10] is at most a minute away, also after many tries without confirmation", async () => {
    const { slug } = await quiet(["ada"]);
    const wait = () =>
      runInDurableObject(objectOf(slug, "ada"), (_instance, state) => {
        const { at } = state.storage.sql.exec<{ at: number }>("SELECT at FROM due_times WHERE name = 'outbox'").one();
        state.storage.sql.exec("INSERT INTO due_times SELECT name, 0, failures FROM due_times WHERE name = 'outbox'");
        return at - Date.now();
      });
    for (let announced = 0; announced < 12; announced += 1) {
      expect(await wait()).toBeLessThanOrEqual(60_000);
      await fireAlarm(slug, "ada");
    }
  });

  it("[I10] announces again until D1 has confirmed, and then is not set", async () => {
    const { slug, sent } = await quiet(["ada"]);
    const dueNow = () =>
      runInDurableObject(objectOf(slug, "ada"), async (_instance, state) => {
        state.storage.sql.exec("INSERT INTO due_times SELECT name, 0, failures FROM due_times WHERE name = 'outbox'");
        await state.storage.setAlarm(Date.now() + 60_000);
      });
    const announced = () =>
      sent.filter(({ body }) => JSON.stringify(body) === JSON.stringify(message(slug, "ada"))).length;
    await vi.waitFor(() => expect(announced()).toBe(1), 10_000);
    await dueNow();
    const before = announced();
    for (let i = 1; i <= 3; i += 1) {
      await dueNow();
      expect(await fireAlarm(slug, "ada")).toBe(true);
      expect(announced()).toBe(before + i);
    }
    await consume(PROJECTION, [message(slug, "ada")]);
    const due = await runInDurableObject(objectOf(slug, "ada"), (_instance, state) =>
      state.storage.sql.exec("SELECT name FROM due_times WHERE name = 'outbox'").toArray(),
    );
    expect(due).toEqual([]);
  });

  it("does not announce when nothing is pending any more, for whatever reason", async () => {
    const { slug, sent } = await quiet(["ada"]);
    await consume(PROJECTION, [message(slug, "ada")]);
    sent.length = 0;
    // As left behind when the confirmation overtakes the announcement it answers.
    await runInDurableObject(objectOf(slug, "ada"), async (_instance, state) => {
      state.storage.sql.exec("INSERT OR REPLACE INTO due_times (name, at, failures) VALUES ('outbox', 0, 5)");
      await state.storage.setAlarm(Date.now() + 60_000);
    });
    await fireAlarm(slug, "ada");
    expect(sent).toEqual([]);
    const left = await runInDurableObject(objectOf(slug, "ada"), async (_instance, state) => ({
      due: state.storage.sql.exec("SELECT name FROM due_times").toArray(),
      alarm: await state.storage.getAlarm(),
    }));
    expect(left).toEqual({ due: [], alarm: null });
  });
});
