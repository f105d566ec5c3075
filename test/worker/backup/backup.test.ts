import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { newBackupId } from "../../../src/backup/format.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { STAGES } from "../../../src/backup/stages.ts";
import { keyOf } from "../../../src/backup/store.ts";
import { BACKED_UP, LEFT_OUT } from "../../../src/backup/tables.ts";
import { DERIVED_TABLES } from "../../../src/enrollment/backup.ts";
import { dumpObject } from "../../../src/platform/cell/object-dump.ts";
import wrangler from "../../../wrangler.toml?raw";
import { objectOf } from "../../support/worker/courses.ts";
import { makeCourse, makePerson, type Person } from "../privacy/support.ts";
import { linesOf, takeBackup, workThrough } from "./support.ts";

let people: Person[];
beforeAll(async () => {
  const slug = await makeCourse();
  people = [await makePerson(slug), await makePerson(slug)];
});

describe("a backup", () => {
  it("names every table of the database: each is backed up, or left out for a reason", async () => {
    const { results } = await env.DB.prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'
       AND name NOT LIKE 'sqlite%' AND name NOT GLOB '*_words_*'`,
    ).all<{ name: string }>();
    const treated = [...BACKED_UP.map(({ name }) => name), ...Object.keys(LEFT_OUT)];
    expect(results.map(({ name }) => name).sort()).toEqual(treated.sort());
  });

  it("names every kind of object and every bucket of wrangler.toml", () => {
    const classes = [...wrangler.matchAll(/^\[exports\.(\w+)\]/gm)].map(([, name]) => name).sort();
    // Backed up: enrollments, channels, the broadcast log, journals, the audit chain. The others: docs/operate/backup-and-restore.md.
    const left = ["BackupVault", "BroadcastShard", "CoursePresence", "MetricsShard", "UserGate"];
    expect(classes).toEqual(
      [...left, "AuditChain", "BroadcastLog", "EnrollmentObject", "JournalObject", "UserChannel"].sort(),
    );
    const buckets = [...wrangler.matchAll(/^\[\[r2_buckets\]\]\nbinding = "(\w+)"/gm)].map(([, name]) => name).sort();
    expect(buckets).toEqual(["BACKUPS", "DOCUMENTS", "FILES", "RECORDS"]);
  });

  it("has what people did, in every place, and its verification succeeds", async () => {
    const backup = await takeBackup();
    expect([...new Set(backup.parts.map(({ stage }) => stage))]).toEqual(STAGES.map(({ name }) => name));
    expect(backup.unreadable).toEqual([]);
    for (const stage of [
      "d1.enrollments",
      "d1.progress",
      "d1.submissions",
      "enrollment_objects",
      "channels",
      "journals",
      "d1.translation_sessions",
      "d1.users",
      "documents",
      "audit_chain",
    ]) {
      expect((await linesOf(backup, stage)).length, stage).toBeGreaterThan(0);
    }
    const texts = (await Promise.all(STAGES.map(({ name }) => linesOf(backup, name)))).flat().join("\n");
    for (const { id, email, marker } of people) for (const word of [id, email, marker]) expect(texts).toContain(word);
    const verified = await workThrough(backup.id, "verify");
    expect(verified.rows).toBeGreaterThan(0);
    expect(verified.left_out).toBe(0);
  });

  it("[I1] copies an object as it is, and the copy makes an equal object from an empty one", async () => {
    const backup = await takeBackup();
    const { slug, id } = people[0] ?? { slug: "", id: "" };
    const line = (await linesOf(backup, "enrollment_objects")).map((text) => JSON.parse(text));
    const mine = line.find(({ name }) => name === `${slug}:${id}`);
    const held = await runInDurableObject(objectOf(slug, id), (_object, { storage }) =>
      JSON.stringify(dumpObject(storage, DERIVED_TABLES)),
    );
    expect(JSON.parse(held)).toEqual({ ok: true, value: mine.dump });
  });

  it("[I5] continues where it was killed; two backups at once write each part once", async () => {
    const id = await beginBackup(env, Date.now());
    expect(await beginBackup(env, Date.now())).toBe(id);
    // Each call does one part, as if it were killed after it.
    for (let part = 0; part < 5; part += 1) expect(await continueBackup(env, id, 0)).toBe("running");
    await Promise.all([continueBackup(env, id, Date.now() + 60_000), continueBackup(env, id, Date.now() + 60_000)]);
    expect(await continueBackup(env, id, 0)).toBe("done");
    const { parts } = await takenAs(id);
    expect(parts.map(({ name }) => Number(name.slice(0, 5)))).toEqual(parts.map((_, index) => index + 1));
    await workThrough(id, "check");
  });

  it("is never overwritten", async () => {
    const { id, parts } = await takeBackup();
    const key = keyOf(id, parts[0]?.name ?? "");
    const before = await (await env.BACKUPS.get(key))?.text();
    expect(await env.BACKUPS.put(key, "other", { onlyIf: { etagDoesNotMatch: "*" } })).toBeNull();
    expect(await (await env.BACKUPS.get(key))?.text()).toBe(before);
    expect(newBackupId(Date.now() + 1_000) > id).toBe(true);
  });
});

async function takenAs(id: string) {
  const { manifest } = await import("./support.ts");
  return manifest(id);
}
