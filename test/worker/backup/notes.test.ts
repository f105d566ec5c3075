import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../../src/backup/format.ts";
import { backUpNightly } from "../../../src/backup/jobs.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { CHANGE_NOTES } from "../../../src/platform/cell/change-notes.ts";
import { objectOf } from "../../support/worker/courses.ts";
import { call } from "../../support/worker/http.ts";
import { completed } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { erase, makeCourse, makePerson, type Person } from "../privacy/support.ts";
import { bindingsWith, collectingQueue } from "../refresh/support.ts";
import { linesOf, manifest, takeBackup } from "./support.ts";

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await env.BACKUPS.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return keys;
}

async function copied(backup: Manifest, stage: string): Promise<string[]> {
  return (await linesOf(backup, stage)).map((line) => String(JSON.parse(line).name));
}

/** As if everybody had been idle for an hour. */
async function letAnHourPass(): Promise<void> {
  await spread.prepare("UPDATE enrollments SET last_active_at = last_active_at - 3600000").run();
  await env.BACKUPS.delete(await keysBelow(CHANGE_NOTES));
}

async function setPreferences({ token }: Person): Promise<void> {
  const body = { min_level: "error", min_priority: "low", muted_types: [] };
  expect((await call("PUT", "/events/preferences", { token, body })).status).toBe(200);
}

/** Does something in an enrollment without notifying D1, and has the object notice that. */
async function fallBehind(slug: string, { id }: Person, item: string): Promise<void> {
  await completed(slug, id, item);
  await runInDurableObject(objectOf(slug, id), (_object, { storage }) => {
    storage.sql.exec("INSERT INTO due_times VALUES ('outbox', 0, 0)");
  });
  await runDurableObjectAlarm(objectOf(slug, id));
}

describe("notes of changes that no table shows", () => {
  let slug: string;
  let [ada, eve, gone]: Person[] = [];
  beforeAll(async () => {
    slug = await makeCourse();
    [ada, eve, gone] = [await makePerson(slug), await makePerson(slug), await makePerson(slug)];
    await letAnHourPass();
    await takeBackup("changes");
    await letAnHourPass();
  }, 240_000);

  it("name nobody, and the next backup copies the changed objects nevertheless", async () => {
    if (ada === undefined || eve === undefined || gone === undefined) throw new Error("?");
    await setPreferences(eve);
    await fallBehind(slug, ada, "two");
    const keys = await keysBelow(CHANGE_NOTES);
    expect(keys.map((key) => key.split("/")[2]).sort()).toEqual(["channels", "enrollments"]);
    for (const { id } of [ada, eve]) expect(keys.join()).not.toContain(id);
    const link = await takeBackup("changes");
    expect(link.unreadable).toEqual([]);
    expect(await copied(link, "channels")).toEqual(expect.arrayContaining([eve.id, ada.id]));
    expect(await copied(link, "enrollment_objects")).toContain(`${slug}:${ada.id}`);
    expect(await copied(link, "channels")).not.toContain(gone.id);
  });

  it("of an earlier version, which contain the id, count too", async () => {
    if (gone === undefined) throw new Error("?");
    await letAnHourPass();
    await env.BACKUPS.put(`${CHANGE_NOTES}${String(Date.now()).padStart(15, "0")}-channels/${gone.id}`, "");
    expect(await copied(await takeBackup("changes"), "channels")).toContain(gone.id);
  });

  it("lead to nobody who was erased: no key of the bucket and no list of changes has the id", async () => {
    if (gone === undefined) throw new Error("?");
    await letAnHourPass();
    await setPreferences(gone);
    await fallBehind(slug, gone, "two");
    expect(await keysBelow(CHANGE_NOTES)).toHaveLength(2);
    expect((await erase(gone.id)).status).toBe(202);
    expect((await keysBelow("")).filter((key) => key.includes(gone?.id ?? ""))).toEqual([]);
    const { results } = await spread.prepare("SELECT key FROM backup_changes").all();
    expect(JSON.stringify(results)).not.toContain(gone.id);
    const link = await takeBackup("changes");
    for (const stage of new Set(link.parts.map((part) => part.stage))) {
      expect((await linesOf(link, stage)).join("\n").includes(gone.id), stage).toBe(stage === "d1.erasures");
    }
  });

  it("of an object that does not answer make a backup with a gap, and the next backup is a full copy", async () => {
    if (eve === undefined) throw new Error("?");
    await letAnHourPass();
    await setPreferences(eve);
    const broken = bindingsWith({
      CHANNELS: new Proxy(env.CHANNELS, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property);
          if (property === "idFromString") {
            return () => {
              throw new Error("this object is broken");
            };
          }
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
    });
    const id = await beginBackup(env, Date.now());
    while ((await continueBackup(broken, id, Date.now() + 30_000)) === "running");
    expect((await manifest(id)).unreadable).toEqual([env.CHANNELS.idFromName(eve.id).toString()]);
    const next = await takeBackup("changes");
    // What was noted is noted still.
    expect(next.parent?.id).not.toBe(id);
    expect(await copied(next, "channels")).toContain(eve.id);
  });

  it("are removed when the newest whole backup contains the changes", async () => {
    if (eve === undefined) throw new Error("?");
    await setPreferences(eve);
    const [key = ""] = await keysBelow(CHANGE_NOTES);
    expect(key).not.toBe("");
    const { queue } = collectingQueue();
    const night = Date.now() + 2 * 3_600_000;
    await backUpNightly(bindingsWith({ BACKUP_QUEUE: queue }), night);
    expect(await keysBelow(CHANGE_NOTES)).toContain(key);
    const id = await beginBackup(env, night);
    while ((await continueBackup(env, id, Date.now() + 30_000)) === "running");
    await backUpNightly(bindingsWith({ BACKUP_QUEUE: queue }), night + 1_000);
    expect(await keysBelow(CHANGE_NOTES)).not.toContain(key);
  });

  it("belong to one backup: one that was given up is never finished beside a newer one", async () => {
    const now = Date.now() + 20 * 86_400_000;
    const first = await beginBackup(env, now);
    expect(await continueBackup(env, first, 0)).toBe("running");
    const second = await beginBackup(env, now + 13 * 3_600_000);
    expect(await continueBackup(env, first, Date.now() + 30_000)).toBe("given_up");
    while ((await continueBackup(env, second, Date.now() + 30_000)) === "running");
    expect(await continueBackup(env, first, Date.now() + 30_000)).toBe("given_up");
    expect((await keysBelow("succeeded/")).filter((key) => key.includes(first))).toEqual([]);
  });
});
