import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { removable } from "../../../src/backup/chain.ts";
import { instantOf, MANIFEST, newBackupId } from "../../../src/backup/format.ts";
import { backupAges } from "../../../src/backup/index.ts";
import { continueJob } from "../../../src/backup/job.ts";
import {
  backUpNightly,
  consumeBackups,
  RETENTION_MS,
  resumeBackups,
  verificationJob,
} from "../../../src/backup/jobs.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { backupIds, keyOf, noteSuccess, noteVerified, prune } from "../../../src/backup/store.ts";
import { verificationPlan } from "../../../src/backup/verify.ts";
import { enrollmentStub } from "../../../src/enrollment/stub.ts";
import { enroll } from "../../support/worker/courses.ts";
import { call, problem } from "../../support/worker/http.ts";
import { makeCourse } from "../privacy/support.ts";
import { bindingsWith, collectingQueue } from "../refresh/support.ts";
import { admin, manifest, smallBackup, workThrough } from "./support.ts";

const DAY = 86_400_000;

/** Delivers what was sent until nothing is left, as the queue would. @returns the kinds of messages, in order. */
async function drain(sent: { body: unknown }[], bindings: Env): Promise<string[]> {
  const kinds: string[] = [];
  for (let message = sent.shift(); message !== undefined; message = sent.shift()) {
    kinds.push((message.body as { type: string }).type);
    let outcome = "";
    const one = {
      id: "m",
      timestamp: new Date(),
      attempts: 1,
      body: message.body,
      ack: () => (outcome = "ack"),
      retry: () => (outcome = "retry"),
    };
    // SAFETY: the consumer reads the messages and acknowledges each.
    await consumeBackups({ queue: "latchkey-backup", messages: [one] } as unknown as MessageBatch<unknown>, bindings);
    expect(outcome).toBe("ack");
  }
  return kinds;
}

describe("the jobs of backups", () => {
  it("[I10] begin one every night, verify one a week, and report the age of both", async () => {
    expect(await backupAges(env)).toBeNull();
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ BACKUP_QUEUE: queue });
    await backUpNightly(bindings, Date.now());
    expect(new Set(await drain(sent, bindings))).toEqual(new Set(["backup", "verify"]));
    const now = Date.now() / 1_000;
    const ages = await backupAges(env);
    expect(ages?.lastSuccess).toBeGreaterThan(now - 60);
    expect(ages?.lastVerified).toBeGreaterThanOrEqual(ages?.lastSuccess ?? Number.POSITIVE_INFINITY);
    // Verified this week already: the next night only takes one.
    await backUpNightly(bindings, Date.now());
    expect(new Set(await drain(sent, bindings))).toEqual(new Set(["backup"]));
    const [first = "", second = ""] = await backupIds(env);
    expect((await manifest(second)).previous?.id).toBe(first);
  });

  it("[I10] continue a backup whose message was lost, and give up one that is too old", async () => {
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ BACKUP_QUEUE: queue });
    const id = await beginBackup(env, Date.now());
    await resumeBackups(bindings, Date.now());
    expect(sent).toHaveLength(0); // somebody may be working on it
    await resumeBackups(bindings, Date.now() + 180_000);
    expect(sent.map(({ body }) => body)).toEqual([{ type: "backup", backup: id }]);
    expect(await beginBackup(env, Date.now())).toBe(id);
    const later = Date.now() + 13 * 3_600_000;
    await resumeBackups(bindings, later);
    expect(sent).toHaveLength(1);
    expect(await beginBackup(env, later)).not.toBe(id);
  });

  it("remove old backups, but never the newest whole one nor the newest verified one", async () => {
    const now = Date.now() + 400 * DAY;
    const made = [300, 200, 120, 100].map((days) => newBackupId(now - days * DAY));
    for (const id of made) await smallBackup(id);
    const [first = "", second = "", third = "", fourth = ""] = made;
    await noteSuccess(env, fourth, now - 100 * DAY);
    await noteVerified(env, second, now - 199 * DAY, {});
    await prune(env, now - RETENTION_MS, instantOf, (old) => removable(env, old));
    expect(await backupIds(env)).toEqual([second, fourth]);
    for (const gone of [first, third]) expect(await env.BACKUPS.head(keyOf(gone, MANIFEST))).toBeNull();
  });

  it("keep an old backup while a kept one is built on it", async () => {
    const now = Date.now() + 800 * DAY;
    const [full, link, alone] = [45, 30, 44].map((days) => newBackupId(now - days * DAY));
    if (full === undefined || link === undefined || alone === undefined) throw new Error("there are three");
    for (const id of [full, alone]) await smallBackup(id);
    await smallBackup(link, { parent: { id: full, sha256: "0".repeat(64) } });
    await prune(env, now - RETENTION_MS, instantOf, (old) => removable(env, old));
    const kept = await backupIds(env);
    expect(kept).toEqual(expect.arrayContaining([full, link]));
    expect(kept).not.toContain(alone);
    await prune(env, now, instantOf, (old) => removable(env, old));
    expect(await backupIds(env)).not.toContain(full);
  });

  it("finish a backup without an object that does not answer, and do not count it as whole", async () => {
    const slug = await makeCourse();
    await enroll(slug, "poisoned");
    await enroll(slug, "healthy");
    const poisoned = enrollmentStub(env, `${slug}:poisoned`).id;
    const bindings = bindingsWith({
      ENROLLMENTS: new Proxy(env.ENROLLMENTS, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property);
          if (property !== "get" || typeof value !== "function")
            return typeof value === "function" ? value.bind(target) : value;
          return (id: DurableObjectId) => {
            if (id.equals(poisoned)) throw new Error("this object is broken");
            return value.call(target, id);
          };
        },
      }),
    });
    const before = await backupAges(env);
    const id = await beginBackup(env, Date.now() + 500 * DAY);
    while ((await continueBackup(bindings, id, Date.now() + 30_000)) === "running");
    const { unreadable } = await manifest(id);
    expect(unreadable).toEqual([`${slug}:poisoned`]);
    expect((await backupAges(env))?.lastSuccess).toBe(before?.lastSuccess);
    expect(await workThrough(id, "verify")).toMatchObject({ done: true });
  });

  it("[I5] verify a backup once, wherever the verification was cut", async () => {
    const id = await beginBackup(env, Date.now() + 600 * DAY);
    while ((await continueBackup(env, id, Date.now() + 30_000)) === "running");
    const job = verificationJob(id);
    const plan = verificationPlan(env, job);
    // Each call takes one step, as if it were killed after it.
    let state = await continueJob(env, id, job, plan, 0);
    let steps = 1;
    for (; state.ok && state.value.phase !== "done"; steps += 1) state = await continueJob(env, id, job, plan, 0);
    expect(state).toMatchObject({ ok: true, value: { phase: "done" } });
    expect(steps).toBeGreaterThan((await manifest(id)).parts.length);
    const verified = await backupAges(env);
    if (state.ok) expect(await plan.close([await manifest(id)], state.value)).toEqual({ ok: true, value: null });
    expect(await backupAges(env)).toEqual(verified);
  });

  it("[I9] refuse an unknown backup, and a job of another task", async () => {
    const token = await admin();
    const unknown = "/system/backups/20200101T000000Z-00000000";
    for (const [method, path] of [
      ["GET", unknown],
      ["POST", `${unknown}/work`],
      ["GET", `${unknown}/files/${MANIFEST}`],
    ] as const) {
      const body = method === "POST" ? { body: { task: "check" } } : {};
      expect((await problem(await call(method, path, { token, ...body }), 404)).code).toBe("not_found");
    }
    const { id } = await smallBackup(newBackupId(Date.now()));
    const body = { task: "restore", job: `verify-${id}-00000000` };
    const answer = await problem(await call("POST", `/system/backups/${id}/work`, { token, body }), 400);
    expect(answer.errors?.[0]).toMatchObject({ path: "job", rule: "other_task" });
  });
});
