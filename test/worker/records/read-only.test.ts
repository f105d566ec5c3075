import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readOnlyDatabase } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { setClock } from "../../support/worker/learners.ts";
import {
  alarmOf,
  evict,
  fireAlarm,
  flush,
  journalRows,
  ownerWithSession,
  poison,
  put,
  replaceDatabase,
  stateOf,
  storedVersions,
  taskOf,
  tasksOf,
} from "./support.ts";

/** What is promised: everything is stored so long after D1 takes writes again, milliseconds. */
const DRAINED_WITHIN_MS = 180_000;

afterEach(() => {
  vi.useRealTimers();
});

async function quietOwner(name: string): Promise<string> {
  const owner = await ownerWithSession(name);
  await flush(owner);
  while ((await stateOf(owner)).announcements > 0) await fireAlarm(owner);
  return owner;
}

const stored = async (owner: string) =>
  (await env.DB.prepare("SELECT count(*) AS n FROM translation_tasks WHERE owner = ?")
    .bind(owner)
    .first<number>("n")) ?? 0;

/** Lets the journal's alarms fire until an instant, each when it is due. @returns the longest wait between two. */
async function letAlarmsFire(owner: string, until: number): Promise<number> {
  let longest = 0;
  for (;;) {
    const at = await alarmOf(owner);
    if (at === null || at > until) return longest;
    longest = Math.max(longest, at - Date.now());
    setClock(Math.max(at, Date.now()));
    await fireAlarm(owner);
  }
}

describe("[fault 16] D1 that answers reads and refuses writes", () => {
  it("parks none of 1,000 good tasks in an hour, and reports the outage", async () => {
    const owner = await quietOwner("reads-only");
    setClock(Date.now());
    await replaceDatabase(owner, readOnlyDatabase().db);
    await put(owner, "tasks", tasksOf(owner, 1_000));
    const end = Date.now() + 3_600_000;
    expect(await letAlarmsFire(owner, end)).toBeLessThanOrEqual(60_000);
    expect(await stateOf(owner)).toMatchObject({ parked: 0, pending: 1_000 });
    expect((await stateOf(owner)).error).toMatch(/^d1: .*refuses writes/);
    expect(await journalRows(owner, "SELECT max(attempts) AS attempts FROM pending")).toEqual([{ attempts: 0 }]);
    const answer = await call("POST", "/translation/flush", { token: await tokenOf(owner) });
    expect(answer.status).toBe(503);
    await answer.body?.cancel();
    await replaceDatabase(owner, env.DB);
    await flush(owner);
    expect(await stored(owner)).toBe(1_000);
  });

  it("costs one refused write and one refused test write a round, however many items wait", async () => {
    const owner = await quietOwner("cheap");
    setClock(Date.now());
    await put(owner, "tasks", tasksOf(owner, 300));
    const { db, refused } = readOnlyDatabase();
    await replaceDatabase(owner, db);
    const before = refused();
    setClock((await alarmOf(owner)) ?? Number.NaN);
    await fireAlarm(owner);
    expect(refused() - before).toBeLessThanOrEqual(2);
    await replaceDatabase(owner, env.DB);
    await flush(owner);
  });

  // The arithmetic: the back-off is a minute at most, so the first alarm comes within 60 s of the return; it stores pages
  // of 1,000 until none is left (20 of at most 200), some 14,000 rows a second (docs/developers/records.md): 60 s + 2 s.
  it("gets 20,000 tasks within three minutes after it accepts writes, started by the alarm only", {
    timeout: 120_000,
  }, async () => {
    const owner = await quietOwner("twenty-thousand");
    setClock(Date.now());
    await replaceDatabase(owner, readOnlyDatabase().db);
    const tasks = tasksOf(owner, 20_000, { source_text: "x" });
    for (let at = 0; at < tasks.length; at += 1_000) await put(owner, "tasks", tasks.slice(at, at + 1_000));
    await letAlarmsFire(owner, Date.now() + 3_600_000);
    expect(await stateOf(owner)).toMatchObject({ parked: 0, pending: 20_000 });

    const returned = Date.now();
    await replaceDatabase(owner, env.DB);
    let alarms = 0;
    while ((await stateOf(owner)).pending > 0) {
      const at = await alarmOf(owner);
      if (at === null) throw new Error("nothing would wake the journal");
      setClock(Math.max(at, Date.now()));
      await fireAlarm(owner);
      alarms += 1;
    }
    expect(alarms).toBe(1);
    expect(Date.now() - returned).toBeLessThanOrEqual(DRAINED_WITHIN_MS);
    expect(await stateOf(owner)).toMatchObject({ parked: 0, pending: 0, error: null });
    expect(await stored(owner)).toBe(20_000);
  });

  it("is told apart from a bad row, in every way in which a write can be refused", async () => {
    const refusals: ((sql: string) => boolean)[] = [
      // Only the records' own tables: an index of one is damaged, or a release has come before its migration.
      (sql) => /INSERT INTO translation_tasks/.test(sql),
      // Whatever comes in one piece, as when the database is full.
      (sql) => /^\s*INSERT/.test(sql),
    ];
    for (const isRefused of refusals) {
      const owner = await quietOwner("other-ways");
      setClock(Date.now());
      await replaceDatabase(owner, readOnlyDatabase(env.DB, isRefused).db);
      await put(owner, "tasks", tasksOf(owner, 20));
      await letAlarmsFire(owner, Date.now() + 1_800_000);
      expect(await stateOf(owner)).toMatchObject({ parked: 0, pending: 20 });
      await replaceDatabase(owner, env.DB);
      await flush(owner);
      expect(await stored(owner)).toBe(20);
    }
  });

  it("does not prevent that a bad row is parked, and no test record stays behind", async () => {
    const owner = await quietOwner("one-bad");
    const cure = await poison(`${owner}:book:t7`);
    await put(owner, "tasks", tasksOf(owner, 20));
    for (let tries = 0; tries <= 5; tries += 1) await flush(owner);
    expect(await stateOf(owner)).toMatchObject({ parked: 1, pending: 0, error: null });
    expect(await stored(owner)).toBe(19);
    const trials = await env.DB.prepare("SELECT count(*) AS n FROM translation_tasks WHERE id LIKE 'trial %'").first(
      "n",
    );
    expect(trials).toBe(0);
    await cure();
    await put(owner, "tasks", [taskOf(owner, 7, { version: 2 })]);
    await flush(owner);
    expect(Object.keys(await storedVersions(owner))).toHaveLength(20);
  });

  it("is noticed again after a restart: a try that failed then does not count against a row", async () => {
    const owner = await quietOwner("restarted");
    setClock(Date.now());
    await replaceDatabase(owner, readOnlyDatabase().db);
    await put(owner, "tasks", tasksOf(owner, 5));
    await letAlarmsFire(owner, Date.now() + 600_000);
    await evict(owner);
    setClock(Math.max((await alarmOf(owner)) ?? Number.NaN, Date.now()));
    await fireAlarm(owner);
    expect(await stored(owner)).toBe(5);
  });
});
