// Over 350 lines: the cases share one journal and a backend that can be made to fail.

import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import worker from "../../../src/back.ts";
import { FLUSH_INTERVAL_MS } from "../../../src/records/journal/append.ts";
import { PARK_AFTER } from "../../../src/records/journal/flush.ts";
import { journalOf } from "../../../src/records/stubs.ts";
import { brokenDatabase, silentDatabase } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, service, setClock } from "../../support/worker/learners.ts";
import { history } from "../../support/worker/streams.ts";
import {
  alarmOf,
  evict,
  fireAlarm,
  flush,
  freshOwner,
  journal,
  journalRows,
  limit,
  ownerWithSession,
  poison,
  put,
  replaceDatabase,
  send,
  sessionOf,
  stateOf,
  storedVersions,
  taskOf,
  tasksOf,
} from "./support.ts";

const PATIENCE_MS = 5_000;
const parkedPage = z.object({
  results: z.array(z.object({ id: z.string(), error: z.string(), attempts: z.int(), kind: z.string() }).loose()),
  next_cursor: z.string().nullable(),
});

afterEach(() => {
  vi.useRealTimers();
});

/** An owner with a session that is stored, in a journal that waits for nothing. */
async function quietOwner(name: string): Promise<string> {
  const owner = await ownerWithSession(name);
  await flush(owner);
  while ((await stateOf(owner)).announcements > 0) await fireAlarm(owner);
  return owner;
}

/** Waits in real time. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** When the journal flushes next. */
async function dueOf(owner: string): Promise<number> {
  const [row] = await journalRows(owner, "SELECT at FROM due_times WHERE name = 'flush'");
  return Number(row?.at ?? Number.NaN);
}

const count = async (owner: string) => Object.keys(await storedVersions(owner)).length;
const sweep = () => worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);

async function parked(query = "") {
  return read(await call("GET", `/translation/parked${query}`, { token: await service() }), 200, parkedPage);
}

describe("a flush", () => {
  it("comes by itself at 1,000 waiting items, and not before", async () => {
    const owner = await quietOwner("full");
    await put(owner, "tasks", tasksOf(owner, 999));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await count(owner)).toBe(0);
    await put(owner, "tasks", [taskOf(owner, 999)]);
    await until("1,000 items in D1", async () => (await count(owner)) === 1_000);
  });

  it("[I10] comes 30 s after the first waiting item, whatever arrives meanwhile", async () => {
    const owner = await quietOwner("interval");
    setClock(Date.now());
    const started = Date.now();
    await put(owner, "tasks", [taskOf(owner, 1)]);
    advanceClock(20_000);
    await put(owner, "tasks", [taskOf(owner, 2)]);
    expect(await dueOf(owner)).toBe(started + FLUSH_INTERVAL_MS);
    expect(await alarmOf(owner)).toBeLessThanOrEqual(started + FLUSH_INTERVAL_MS);
    advanceClock(9_999);
    await fireAlarm(owner);
    expect(await count(owner)).toBe(0);
    advanceClock(1);
    await fireAlarm(owner);
    expect(await count(owner)).toBe(2);
  });

  it("that is requested answers when everything is stored, and says up to which number", async () => {
    const owner = await quietOwner("demand");
    const sent = await read(
      await send(owner, "tasks", tasksOf(owner, 3)),
      200,
      z.looseObject({ journal_seq: z.int() }),
    );
    const answer = await read(
      await call("POST", "/translation/flush", { token: await tokenOf(owner) }),
      200,
      z.object({ journals: z.array(z.object({ journal: z.int(), journal_seq: z.int(), pending: z.int() })) }),
    );
    expect(answer.journals).toMatchObject([{ journal: journalOf(owner), pending: 0 }]);
    expect(answer.journals[0]?.journal_seq).toBeGreaterThanOrEqual(sent.journal_seq);
    expect(await count(owner)).toBe(3);
  });

  it("[I4] does not drop items that are written while it runs", async () => {
    const owner = await quietOwner("meanwhile");
    await put(owner, "tasks", [taskOf(owner, 1)]);
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let hasBegun = false;
    // SAFETY: prepare and batch are all that the application calls.
    const slow = {
      prepare: (text: string) => env.DB.prepare(text),
      batch: async (statements: D1PreparedStatement[]) => {
        hasBegun = true;
        const stored = await env.DB.batch(statements);
        await gate;
        return stored;
      },
    } as unknown as D1Database;
    await replaceDatabase(owner, slow);
    const flushing = flush(owner);
    await until("the flush", async () => hasBegun);
    await put(owner, "tasks", [taskOf(owner, 1, { version: 2 })]);
    release();
    await flushing;
    await replaceDatabase(owner, env.DB);
    await flush(owner);
    expect(await storedVersions(owner)).toEqual({ [`${owner}:book:t1`]: 2 });
  });

  it("[I10] records that it ran, even if there was nothing to do", async () => {
    const owner = await quietOwner("heartbeat");
    setClock(Date.now() + 3_600_000);
    await sweep();
    expect((await stateOf(owner)).flushed_at).toBe(Date.now());
  });
});

describe("while D1 does not answer", () => {
  it("[I1] [I10] items wait, can be read, and are stored in order later, without new traffic", async () => {
    const owner = await quietOwner("dark");
    setClock(Date.now());
    await replaceDatabase(owner, brokenDatabase());
    await put(owner, "tasks", tasksOf(owner, 10));
    await put(owner, "tasks", tasksOf(owner, 10, { version: 2, status: "processing" }));
    const token = await tokenOf(owner);
    // Ten minutes of back-off: each alarm fails, and each sets the next.
    const waits: number[] = [];
    const end = Date.now() + 600_000;
    while (Date.now() < end) {
      const at = await alarmOf(owner);
      if (at === null) throw new Error("nothing would wake the journal");
      waits.push(at - Date.now());
      setClock(Math.max(at, Date.now()));
      await fireAlarm(owner);
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(waits.length).toBeGreaterThan(10);
    expect(await stateOf(owner)).toMatchObject({ pending: 10, parked: 0 });
    expect((await stateOf(owner)).error).toMatch(/^d1: /);
    const task = await call("GET", `/translation/tasks/${owner}:book:t3`, { token });
    expect(await read(task, 200, z.looseObject({ version: z.int() }))).toMatchObject({ version: 2 });
    expect((await problem(await call("POST", "/translation/flush", { token }), 503)).code).toBe("unavailable");
    await put(owner, "tasks", [taskOf(owner, 1, { version: 3 })]);

    await replaceDatabase(owner, env.DB);
    // Nothing but alarms from here on, and a minute at most.
    const latest = Date.now() + 60_000;
    while ((await stateOf(owner)).pending > 0 && Date.now() <= latest) {
      setClock(Math.max((await alarmOf(owner)) ?? Number.NaN, Date.now()) + 1);
      await fireAlarm(owner);
    }
    const versions = await storedVersions(owner);
    expect(Object.values(versions).sort()).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
    expect(versions[`${owner}:book:t1`]).toBe(3);
    expect(await stateOf(owner)).toMatchObject({ pending: 0, error: null });
  });

  it("new items do not shorten the wait before the next try", async () => {
    const owner = await quietOwner("patient");
    setClock(Date.now());
    await replaceDatabase(owner, brokenDatabase());
    await put(owner, "tasks", tasksOf(owner, 1_000));
    for (let failure = 0; failure < 5; failure += 1) {
      setClock(await dueOf(owner));
      await fireAlarm(owner);
    }
    const due = await dueOf(owner);
    await put(owner, "tasks", tasksOf(owner, 1_000, { version: 2 }));
    expect(await dueOf(owner)).toBe(due);
    expect(due - Date.now()).toBeGreaterThan(8_000);
    await replaceDatabase(owner, env.DB);
    await flush(owner);
  });

  it("[I10] a call that never returns counts as a failed try, and delays no later flush", async () => {
    const owner = await quietOwner("silent");
    const restoreLimits = await limit(owner, { write_timeout_ms: 50 });
    await put(owner, "tasks", [taskOf(owner, 1)]);
    await replaceDatabase(owner, silentDatabase());
    await problem(await call("POST", "/translation/flush", { token: await tokenOf(owner) }), 503);
    await replaceDatabase(owner, env.DB);
    await flush(owner);
    expect(await count(owner)).toBe(1);
    await restoreLimits();
  });
});

describe("an item that the backend refuses", () => {
  it(`[I10] is parked after ${PARK_AFTER} tries, delays no other item, is listed, and is stored once the cause is gone`, async () => {
    const owner = await quietOwner("poison");
    const bad = `${owner}:book:t500`;
    const cure = await poison(bad);
    await put(owner, "tasks", tasksOf(owner, 999));
    await flush(owner);
    expect(await count(owner)).toBe(998);
    expect((await stateOf(owner)).parked).toBe(0);
    for (let tries = 0; tries < PARK_AFTER; tries += 1) await flush(owner);
    expect(await stateOf(owner)).toMatchObject({ parked: 1, pending: 0, error: null });
    const [shown] = (await parked()).results.filter(({ id }) => id === bad);
    expect(shown).toMatchObject({ kind: "task", attempts: PARK_AFTER });
    expect(shown?.error).toContain("poison");
    // Others go on; the parked item is still read as acknowledged.
    await put(owner, "tasks", [taskOf(owner, 2_000)]);
    await flush(owner);
    expect(await count(owner)).toBe(999);
    const token = await tokenOf(owner);
    await read(await call("GET", `/translation/tasks/${bad}`, { token }), 200, z.unknown());
    await cure();
    const replayed = await call("POST", "/translation/parked/replay", { token: await service(), body: { ids: [bad] } });
    expect(await read(replayed, 200, z.unknown())).toEqual({ items: 1 });
    await until("the replayed item", async () => (await count(owner)) === 1_000);
    expect((await parked()).results.filter(({ id }) => id === bad)).toEqual([]);
  });

  it("[I10] is tried again by itself an hour later, and a newer version replaces it at once", async () => {
    const owner = await quietOwner("hourly");
    const cures = await Promise.all([poison(`${owner}:book:t1`), poison(`${owner}:book:t2`)]);
    await put(owner, "tasks", tasksOf(owner, 3));
    for (let tries = 0; tries <= PARK_AFTER; tries += 1) await flush(owner);
    expect((await stateOf(owner)).parked).toBe(2);
    await Promise.all(cures.map((cure) => cure()));
    await put(owner, "tasks", [taskOf(owner, 1, { version: 2 })]);
    await flush(owner);
    expect(await storedVersions(owner)).toEqual({ [`${owner}:book:t0`]: 1, [`${owner}:book:t1`]: 2 });
    setClock(Date.now() + 3_600_001);
    await sweep();
    await fireAlarm(owner);
    await until("the item that was parked", async () => (await count(owner)) === 3);
  });

  it("is in the list of parked items, page by page", async () => {
    const owner = await quietOwner("many");
    const cures = await Promise.all([0, 1, 2, 3, 4].map((at) => poison(`${owner}:book:t${at}`)));
    await put(owner, "tasks", tasksOf(owner, 6));
    for (let tries = 0; tries <= PARK_AFTER; tries += 1) await flush(owner);
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const found = await parked(`?limit=2${query}`);
      ids.push(...found.results.map(({ id }) => id).filter((id) => id.startsWith(`${owner}:`)));
      cursor = found.next_cursor;
    } while (cursor !== null);
    expect(ids.sort()).toEqual([0, 1, 2, 3, 4].map((at) => `${owner}:book:t${at}`));
    await Promise.all(cures.map((cure) => cure()));
    await call("POST", "/translation/parked/replay", { token: await service(), body: {} });
    await flush(owner);
    expect(await count(owner)).toBe(6);
  });
});

describe("a journal that is full", () => {
  it.each([{ rows: 5 }, { characters: 10 }])(
    "[I1] with %o refuses a whole batch with Retry-After, and drops nothing",
    async (limits) => {
      const owner = await quietOwner("pressure");
      await put(owner, "tasks", tasksOf(owner, 4));
      const lift = await limit(owner, limits);
      const refused = await send(owner, "tasks", [taskOf(owner, 8), taskOf(owner, 9)]);
      expect(refused.headers.get("retry-after")).toBe("5");
      expect((await problem(refused, 503)).code).toBe("unavailable");
      expect((await stateOf(owner)).pending).toBe(4);
      await flush(owner);
      expect(await put(owner, "tasks", [taskOf(owner, 8), taskOf(owner, 9)])).toMatchObject([
        { status: "created" },
        { status: "created" },
      ]);
      await lift();
      await flush(owner);
      expect(await journalRows(owner, "SELECT held_rows, held_characters FROM counters")).toEqual([
        { held_rows: 0, held_characters: 0 },
      ]);
    },
  );
});

describe("a journal that lost something", () => {
  it("[I10] if it is its alarm, gets it again from the sweep of the next minute", async () => {
    const owner = await quietOwner("alarm");
    await put(owner, "tasks", [taskOf(owner, 1)]);
    await runInDurableObject(journal(owner), (_instance, state) => state.storage.deleteAlarm());
    expect(await alarmOf(owner)).toBeNull();
    await sweep();
    expect(await alarmOf(owner)).not.toBeNull();
    setClock(Date.now() + FLUSH_INTERVAL_MS);
    await fireAlarm(owner);
    expect(await count(owner)).toBe(1);
  });

  it("[I10] even if it is its own list of due work, does this work", async () => {
    const owner = await quietOwner("due");
    await put(owner, "tasks", [taskOf(owner, 1)]);
    await journalRows(owner, "DELETE FROM due_times");
    await evict(owner);
    await sweep();
    await until("the item", async () => (await count(owner)) === 1);
  });

  it("[I1] if it is its memory, still has what it acknowledged", async () => {
    const owner = await quietOwner("memory");
    await put(owner, "tasks", tasksOf(owner, 5));
    await evict(owner);
    expect((await put(owner, "tasks", tasksOf(owner, 5))).map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => "duplicate"),
    );
    await flush(owner);
    expect(await count(owner)).toBe(5);
  });
});

describe("a deletion", () => {
  it("[I10] that is cut off continues by itself, page by page", async () => {
    const owner = await quietOwner("purge");
    for (const start of [0, 1_000, 2_000]) {
      await put(
        owner,
        "tasks",
        Array.from({ length: 1_000 }, (_, at) => taskOf(owner, start + at)),
      );
    }
    await flush(owner);
    // D1 stops answering after the first page.
    let deletes = 0;
    // SAFETY: prepare and batch are all that the application calls.
    const failing = {
      prepare: (text: string) => {
        if (text.startsWith("DELETE")) deletes += 1;
        return (deletes > 1 ? brokenDatabase() : env.DB).prepare(text);
      },
      batch: (statements: D1PreparedStatement[]) => env.DB.batch(statements),
    } as unknown as D1Database;
    await replaceDatabase(owner, failing);
    const removed = await call("DELETE", `/translation/sessions/${owner}:book`, { token: await tokenOf(owner) });
    expect(removed.status).toBe(200);
    expect(await count(owner)).toBe(2_000);
    expect((await stateOf(owner)).purges).toBe(1);
    await evict(owner); // and the process with it
    setClock(Date.now() + 60_000);
    await fireAlarm(owner);
    await until("an empty D1", async () => (await count(owner)) === 0 && (await stateOf(owner)).purges === 0);
    const sessions = env.DB.prepare("SELECT count(*) AS n FROM translation_sessions WHERE owner = ?");
    expect(await sessions.bind(owner).first("n")).toBe(0);
  });

  it("[I4] waits for the flush that holds the tasks of the session", async () => {
    const owner = await quietOwner("race");
    await put(owner, "tasks", tasksOf(owner, 5));
    let hasBegun = false;
    // SAFETY: prepare and batch are all that the application calls.
    const late = {
      prepare: (text: string) => env.DB.prepare(text),
      batch: async (statements: D1PreparedStatement[]) => {
        hasBegun = true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return env.DB.batch(statements);
      },
    } as unknown as D1Database;
    await replaceDatabase(owner, late);
    const flushing = flush(owner);
    await until("the flush", async () => hasBegun);
    await call("DELETE", `/translation/sessions/${owner}:book`, { token: await tokenOf(owner) });
    await flushing;
    expect(await storedVersions(owner)).toEqual({});
  });
});

describe("the owner of a session", () => {
  async function told(owner: string) {
    setClock(Date.now() + 2_000);
    await fireAlarm(owner);
    await until("nothing pending", async () => (await stateOf(owner)).announcements === 0);
    return (await history(owner)).results.filter(({ type }) => type.startsWith("task."));
  }

  it("[I6] gets one event when it begins, one when it ends, and only the newest progress", async () => {
    const owner = freshOwner("told");
    await put(owner, "sessions", [sessionOf(owner, { status: "pending", total_tasks: 30 })]);
    await put(owner, "sessions", [sessionOf(owner, { version: 2, total_tasks: 30 })]);
    await put(owner, "tasks", tasksOf(owner, 30));
    for (let done = 0; done < 30; done += 10) {
      const finished = tasksOf(owner, 10).map((task) => ({
        ...taskOf(owner, task.position + done, { version: 2, status: "completed", translated_text: "句" }),
      }));
      await put(owner, "tasks", finished);
      await put(owner, "tasks", finished); // a retry
    }
    for (const version of [3, 4, 5]) {
      await put(owner, "sessions", [sessionOf(owner, { version, status: "completed", title: `v${version}` })]);
    }
    const events = await told(owner);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === "task.progress-started")).toHaveLength(1);
    expect(types.filter((type) => type === "task.progress-completed")).toHaveLength(1);
    expect(types[0]).toBe("task.progress-started");
    expect(types.at(-1)).toBe("task.progress-completed");
    expect(types.filter((type) => type === "task.progress-updated").length).toBeLessThanOrEqual(1);
    // Sent again, nothing is new.
    await put(owner, "sessions", [sessionOf(owner, { version: 6, status: "completed" })]);
    expect((await told(owner)).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  });

  it("gets an event for a failure, and one when it begins again", async () => {
    const owner = freshOwner("failed");
    for (const [version, status] of ["processing", "failed", "failed", "processing", "cancelled"].entries()) {
      await put(owner, "sessions", [sessionOf(owner, { version: version + 1, status })]);
    }
    expect((await told(owner)).map(({ type }) => type.replace("task.progress-", ""))).toEqual([
      "started",
      "failed",
      "started",
      "failed",
    ]);
  });

  it("[I10] that cannot be reached delays no other owner in the same journal, and gets the events later", async () => {
    const first = freshOwner("deaf");
    let second = freshOwner("hearing");
    while (journalOf(second) !== journalOf(first)) second = freshOwner("hearing");
    await put(first, "sessions", [sessionOf(first)]);
    await fireAlarm(first);
    await put(first, "sessions", [sessionOf(first, { version: 2, status: "failed" })]);
    await runInDurableObject(journal(first), (instance) => {
      const channels = new Proxy(env.CHANNELS, {
        get(target, property) {
          if (property === "idFromName") {
            return (name: string) => {
              if (name === first) throw new Error("unreachable");
              return target.idFromName(name);
            };
          }
          const value: unknown = Reflect.get(target, property);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      Object.assign(instance, { env: { ...env, CHANNELS: channels } });
    });
    await put(first, "sessions", [sessionOf(first, { version: 3, status: "processing" })]);
    await put(second, "sessions", [sessionOf(second)]);
    await fireAlarm(second);
    await until("the other owner's event", async () => (await history(second)).results.length === 1);
    expect((await stateOf(first)).announcements).toBeGreaterThan(0);
    await evict(first);
    setClock(Date.now() + 60_000);
    await fireAlarm(first);
    expect((await history(first)).results.map(({ type }) => type.replace("task.progress-", ""))).toEqual([
      "started",
      "failed",
      "started",
    ]);
  });
});

describe("clean-up", () => {
  it("removes answers after two days, and versions still make a repeat harmless", async () => {
    const owner = await quietOwner("old");
    const headers = { "idempotency-key": "old" };
    await send(owner, "tasks", [taskOf(owner, 1)], { headers });
    await flush(owner);
    setClock(Date.now() + 3 * 86_400_000);
    await fireAlarm(owner);
    expect(await journalRows(owner, "SELECT key FROM answers WHERE key LIKE ?", `${owner} %`)).toEqual([]);
    expect(await put(owner, "tasks", [taskOf(owner, 1)], { headers })).toMatchObject([{ status: "duplicate" }]);
  });
});
