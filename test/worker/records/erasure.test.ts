import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { callJournal, journalOf } from "../../../src/records/stubs.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import {
  flush,
  freshOwner,
  journal,
  journalRows,
  limit,
  ownerWithSession,
  put,
  replaceDatabase,
  send,
  sessionOf,
  stateOf,
  storedVersions,
  taskOf,
  tasksOf,
} from "./support.ts";

async function erase(owner: string): Promise<void> {
  const erased = await callJournal(env, journalOf(owner), (stub) => stub.erase(owner));
  if (!erased.ok) throw new Error(erased.refusal.code);
}

async function remove(owner: string): Promise<void> {
  const path = `/translation/sessions/${owner}:book`;
  expect((await call("DELETE", path, { token: await tokenOf(owner) })).status).toBe(200);
}

/** What D1 has of an owner. */
async function storedOf(owner: string): Promise<number> {
  const sessions = env.DB.prepare("SELECT count(*) AS n FROM translation_sessions WHERE owner = ?");
  const count = (await sessions.bind(owner).first<number>("n")) ?? 0;
  return count + Object.keys(await storedVersions(owner)).length;
}

/** A D1 that keeps the writes it is sent to itself, and never answers them. */
function lateDatabase(): { db: D1Database; land: () => Promise<void> } {
  const held: D1PreparedStatement[][] = [];
  // SAFETY: prepare and batch are all that the application calls.
  const db = {
    prepare: (text: string) => env.DB.prepare(text),
    batch: (statements: D1PreparedStatement[]) => {
      held.push(statements);
      return new Promise<never>(() => {});
    },
  } as unknown as D1Database;
  const land = async () => {
    expect(held.length).toBeGreaterThan(0);
    for (const statements of held) await env.DB.batch(statements);
  };
  return { db, land };
}

describe("the erasure of an owner in their journal", () => {
  it("[I8] forgets what waited, how much was stored, and that anything waited", async () => {
    const owner = await ownerWithSession("erased");
    await flush(owner);
    const before = await stateOf(owner);
    await put(owner, "tasks", tasksOf(owner, 7));
    await erase(owner);
    for (const [table, column] of [
      ["known", "id"],
      ["pending", "id"],
      ["progress", "session"],
      ["purges", "session"],
      ["announcements", "user"],
    ]) {
      const left = `SELECT ${column} FROM ${table} WHERE ${column} LIKE ?`;
      expect(await journalRows(owner, left, `${owner}%`), table).toEqual([]);
    }
    // What was dropped makes room: else erasures would fill the journal over time.
    expect((await stateOf(owner)).pending).toBe(before.pending);
  });

  it("[I8] forgets the answers that name the owner, whoever received them, and no others, without reading all", async () => {
    const owner = await ownerWithSession("answers");
    let other = freshOwner("answers");
    while (journalOf(other) !== journalOf(owner)) other = freshOwner("answers");
    await put(other, "sessions", [sessionOf(other)]);
    const service = await tokenOf("answers-service", "service");
    for (const whose of [owner, other]) {
      for (const token of [service, await tokenOf(whose)]) {
        const headers = { "idempotency-key": `${whose}-1` };
        expect((await send(whose, "tasks", [taskOf(whose, 1)], { token, headers })).status).toBe(200);
      }
    }
    const naming = (whose: string) =>
      journalRows(owner, "SELECT key FROM answers WHERE instr(answer || ' ' || key, ?) > 0", whose);
    expect([(await naming(`${owner}:`)).length, (await naming(`${other}:`)).length]).toEqual([2, 2]);
    await erase(owner);
    expect([(await naming(owner)).length, (await naming(`${other}:`)).length]).toEqual([0, 2]);
    const plan = await journalRows(owner, "EXPLAIN QUERY PLAN DELETE FROM answers WHERE owner = ?", owner);
    expect(JSON.stringify(plan)).not.toContain("SCAN");
  });
});

describe("a write that was given up and arrives later", () => {
  it.each([
    ["deletion", remove],
    ["erasure", erase],
  ])("[I4] [I8] after a %s brings nothing back", async (_what, end) => {
    const owner = await ownerWithSession("late");
    await put(owner, "tasks", tasksOf(owner, 3));
    const restoreLimits = await limit(owner, { write_timeout_ms: 50 });
    const late = lateDatabase();
    await replaceDatabase(owner, late.db);
    const token = await tokenOf(owner);
    expect((await problem(await call("POST", "/translation/flush", { token }), 503)).code).toBe("unavailable");
    await restoreLimits();
    await replaceDatabase(owner, env.DB);
    await end(owner);
    await late.land();
    expect(await storedOf(owner)).toBe(0);
  });

  it("[I5] without a deletion has its usual effect", async () => {
    const owner = await ownerWithSession("tardy");
    await put(owner, "tasks", tasksOf(owner, 3));
    const restoreLimits = await limit(owner, { write_timeout_ms: 50 });
    const late = lateDatabase();
    await replaceDatabase(owner, late.db);
    await problem(await call("POST", "/translation/flush", { token: await tokenOf(owner) }), 503);
    await restoreLimits();
    await replaceDatabase(owner, env.DB);
    await put(owner, "tasks", [taskOf(owner, 1, { version: 2 })]);
    await flush(owner);
    await late.land();
    expect(Object.values(await storedVersions(owner)).sort()).toEqual([1, 1, 2]);
  });

  it("[I1] notices a barrier that another writer has raised, and nothing is lost", async () => {
    const owner = await ownerWithSession("raised");
    await flush(owner);
    await put(owner, "tasks", tasksOf(owner, 3));
    // That of this journal alone: other tests' journals stand in the same database.
    const raised = env.DB.prepare("UPDATE record_fences SET epoch = epoch + 5 WHERE name = ?");
    expect((await raised.bind(journal(owner).id.toString()).run()).meta.changes).toBeGreaterThan(0);
    await problem(await call("POST", "/translation/flush", { token: await tokenOf(owner) }), 503);
    expect((await stateOf(owner)).parked).toBe(0);
    await flush(owner);
    expect(await storedOf(owner)).toBe(4);
  });
});
