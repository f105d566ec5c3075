import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import { brokenDatabase } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  evict,
  flush,
  freshOwner,
  journal,
  ownerWithSession,
  put,
  replaceDatabase,
  send,
  sessionOf,
  stateOf,
  statuses,
  storedVersions,
  taskOf,
  tasksOf,
} from "./support.ts";

/** The journal is new, and D1 as it was: what restoring a backup of D1 leaves. */
async function loseJournal(owner: string): Promise<void> {
  await runInDurableObject(journal(owner), async (_instance, state) => {
    await state.storage.deleteAlarm();
    await state.storage.deleteAll();
  });
  await evict(owner);
}

const done = { status: "completed", translated_text: "句" };

async function ownerWithTasks(name: string, count: number): Promise<string> {
  const owner = await ownerWithSession(name);
  for (let from = 0; from < count; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, count - from) }, (_, at) => taskOf(owner, from + at));
    await put(owner, "tasks", batch);
  }
  await put(owner, "tasks", [taskOf(owner, 0, { ...done, version: 2 })]);
  await flush(owner);
  return owner;
}

it("[I1] [I4] a journal without a stored session reads it from the backend, and judges as before", async () => {
  const owner = await ownerWithTasks("restored", 1_003);
  await loseJournal(owner);
  expect(
    await statuses(owner, "tasks", [
      taskOf(owner, 0, { ...done, version: 2 }),
      taskOf(owner, 0),
      taskOf(owner, 0, { version: 3 }),
      taskOf(owner, 1, { source_text: "other" }),
      taskOf(owner, 1_002, { ...done, version: 2 }),
      taskOf(owner, 2_000),
    ]),
  ).toEqual(["duplicate", "stale", "illegal_status", "version_reused", "updated", "created"]);
  const token = await tokenOf(owner);
  const session = await read(
    await call("GET", `/translation/sessions/${owner}:book`, { token }),
    200,
    z.looseObject({ tasks: z.record(z.string(), z.int()) }),
  );
  expect(session.tasks).toMatchObject({ pending: 1_002, completed: 2 });
  await flush(owner);
  const versions = await storedVersions(owner);
  expect([Object.keys(versions).length, versions[`${owner}:book:t1002`]]).toEqual([1_004, 2]);
});

it("[I3] a journal counts the stored tasks of a session before anybody writes", async () => {
  const owner = await ownerWithTasks("counted", 3);
  await loseJournal(owner);
  const answer = await call("GET", `/translation/sessions/${owner}:book`, { token: await tokenOf(owner) });
  expect(await read(answer, 200, z.looseObject({ tasks: z.unknown() }))).toMatchObject({
    tasks: { pending: 2, completed: 1 },
  });
});

it("[I4] a journal reads the stored session itself too", async () => {
  const owner = await ownerWithSession("ended", { version: 4, status: "completed" });
  await flush(owner);
  await loseJournal(owner);
  expect(
    await statuses(owner, "sessions", [
      sessionOf(owner, { version: 3 }),
      sessionOf(owner, { version: 4, status: "completed" }),
      sessionOf(owner, { version: 5 }),
    ]),
  ).toEqual(["stale", "duplicate", "illegal_status"]);
});

it("[I1] a journal that cannot find out whether a session exists says so, and still accepts sessions", async () => {
  const owner = await ownerWithTasks("unclear", 2);
  await loseJournal(owner);
  await stateOf(owner);
  await replaceDatabase(owner, brokenDatabase());
  const refused = await send(owner, "tasks", [taskOf(owner, 1, { version: 2 })]);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  expect((await problem(refused, 503)).code).toBe("unavailable");
  const other = sessionOf(owner, { session_id: `${owner}:new` });
  expect(await statuses(owner, "sessions", [other])).toEqual(["created"]);
  await replaceDatabase(owner, env.DB);
  expect(await statuses(owner, "tasks", [taskOf(owner, 1, { version: 2 })])).toEqual(["updated"]);
  await flush(owner);
});

it("a session that is stored nowhere is unknown", async () => {
  const owner = freshOwner("nowhere");
  expect(await statuses(owner, "tasks", tasksOf(owner, 2))).toEqual(["unknown_session", "unknown_session"]);
});
