import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Manifest } from "../../../src/backup/format.ts";
import { backupAges } from "../../../src/backup/index.ts";
import { channelStub } from "../../../src/events/stubs.ts";
import { projectEnrollments } from "../../../src/mirror/index.ts";
import { dumpObject } from "../../../src/platform/cell/object-dump.ts";
import { SOURCES } from "../../../src/privacy/sources.ts";
import { SearchBackend } from "../../../src/records/backends/search.ts";
import { indexWords } from "../../../src/records/index.ts";
import { query } from "../../../src/records/query.ts";
import { journalOf, journalStub } from "../../../src/records/stubs.ts";
import { TASK } from "../../../src/records/translation/types.ts";
import { objectOf, runCron } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { completed, statesOf, submit } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { history } from "../../support/worker/streams.ts";
import { entries, logs, settle, storedEntries, verify } from "../audit/support.ts";
import { PASSWORD } from "../identity/support.ts";
import { erase, makeCourse, makePerson, type Person, traces, writeSession } from "../privacy/support.ts";
import { admin, emptyDeployment, takeBackup, workThrough } from "./support.ts";

const sessionsSchema = z.object({ results: z.array(z.looseObject({ session_id: z.string(), title: z.string() })) });

/** Everything a backup has: what a fresh deployment is given. */
async function download(id: string): Promise<Map<string, ArrayBuffer>> {
  const files = new Map<string, ArrayBuffer>();
  const token = await admin();
  const listed = await env.BACKUPS.list({ prefix: `backups/${id}/0` });
  for (const name of ["manifest.json", ...listed.objects.map(({ key }) => key.split("/").at(-1) ?? "")]) {
    const answer = await call("GET", `/system/backups/${id}/files/${name}`, { token });
    expect(answer.status).toBe(200);
    files.set(name, await answer.arrayBuffer());
  }
  return files;
}

async function upload(id: string, files: ReadonlyMap<string, ArrayBuffer>): Promise<void> {
  for (const [name, bytes] of files) {
    const answer = await bring(id, name, bytes);
    expect(await answer.json()).toEqual({ created: true });
  }
}

async function bring(id: string, name: string, bytes: ArrayBuffer): Promise<Response> {
  return exports.default.fetch(
    new Request(`http://latchkey.test/api/v1/system/backups/${id}/files/${name}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${await admin()}`, "content-type": "application/octet-stream" },
      body: bytes,
    }),
  );
}

/** Nothing is restored before it is said who was erased, and before what is said can be true. */
async function refusedUntilListGiven(id: string, list: string): Promise<void> {
  const attempt = async (erasures?: string) => {
    const body = { task: "restore", ...(erasures === undefined ? {} : { erasures }) };
    const answer = await call("POST", `/system/backups/${id}/work`, { token: await admin(), body });
    return (await problem(answer, 409)).code;
  };
  expect(await attempt()).toBe("restore_erasures_unknown");
  expect(await attempt("bucket")).toBe("restore_erasures_unknown");
  expect(await attempt("list")).toBe("restore_erasures_unknown");
  const bring = async (body: unknown) => call("PUT", "/system/erasures", { token: await admin(), body });
  const signed = z.object({ erasures: z.looseObject({ subjects: z.array(z.string()) }), signature: z.string() });
  const shorter = signed.parse(JSON.parse(list));
  shorter.erasures.subjects.pop();
  expect((await problem(await bring(shorter), 422)).code).toBe("erasures_tampered");
  expect((await bring(JSON.parse(list))).status).toBe(200);
  expect(await spread.prepare("SELECT count(*) AS n FROM users").first("n")).toBe(0);
}

/** What a person sees and has, by the API and in their objects. */
async function pictureOf({ id, slug, token }: Person) {
  const list = await call("GET", "/translation/sessions", { token });
  const preferences = await call("GET", "/events/preferences", { token });
  const facts = await runInDurableObject(objectOf(slug, id), (_object, { storage }) => {
    const dump = dumpObject(storage, ["outline", "outbox_rows", "due_rows", "sqlite_sequence", "enrollment"]);
    const row = storage.sql.exec("SELECT * FROM enrollment").one();
    // What is pending for D1 or for live events is pending again after a restore. What others promised ends with it: they
    // know nothing of it.
    const { pending: _pending, pending_head: _head, unsent: _unsent, promises: _promises, ...enrollment } = row;
    return dump.ok ? JSON.stringify([enrollment, dump.value?.tables]) : null;
  });
  const mirror = await spread
    .prepare(
      "SELECT status, version, progress_seq, policy, kept, open_count, completed_count FROM enrollments WHERE id = ?",
    )
    .bind(`${slug}:${id}`)
    .first();
  const progress = await spread
    .prepare("SELECT * FROM progress WHERE enrollment_id = ? ORDER BY item_id")
    .bind(`${slug}:${id}`)
    .all<Record<string, unknown>>();
  return {
    states: await statesOf(slug, id),
    sessions: (await read(list, 200, sessionsSchema)).results
      .map(({ session_id, title }) => [session_id, title])
      .sort(),
    preferences: await preferences.json(),
    events: (await history(id)).results.map(({ type, data }) => [type, JSON.stringify(data)]),
    facts,
    mirror,
    progress: progress.results,
  };
}

const guest = `guest-${crypto.randomUUID().slice(0, 8)}`;

describe("a restore into an empty deployment", () => {
  let backup: Manifest;
  let [ada, eve, leaver]: Person[] = [];
  let files: Map<string, ArrayBuffer>;
  let before: Awaited<ReturnType<typeof pictureOf>>[];
  let adaToken: string;
  let audited: Awaited<ReturnType<typeof storedEntries>>;

  beforeAll(async () => {
    const slug = await makeCourse();
    [ada, eve, leaver] = [await makePerson(slug), await makePerson(slug), await makePerson(slug)];
    if (ada === undefined || eve === undefined || leaver === undefined) throw new Error("nobody is there");
    // One is ahead of D1 when the backup is taken: what is pending must not be lost.
    await completed(slug, ada.id, "two");
    await submit(slug, ada.id, "p1", "7");
    // Somebody without an account, who has nothing but preferences: no list has a channel.
    await call("PUT", "/events/preferences", {
      token: await tokenOf(guest),
      body: { min_level: "info", min_priority: "low", muted_types: [] },
    });
    await writeSession(guest, "waits", await tokenOf(guest), "waiting");
    await env.FILES.put(`u/${ada.id}/lost`, "bytes that no backup holds");
    before = [await pictureOf(ada), await pictureOf(eve)];
    audited = await storedEntries();
    backup = await takeBackup();
    files = await download(backup.id);
    adaToken = await tokenOf(ada.id);
  }, 60_000);

  it("is refused by a deployment that holds anything", async () => {
    const answer = await call("POST", `/system/backups/${backup.id}/work`, {
      token: await admin(),
      body: { task: "restore", erasures: "bucket" },
    });
    expect(await problem(answer, 409)).toMatchObject({ code: "restore_target_not_empty" });
  });

  it("[fault 7] [I1] brings everything back as it was at the mark, and D1 catches up with the objects", async () => {
    if (ada === undefined || eve === undefined || leaver === undefined) throw new Error("nobody is there");
    // Erased after the mark: the backup still has all of it.
    expect((await erase(leaver.id)).status).toBe(202);
    expect((await erase(guest)).status).toBe(202);
    const list = await (await call("GET", "/system/erasures", { token: await admin() })).text();
    await emptyDeployment();
    expect(await backupAges(env)).toBeNull();
    await upload(backup.id, files);

    // From a copied folder nobody can know who was erased since: whoever restores must say so, and be able to.
    await refusedUntilListGiven(backup.id, list);
    const restored = await workThrough(backup.id, "restore", "list");
    expect(restored).toMatchObject({ erased_again: 2 });
    // Whose bytes were lost with the bucket is said.
    expect(restored).toMatchObject({ left_out: 0, missing_files: 4 });
    const after = [await pictureOf(ada), await pictureOf(eve)];
    for (const [index, picture] of after.entries()) {
      // Ada's mirror was behind when the backup was taken, and so were her events; they are not any more.
      const { mirror, progress, events, ...rest } = picture;
      const { mirror: _mirror, progress: _progress, events: told, ...expected } = before[index] ?? picture;
      expect(rest).toEqual(expected);
      expect(events).toEqual(expect.arrayContaining(told));
    }
    const { mirror, progress } = await pictureOf(ada);
    expect(mirror).toMatchObject({ completed_count: 2, progress_seq: 4 });
    expect(progress.map(({ item_id }) => String(item_id).split(".")[1])).toEqual(["one", "p1", "p2", "two"]);

    // The audit chain is the same, entry by entry, and goes on; those it names are still known.
    const chained = await storedEntries();
    expect(audited.length).toBeGreaterThan(0);
    expect(chained.slice(0, audited.length)).toEqual(audited);
    expect(chained[audited.length]?.action).toBe("backup.restored");
    expect((await entries()).map(({ enrollment }) => enrollment)).toContain(`${ada.slug}:${ada.id}`);
    await settle();
    expect((await verify()).breaks).toEqual([]);
    expect((await logs(`&enrollment=${ada.slug}:${ada.id}`)).results.map(({ action }) => action)).toEqual([
      "override.set",
    ]);

    // Whoever was erased after the mark was erased again before the restore was done, whatever they were known by.
    const again = await spread.prepare("SELECT user_id, state FROM erasures ORDER BY user_id").all();
    expect(again.results).toEqual([guest, leaver.id].sort().map((user_id) => ({ user_id, state: "settling" })));
    expect(await traces(leaver)).toEqual(["D1 erasures"]);
    for (const source of SOURCES) expect(await source.holds(env, guest), source.name).toBe(false);
    await problem(await call("POST", `/users/${guest}/export`, { token: await admin() }), 404);
    // Nobody is signed in, and passwords still work.
    expect(await spread.prepare("SELECT count(*) AS n FROM sessions").first("n")).toBe(0);
    const signIn = { email: ada.email, password: PASSWORD };
    expect((await call("POST", "/auth/sign-in", { body: signIn })).status).toBe(200);
  });

  it("[I3] [I5] leaves a working deployment: writes continue the sequences, repeats are known, records are flushed", async () => {
    if (ada === undefined || eve === undefined) throw new Error("nobody is there");
    const { slug } = ada;
    const delta = await completed(slug, ada.id, "three");
    expect(delta.progress_seq).toBe(5);
    expect((await statesOf(slug, ada.id))[`${slug}.four`]).toBe("unlocked");
    await projectEnrollments(env, [`${slug}:${ada.id}`]);
    const mirror = await spread
      .prepare("SELECT progress_seq FROM enrollments WHERE id = ?")
      .bind(`${slug}:${ada.id}`)
      .first("progress_seq");
    expect(mirror).toBe(5);
    // The session that waited in the journal when the backup was taken, and one that had been stored.
    const again = await writeSession(ada.id, ada.marker, adaToken, "waiting");
    // The very answer of then: the key was restored with the records.
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toMatchObject({ results: [{ status: "created" }] });
    expect((await call("POST", "/translation/flush", { token: adaToken })).status).toBe(200);
    const stored = await spread
      .prepare("SELECT count(*) AS n FROM translation_tasks WHERE owner = ?")
      .bind(ada.id)
      .first("n");
    expect(stored).toBe(2);
  });

  it("makes the words of records searchable again if the installation has a search", async () => {
    const on: Env = { ...env };
    Reflect.set(on, "RECORD_SEARCH", "on");
    const found = () =>
      new SearchBackend(env.DB).query(
        TASK,
        query(TASK)
          .text(ada?.marker ?? "")
          .limit(10)
          .build(),
      );
    expect(await found()).toEqual([]);
    let steps = 0;
    for (let at: string | null = ""; at !== null; steps += 1) at = await indexWords(on, at);
    expect(steps).toBeGreaterThan(2);
    expect((await found()).map(({ owner }) => owner)).toContain(ada?.id);
    expect(await indexWords(env, "")).toBeNull();
  });

  it("[I5] repeated by the same job does nothing, and another job is refused", async () => {
    const answer = await call("POST", `/system/backups/${backup.id}/work`, {
      token: await admin(),
      body: { task: "restore", erasures: "list" },
    });
    expect((await problem(answer, 409)).code).toBe("restore_target_not_empty");
    const taken = await runInDurableObject(channelStub(env, eve?.id ?? ""), (_channel, { storage }) => {
      const held = dumpObject(storage, []);
      return held.ok && held.value !== null;
    });
    expect(taken).toBe(true);
    const journal = await journalStub(env, journalOf(eve?.id ?? "")).restore({
      table: "known",
      columns: ["id"],
      rows: [],
      steps: [],
    });
    expect(journal).toMatchObject({ ok: false, refusal: { code: "restore_target_not_empty" } });
  });

  it("does not stop the next nightly backup from starting by itself", async () => {
    await runCron("0 2 * * *");
    const list = await call("GET", "/system/backups", { token: await admin() });
    const schema = z.object({ results: z.array(z.looseObject({ id: z.string(), state: z.string() })) });
    const { results } = await read(list, 200, schema);
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ id: backup.id, state: "finished" });
  });
});
