// Over 350 lines: one program of a customer, from its first batch to its last.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MAX_BATCH_BYTES } from "../../../src/records/translation/schemas.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, service } from "../../support/worker/learners.ts";
import {
  batchSchema,
  flush,
  freshOwner,
  ownerWithSession,
  put,
  send,
  sessionOf,
  stateOf,
  statuses,
  storedVersions,
  taskOf,
  tasksOf,
} from "./support.ts";

const taskView = z.looseObject({ task_id: z.string(), version: z.int(), status: z.string(), position: z.int() });
const sessionView = z.looseObject({ session_id: z.string(), status: z.string() });
const page = <T extends z.ZodType>(row: T) => z.object({ results: z.array(row), next_cursor: z.string().nullable() });

async function get<T>(owner: string, path: string, schema: z.ZodType<T>): Promise<T> {
  return read(await call("GET", `/translation${path}`, { token: await tokenOf(owner) }), 200, schema);
}

async function status(method: string, path: string, token: string, body?: object): Promise<number> {
  const answer = await call(method, `/translation${path}`, { token, ...(body === undefined ? {} : { body }) });
  await answer.body?.cancel();
  return answer.status;
}

/** Lines of a restore. */
async function restore(owner: string): Promise<Record<string, unknown>[]> {
  const answer = await call("POST", `/translation/recovery/restore/${owner}:book`, { token: await tokenOf(owner) });
  expect(answer.status).toBe(200);
  const text = await answer.text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
}

describe("a batch of records", () => {
  it("[I5] gives an answer for each item, in order", async () => {
    const owner = await ownerWithSession("outcomes");
    await put(owner, "tasks", [taskOf(owner, 1, { version: 5 })]);
    const results = await put(owner, "tasks", [
      taskOf(owner, 2),
      taskOf(owner, 1, { version: 6, status: "processing" }),
      taskOf(owner, 1, { version: 6, status: "processing" }),
      taskOf(owner, 1, { version: 4 }),
      taskOf(owner, 3, { version: 0 }),
      { nonsense: true },
    ]);
    expect(results.map(({ id, status }) => [id.split(":")[2] ?? "", status])).toEqual([
      ["t2", "created"],
      ["t1", "updated"],
      ["t1", "duplicate"],
      ["t1", "stale"],
      ["t3", "invalid"],
      ["", "invalid"],
    ]);
    expect(results[4]?.error).toMatchObject({ rule: "too_small", path: "version" });
    expect(results[5]?.error?.path).not.toBe(undefined);
    await flush(owner);
    expect(await storedVersions(owner)).toEqual({ [`${owner}:book:t1`]: 6, [`${owner}:book:t2`]: 1 });
  });

  it("[I9] names the rule that an item breaks, and accepts the others", async () => {
    const owner = await ownerWithSession("rules");
    await put(owner, "tasks", [
      taskOf(owner, 1, { status: "completed", translated_text: "句" }),
      taskOf(owner, 2, { status: "failed" }),
    ]);
    const broken = [
      [taskOf(owner, 9, { session_id: `${owner}:other`, task_id: `${owner}:other:t9` }), "unknown_session"],
      [taskOf(owner, 9, { session_id: `${owner}:other` }), "other_session"],
      [taskOf(owner, 9, { status: "completed" }), "required"],
      [taskOf(owner, 9, { source_text: "x".repeat(100_001) }), "too_big"],
      [{ ...taskOf(owner, 9), surprise: 1 }, "unrecognized_keys"],
      [taskOf(owner, 1, { version: 2, status: "pending" }), "illegal_status"],
      [taskOf(owner, 1, { version: 1, status: "completed", translated_text: "another" }), "version_reused"],
      [taskOf(owner, 2, { version: 2, status: "processing" }), "updated"],
      [taskOf(owner, 3), "created"],
    ] as const;
    expect(
      await statuses(
        owner,
        "tasks",
        broken.map(([item]) => item),
      ),
    ).toEqual(broken.map(([, rule]) => rule));
    const languages = [sessionOf(owner, { session_id: `${owner}:b2`, target_language: "not a language" })];
    expect((await put(owner, "sessions", languages))[0]?.error?.path).toBe("target_language");
  });

  it("[I9] of more than 1,000 items, of none, or of too many bytes changes nothing", async () => {
    const owner = await ownerWithSession("sizes");
    const before = (await stateOf(owner)).acknowledged;
    const tooMany = await problem(await send(owner, "tasks", tasksOf(owner, 1_001)), 400);
    expect(tooMany.errors?.[0]).toMatchObject({ path: "tasks", rule: "too_big" });
    await problem(await send(owner, "tasks", []), 400);
    const large = "x".repeat(MAX_BATCH_BYTES);
    expect((await problem(await send(owner, "tasks", [{ large }]), 413)).code).toBe("body_too_large");
    expect((await stateOf(owner)).acknowledged).toBe(before);
    const full = await put(owner, "tasks", tasksOf(owner, 1_000));
    expect(full.every(({ status }) => status === "created")).toBe(true);
  });

  it("[I5] with the same key repeats its answer, and with another body is refused", async () => {
    const owner = await ownerWithSession("keys");
    const headers = { "idempotency-key": "once" };
    const items = [taskOf(owner, 1), { bad: true }, taskOf(owner, 2)];
    const first = await send(owner, "tasks", items, { headers });
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    const answer = await read(first, 200, batchSchema);
    // Something newer comes in between: the stored answer is what is replayed, not what would be answered now.
    await put(owner, "tasks", [taskOf(owner, 1, { version: 2 })]);
    const again = await send(owner, "tasks", items, { headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await read(again, 200, batchSchema)).toEqual(answer);
    const other = await send(owner, "tasks", [taskOf(owner, 3)], { headers });
    expect((await problem(other, 422)).code).toBe("idempotency_key_reused");
    await flush(owner);
    expect(await storedVersions(owner)).toEqual({ [`${owner}:book:t1`]: 2, [`${owner}:book:t2`]: 1 });
  });

  it("[I9] belongs to one owner", async () => {
    const [one, two] = [await ownerWithSession("first"), await ownerWithSession("second")];
    const answer = await send(one, "tasks", [taskOf(one, 1), taskOf(two, 1)], { token: await service() });
    expect((await problem(answer, 400)).errors?.[0]?.rule).toBe("one_owner");
    expect(await put(one, "tasks", [taskOf(one, 1)], { token: await service() })).toMatchObject([
      { status: "created" },
    ]);
  });
});

describe("records of others", () => {
  it("[I8] cannot be written, read, restored or deleted without the role for it", async () => {
    const owner = await ownerWithSession("mine");
    await put(owner, "tasks", [taskOf(owner, 1)]);
    await flush(owner);
    const thief = await tokenOf(freshOwner("thief"));
    expect((await problem(await send(owner, "tasks", [taskOf(owner, 1, { version: 9 })], { token: thief }), 403)).code) //
      .toBe("forbidden");
    const session = `/sessions/${owner}:book`;
    expect(await status("GET", session, thief)).toBe(404);
    expect(await status("GET", `${session}/tasks`, thief)).toBe(404);
    expect(await status("GET", `/tasks/${owner}:book:t1`, thief)).toBe(404);
    expect(await status("POST", `/recovery/restore/${owner}:book`, thief)).toBe(404);
    expect(await status("DELETE", session, thief)).toBe(404);
    expect(await status("GET", `/search?q=sentence&owner=${owner}`, thief)).toBe(403);
    for (const list of ["/sessions", "/tasks", "/recovery/incomplete-sessions"]) {
      expect(await status("GET", `${list}?owner=${owner}`, thief), list).toBe(403);
      const own = await read(await call("GET", `/translation${list}`, { token: thief }), 200, page(z.unknown()));
      expect(own.results, list).toEqual([]);
    }
    expect(await status("POST", `/flush?owner=${owner}`, thief, {})).toBe(403);
    for (const path of ["/stats", "/parked"]) expect(await status("GET", path, thief), path).toBe(403);
    for (const path of ["/parked/replay", "/sessions/cleanup"]) {
      expect(await status("POST", path, thief, {}), path).toBe(403);
    }
    expect(await status("GET", session, await admin())).toBe(200);
    expect(await storedVersions(owner)).toEqual({ [`${owner}:book:t1`]: 1 });
  });
});

describe("reading", () => {
  it("[I3] shows acknowledged items, stored or not", async () => {
    const owner = await ownerWithSession("fresh");
    await put(owner, "tasks", [taskOf(owner, 1), taskOf(owner, 2, { status: "processing" })]);
    expect(await storedVersions(owner)).toEqual({});
    expect(await get(owner, `/tasks/${owner}:book:t1`, taskView)).toMatchObject({ status: "pending" });
    const session = await get(owner, `/sessions/${owner}:book`, sessionView);
    expect(session).toMatchObject({ status: "processing", tasks: { pending: 1, processing: 1, completed: 0 } });
    const tasks = await get(owner, `/sessions/${owner}:book/tasks`, page(taskView));
    expect(tasks.results.map(({ position }) => position)).toEqual([1, 2]);
    // Stored now; a newer version in the journal is what is read.
    await put(owner, "tasks", [taskOf(owner, 1, { version: 2, status: "completed", translated_text: "句" })]);
    expect(await get(owner, `/tasks/${owner}:book:t1`, taskView)).toMatchObject({ version: 2, translated_text: "句" });
  });

  it("filters and sorts by the listed fields, and refuses others", async () => {
    const owner = freshOwner("lists");
    const languages = ["en", "de", "fr"];
    await put(
      owner,
      "sessions",
      languages.map((source_language, at) =>
        sessionOf(owner, {
          session_id: `${owner}:s${at}`,
          source_language,
          status: at === 0 ? "completed" : "pending",
        }),
      ),
    );
    await flush(owner);
    const ids = async (query: string) =>
      (await get(owner, `/sessions${query}`, page(sessionView))).results.map(({ session_id }) => session_id.slice(-2));
    expect(await ids("?source_language=de")).toEqual(["s1"]);
    expect(await ids("?status=pending")).toEqual(["s1", "s2"]);
    expect(await ids("?sort=created_at&order=desc")).toEqual(["s2", "s1", "s0"]);
    expect(await status("GET", "/sessions?sort=body", await tokenOf(owner))).toBe(400);
    const first = await get(owner, "/sessions?limit=1", page(sessionView));
    expect(await status("GET", `/sessions?limit=1&status=pending&cursor=${first.next_cursor}`, await tokenOf(owner))) //
      .toBe(400);
    const incomplete = await get(owner, "/recovery/incomplete-sessions", page(sessionView));
    expect(incomplete.results.map(({ session_id }) => session_id.slice(-2))).toEqual(["s1", "s2"]);
  });

  it("lists everybody's incomplete sessions to services, those untouched for the longest time first, each once", async () => {
    const [one, two] = [freshOwner("open"), freshOwner("open")];
    const expected: string[] = [];
    for (const [at, owner] of [one, two, one, two, one].entries()) {
      const session_id = `${owner}:o${at}`;
      const states = ["pending", "processing", "completed", "processing", "pending"] as const;
      await put(owner, "sessions", [sessionOf(owner, { session_id, status: states[at] })]);
      if (states[at] !== "completed") expected.push(session_id);
    }
    await Promise.all([flush(one), flush(two)]);
    // Two in the very same millisecond, of different states: ties go by the id, across the pages too.
    const tie = "UPDATE translation_sessions SET updated_at = 5 WHERE id IN (?, ?)";
    await env.DB.prepare(tie).bind(`${one}:o0`, `${two}:o3`).run();
    const token = await service();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/translation/recovery/incomplete-sessions?limit=1${query}`;
      const found = await read(await call("GET", path, { token }), 200, page(sessionView));
      seen.push(...found.results.map(({ session_id }) => session_id).filter((id) => /:o\d$/.test(id)));
      cursor = found.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([`${one}:o0`, `${two}:o3`, `${two}:o1`, `${one}:o4`]);
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  it("lists every row that stays once, while others are inserted, changed and deleted", async () => {
    const owner = await ownerWithSession("walk");
    await put(owner, "tasks", tasksOf(owner, 300));
    await flush(owner);
    const seen: string[] = [];
    let cursor: string | null = null;
    let turn = 0;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const found = await get(owner, `/tasks?limit=17${query}`, page(taskView));
      seen.push(...found.results.map(({ task_id }) => task_id));
      cursor = found.next_cursor;
      // Every third row changes at some time, every seventh vanishes, new ones come in.
      const changed = Array.from({ length: 5 }, (_, at) =>
        taskOf(owner, ((turn * 5 + at) * 3) % 300, { version: 2 + turn }),
      );
      await put(owner, "tasks", [...changed, taskOf(owner, 1_000 + turn)]);
      await env.DB.prepare("DELETE FROM translation_tasks WHERE id = ?")
        .bind(`${owner}:book:t${turn * 7 + 1}`)
        .run();
      await flush(owner);
      turn += 1;
    } while (cursor !== null && turn < 200);
    const untouched = tasksOf(owner, 300)
      .filter(({ position }) => position % 3 !== 0 && position % 7 !== 1)
      .map(({ task_id }) => task_id);
    const counts = new Map<string, number>();
    for (const id of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(untouched.filter((id) => counts.get(id) !== 1)).toEqual([]);
    expect(turn).toBeGreaterThan(15);
  });

  it("gives services the numbers of waiting and stored items", async () => {
    const owner = await ownerWithSession("numbers");
    const numbers = async () =>
      read(
        await call("GET", "/translation/stats", { token: await service() }),
        200,
        z.looseObject({ pending: z.int(), acknowledged: z.int(), persisted: z.int(), last_flush_at: z.string() }),
      );
    const before = await numbers();
    await put(owner, "tasks", tasksOf(owner, 7));
    const waiting = await numbers();
    expect(waiting.pending - before.pending).toBe(7);
    expect(waiting.acknowledged - before.acknowledged).toBe(7);
    await flush(owner);
    const after = await numbers();
    expect(after.persisted).toBeGreaterThanOrEqual(before.persisted + 7);
    expect(after).toMatchObject({ backends: { d1: { status: "ok" } }, errors: [] });
  });
});

describe("recovery", () => {
  it("restores a session with its pending and processing tasks, in order, and says where it ends", async () => {
    const owner = await ownerWithSession("restore");
    const states = ["pending", "processing", "completed", "failed", "cancelled"];
    await put(
      owner,
      "tasks",
      tasksOf(owner, 1_000).map((task) => {
        const status = states[task.position % 5] ?? "";
        return { ...task, status, translated_text: status === "completed" ? "done" : null };
      }),
    );
    const lines = await restore(owner);
    expect(lines[0]).toMatchObject({ session: { session_id: `${owner}:book` } });
    expect(lines.at(-1)).toEqual({ end: true, tasks: 400 });
    const positions = lines.slice(1, -1).map(({ task }) => taskView.parse(task).position);
    expect(positions).toEqual(
      Array.from({ length: 1_000 }, (_, position) => position).filter((position) => position % 5 < 2),
    );
  });

  it("sends more than a page, and a cut stream has no end line", async () => {
    const owner = await ownerWithSession("pages");
    for (const start of [0, 1_000, 2_000]) {
      await put(
        owner,
        "tasks",
        Array.from({ length: 1_000 }, (_, at) => taskOf(owner, start + at)),
      );
    }
    expect((await restore(owner)).at(-1)).toEqual({ end: true, tasks: 3_000 });
    const answer = await call("POST", `/translation/recovery/restore/${owner}:book`, { token: await tokenOf(owner) });
    const reader = answer.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    await reader?.cancel();
    expect(first).toContain('"session"');
    expect(first).not.toContain('"end"');
  });

  it("refuses an unknown session", async () => {
    const owner = freshOwner("nobody");
    expect(await status("POST", `/recovery/restore/${owner}:book`, await tokenOf(owner))).toBe(404);
  });
});

describe("deletion", () => {
  it("[I5] removes a session with its tasks, and no late repeat brings it back", async () => {
    const owner = await ownerWithSession("gone");
    const headers = { "idempotency-key": "late" };
    await put(owner, "tasks", tasksOf(owner, 50), { headers });
    await flush(owner);
    await put(owner, "tasks", [taskOf(owner, 99)]); // waits in the journal
    const token = await tokenOf(owner);
    expect(await status("DELETE", `/sessions/${owner}:book`, token)).toBe(200);
    expect(await status("DELETE", `/sessions/${owner}:book`, token)).toBe(200);
    expect(await status("GET", `/sessions/${owner}:book`, token)).toBe(404);
    expect(await status("GET", `/tasks/${owner}:book:t1`, token)).toBe(404);
    expect(await statuses(owner, "tasks", [taskOf(owner, 1, { version: 7 })])).toEqual(["session_deleted"]);
    expect(await statuses(owner, "sessions", [sessionOf(owner, { version: 7 })])).toEqual(["session_deleted"]);
    await put(owner, "tasks", tasksOf(owner, 50), { headers }); // the stored answer, and nothing done
    await flush(owner);
    expect(await storedVersions(owner)).toEqual({});
    const left = await env.DB.prepare("SELECT count(*) AS n FROM translation_sessions WHERE owner = ?")
      .bind(owner)
      .first("n");
    expect(left).toBe(0);
  });

  it("by the clean-up removes what has expired and what ended long ago, and nothing else", async () => {
    const owner = freshOwner("clean");
    const id = (name: string) => `${owner}:${name}`;
    const past = new Date(Date.now() - 1_000).toISOString();
    const future = new Date(Date.now() + 60_000).toISOString();
    await put(owner, "sessions", [
      sessionOf(owner, { session_id: id("expired"), expires_at: past }),
      sessionOf(owner, { session_id: id("kept"), expires_at: future }),
      sessionOf(owner, { session_id: id("ended"), status: "completed" }),
      sessionOf(owner, { session_id: id("running") }),
    ]);
    await put(owner, "tasks", [{ ...taskOf(owner, 1), session_id: id("expired"), task_id: id("expired:t1") }]);
    await flush(owner);
    const clean = async (body: object) =>
      read(
        await call("POST", "/translation/sessions/cleanup", { token: await service(), body }),
        200,
        z.object({ deleted: z.array(z.string()), more: z.boolean() }),
      );
    const own = (ids: string[]) => ids.filter((one) => one.startsWith(`${owner}:`));
    expect(own((await clean({})).deleted)).toEqual([id("expired")]);
    expect(await storedVersions(owner)).toEqual({});
    expect(own((await clean({ ended_before: future })).deleted)).toEqual([id("ended")]);
    const left = (await get(owner, "/sessions", page(sessionView))).results.map(({ session_id }) => session_id);
    expect(left.sort()).toEqual([id("kept"), id("running")]);
  });
});
