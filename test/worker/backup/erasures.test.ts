import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { MANIFEST, type Manifest } from "../../../src/backup/format.ts";
import { continueJob } from "../../../src/backup/job.ts";
import { restorePlan } from "../../../src/backup/restore.ts";
import { keyOf } from "../../../src/backup/store.ts";
import { liveTarget } from "../../../src/backup/target.ts";
import { SOURCES } from "../../../src/privacy/sources.ts";
import { call, problem } from "../../support/worker/http.ts";
import { completed } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { erase, makeCourse, makePerson, type Person, traces } from "../privacy/support.ts";
import { admin, emptyDeployment, takeBackup, workThrough } from "./support.ts";

describe("people who were erased between the backups of a chain", () => {
  let slug: string;
  let [still, between, after]: Person[] = [];
  const links: Manifest[] = [];
  let list: string;

  beforeAll(async () => {
    slug = await makeCourse();
    [still, between, after] = [await makePerson(slug), await makePerson(slug), await makePerson(slug)];
    if (still === undefined || between === undefined || after === undefined) throw new Error("?");
    links.push(await takeBackup("changes"));
    // Both have changed since, so a link could have them; one is erased before it is taken, the other after it.
    for (const { id } of [between, after]) await completed(slug, id, "two");
    expect((await erase(between.id)).status).toBe(202);
    links.push(await takeBackup("changes"));
    expect((await erase(after.id)).status).toBe(202);
    list = await (await call("GET", "/system/erasures", { token: await admin() })).text();
    expect(links.map(({ parent }) => parent?.id ?? null)).toEqual([null, links[0]?.id]);
  }, 240_000);

  it("do not prevent the verification of the chain, and are in no scratch store afterwards", {
    timeout: 240_000,
  }, async () => {
    expect(await workThrough(links[1]?.id ?? "", "verify")).toMatchObject({ done: true });
    for (const id of await listDurableObjectIds(env.VAULTS)) {
      const held = await runInDurableObject(env.VAULTS.get(id), (_scratch, { storage }) =>
        storage.sql
          .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
          .toArray()
          .map(({ name }) => name),
      );
      expect(held).toEqual([]);
    }
  });

  it("are erased again before anybody is served", { timeout: 240_000 }, async () => {
    const last = links[1];
    if (last === undefined || still === undefined || between === undefined || after === undefined) throw new Error("?");
    const files = new Map<string, ArrayBuffer>();
    for (const { id, parts } of links) {
      for (const name of [MANIFEST, ...parts.map((part) => part.name)]) {
        files.set(
          keyOf(id, name),
          (await (await env.BACKUPS.get(keyOf(id, name)))?.arrayBuffer()) ?? new ArrayBuffer(0),
        );
      }
    }
    await emptyDeployment();
    for (const [key, bytes] of files) await env.BACKUPS.put(key, bytes);
    expect((await call("PUT", "/system/erasures", { token: await admin(), body: JSON.parse(list) })).status).toBe(200);

    const job = `restore-${last.id}-00000000`;
    const plan = restorePlan(env, liveTarget(env, job), job, { id: "operator", role: "admin" });
    const phases = new Set<string>();
    const reads = async () => call("GET", `/courses/${slug}/unlocks`, { token: still?.token ?? "" });
    // Each call takes one step, as if it were killed after it; whoever asks in between is not served.
    for (let isDone = false; !isDone; ) {
      const state = await continueJob(env, last.id, job, plan, 0, "list");
      if (!state.ok) throw new Error(state.refusal.code);
      const { phase } = state.value;
      isDone = phase === "done";
      if (phase === "check" || isDone || phases.has(phase)) continue;
      phases.add(phase);
      expect((await problem(await reads(), 503)).code, phase).toBe("unavailable");
    }
    expect([...phases]).toEqual(expect.arrayContaining(["load", "erase", "close"]));
    expect((await reads()).status).toBe(200);
    // Marks of single enrollments are in no backup: each course is marked.
    const { results } = await spread.prepare("SELECT course_slug, reason FROM course_marks").all();
    expect(results).toEqual([{ course_slug: slug, reason: "doubt" }]);
    for (const person of [between, after]) {
      expect(await traces(person)).toEqual(["D1 erasures"]);
      for (const source of SOURCES) expect(await source.holds(env, person.id), source.name).toBe(false);
    }
    expect(await spread.prepare("SELECT count(*) AS n FROM enrollments").first("n")).toBe(1);
  });
});
