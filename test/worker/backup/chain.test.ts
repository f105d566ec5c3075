import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { MANIFEST, type Manifest } from "../../../src/backup/format.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { keyOf } from "../../../src/backup/store.ts";
import { forgetCourse } from "../../../src/courses/index.ts";
import { channelStub } from "../../../src/events/stubs.ts";
import { dumpObject } from "../../../src/platform/cell/object-dump.ts";
import { freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, override, submit } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { erase, makeCourse, makePerson, type Person } from "../privacy/support.ts";
import { admin, emptyDeployment, linesOf, manifest, takeBackup, workThrough } from "./support.ts";

/** What is compared: rows of D1 that a restore brings back exactly. */
const TABLES: Record<string, string> = {
  courses: "slug, owner_id, title, active_version, activation, last_relock",
  course_versions: "*",
  course_outlines: "*",
  course_contents: "*",
  users: "*",
  accounts: "id, user_id, provider_id, password",
  files: "*",
  enrollments: "id, status, version, progress_seq, policy_seq, policy, kept, open_count, completed_count",
  progress: "*",
  submissions: "*",
  translation_sessions: "id, version, status, body",
  translation_tasks: "id, version, status, body",
};

type Picture = Record<string, unknown>;
const rowsSchema = z.array(z.array(z.unknown()));
/** Before the user whose log it is. */
const EVENTS = "events of ";
/** A restored enrollment writes everything to D1 once more, and sends its learner what the last day brought. */
const SENT_AGAIN = ["submission.judged", "progress.changed"];
/** It was kept while nobody listened, so it comes for the first time: none that the log had comes twice. */
const SENT_FIRST = "unlock.changed";

/** Everything that must be the same after a restore: rows of D1, and what objects hold. */
async function pictureOf(people: readonly Person[]): Promise<Picture> {
  const picture: Picture = {};
  for (const [table, columns] of Object.entries(TABLES)) {
    const { results } = await spread.prepare(`SELECT ${columns} FROM ${table} ORDER BY 1, 2`).all();
    picture[table] = results.map((row) => JSON.stringify(row)).sort();
  }
  for (const { id, slug } of people) {
    picture[`object of ${id}`] = await runInDurableObject(objectOf(slug, id), (_object, { storage }) => {
      const dump = dumpObject(storage, ["outline", "outbox_rows", "due_rows", "sqlite_sequence", "enrollment"]);
      // What is pending for D1 is pending again after a restore; what was promised to the lost object is not.
      const {
        pending: _p,
        pending_head: _h,
        unsent: _u,
        promises: _s,
        ...row
      } = storage.sql.exec("SELECT * FROM enrollment").one();
      return dump.ok ? JSON.stringify([row, dump.value?.tables]) : null;
    });
    const channel = await runInDurableObject(channelStub(env, id), (_object, { storage }) => {
      const dump = dumpObject(storage, []);
      const { preferences, log } = dump.ok && dump.value !== null ? dump.value.tables : {};
      return { preferences: preferences ?? null, columns: log?.columns ?? [], events: log?.rows ?? [] };
    });
    const { preferences, columns, events } = channel;
    picture[`preferences of ${id}`] = JSON.stringify([preferences, columns]);
    picture[`${EVENTS}${id}`] = events;
  }
  return picture;
}

/** Names of the objects that a backup has copied. */
async function copied(backup: Manifest, stage: string): Promise<string[]> {
  return (await linesOf(backup, stage)).map((line) => String(JSON.parse(line).name)).sort();
}

/** As if everybody had been idle for an hour: what came before the last backup is in it. */
async function letAnHourPass(): Promise<void> {
  await spread.prepare("UPDATE enrollments SET last_active_at = last_active_at - 3600000").run();
  const notes = await env.BACKUPS.list({ prefix: "changed/" });
  await env.BACKUPS.delete(notes.objects.map(({ key }) => key));
}

type Files = Map<string, ArrayBuffer>;

async function filesOf(links: readonly Manifest[]): Promise<Files> {
  const files: Files = new Map();
  for (const { id, parts } of links) {
    for (const name of [MANIFEST, ...parts.map((part) => part.name)]) {
      files.set(keyOf(id, name), (await (await env.BACKUPS.get(keyOf(id, name)))?.arrayBuffer()) ?? new ArrayBuffer(0));
    }
  }
  return files;
}

/** An empty deployment with these files. */
async function moveTo(files: Files, courses: readonly string[]): Promise<void> {
  await emptyDeployment();
  for (const course of courses) forgetCourse(course);
  for (const [key, bytes] of files) await env.BACKUPS.put(key, bytes);
}

describe("a chain of backups", () => {
  let slug: string;
  let late: string;
  let [still, ada, gone, leaver]: Person[] = [];
  let people: Person[];
  const links: Manifest[] = [];
  const pictures: Picture[] = [];
  let files: Files;

  const take = async (seen: readonly Person[]) => {
    links.push(await takeBackup("changes"));
    pictures.push(await pictureOf(seen));
    await letAnHourPass();
  };

  beforeAll(async () => {
    slug = await makeCourse();
    late = freshSlug("late");
    [still, ada, gone, leaver] = [
      await makePerson(slug),
      await makePerson(slug),
      await makePerson(slug),
      await makePerson(slug),
    ];
    if (still === undefined || ada === undefined || gone === undefined || leaver === undefined) throw new Error("?");
    people = [still, ada, gone, leaver];
    await letAnHourPass();
    await take(people);

    // Changed: a learner goes on, a session is deleted, a course is published again and another for the first time.
    await completed(slug, ada.id, "two");
    await submit(slug, ada.id, "p1", "7");
    await project(slug, ada.id);
    expect((await call("DELETE", `/translation/sessions/${ada.id}:novel`, { token: ada.token })).status).toBeLessThan(
      300,
    );
    await call("POST", "/translation/flush", { token: ada.token });
    await publish(ladder(late));
    await spread.prepare("UPDATE users SET name = 'Ada' WHERE id = ?").bind(ada.id).run();
    await spread.prepare("DELETE FROM files WHERE owner = ?").bind(ada.id).run();
    await take(people);

    // Changed where no table shows it: preferences, and a write that has not reached D1 yet.
    const preferences = { min_level: "error", min_priority: "low", muted_types: [] };
    expect((await call("PUT", "/events/preferences", { token: still.token, body: preferences })).status).toBe(200);
    await override(slug, leaver.id, "four", { kind: "unlock", reason: "staff" });
    expect((await erase(gone.id)).status).toBe(202);
    await call("DELETE", `/courses/${slug}/enrollments/${leaver.id}`, { token: await admin() });
    await completed(slug, ada.id, "three");
    await runInDurableObject(objectOf(slug, ada.id), (_object, { storage }) => {
      storage.sql.exec("INSERT INTO due_times VALUES ('outbox', 0, 0)");
    });
    await runDurableObjectAlarm(objectOf(slug, ada.id));
    await take([still, ada, leaver]);
    files = await filesOf(links);
  }, 240_000);

  it("holds only what changed: an object without changes is not copied again", async () => {
    const [full, second, third] = links;
    if (full === undefined || second === undefined || third === undefined) throw new Error("there are three");
    expect(full.parent).toBeNull();
    expect([second.parent?.id, third.parent?.id]).toEqual([full.id, second.id]);
    const names = (...persons: (Person | undefined)[]) => persons.map((person) => `${slug}:${person?.id}`).sort();
    expect(await copied(full, "enrollment_objects")).toEqual(names(...people));
    expect(await copied(second, "enrollment_objects")).toEqual(names(ada));
    expect(await copied(third, "enrollment_objects")).toEqual(names(ada, leaver));
    // Only a channel changed.
    expect(await copied(third, "channels")).toContain(still?.id);
    expect(await copied(second, "channels")).not.toContain(still?.id);
    expect(second.rows["d1.progress"]).toBeLessThan(full.rows["d1.progress"] ?? 0);
    expect(second.rows["d1.course_contents"] ?? 0).toBeGreaterThan(0);
    // Nothing that was noted names somebody who was erased since.
    const { results } = await spread.prepare("SELECT * FROM backup_changes").all();
    expect(JSON.stringify(results)).not.toContain(gone?.id);
    // Everybody erased is in it.
    expect((await linesOf(third, "erasures")).length).toBe(1);
  });

  it("is verified as a whole", async () => {
    const last = links.at(-1)?.id ?? "";
    expect(await workThrough(last, "verify")).toMatchObject({ done: true });
  });

  it("can grow from the last good backup after one was killed and given up", async () => {
    const now = Date.now();
    const killed = await beginBackup(env, now);
    await continueBackup(env, killed, 0);
    const later = now + 13 * 3_600_000;
    const next = await beginBackup(env, later);
    expect(next).not.toBe(killed);
    while ((await continueBackup(env, next, Date.now() + 60_000)) === "running");
    expect((await manifest(next)).parent?.id).toBe(links.at(-1)?.id);
  });

  it("is refused by name if a link is missing, is another one, or is damaged", async () => {
    const [full, second, third] = links;
    if (full === undefined || second === undefined || third === undefined) throw new Error("there are three");
    const refusedAs = async (code: string, detail: string) => {
      for (const task of ["check", "verify", "restore"]) {
        const body = task === "restore" ? { task, erasures: "none" } : { task };
        const answer = await call("POST", `/system/backups/${third.id}/work`, { token: await admin(), body });
        const refused = await problem(answer, 422);
        expect(refused.code, task).toBe(code);
        expect(refused.detail).toContain(detail);
      }
    };
    const damage = async (key: string, bytes: ArrayBuffer | string | null) => {
      if (bytes === null) await env.BACKUPS.delete(key);
      else await env.BACKUPS.put(key, bytes);
    };
    const manifestKey = keyOf(second.id, MANIFEST);
    await damage(manifestKey, null);
    await refusedAs("backup_link_missing", second.id);
    await damage(manifestKey, String(new TextDecoder().decode(files.get(manifestKey))).replace('"mark":1', '"mark":2'));
    await refusedAs("backup_manifest_tampered", second.id);
    await damage(manifestKey, files.get(manifestKey) ?? "");
    const part = keyOf(full.id, full.parts.find(({ rows }) => rows > 0)?.name ?? "");
    await damage(part, null);
    await refusedAs("backup_part_missing", full.id);
    await damage(part, (files.get(part) ?? new ArrayBuffer(0)).slice(0, -20));
    await refusedAs("backup_part_truncated", full.id);
    await damage(part, files.get(part) ?? "");
  });

  for (const at of [0, 1, 2]) {
    it(`restores link ${at + 1} of 3 as everything was then`, { timeout: 120_000 }, async () => {
      const link = links[at];
      if (link === undefined) throw new Error("there are three");
      await moveTo(files, [slug, late]);
      const restored = await workThrough(link.id, "restore", "none");
      // Whoever was erased by then is in an older link, and is erased again by what the last one carries.
      expect(restored).toMatchObject({ left_out: 0, erased_again: at === 2 ? 1 : 0 });
      const seen = at === 2 ? people.filter((person) => person !== gone) : people;
      const after = await pictureOf(seen);
      const before = { ...pictures[at] };
      if (at === 2) {
        // The last write had not reached D1; a restored object delivers it.
        for (const table of ["enrollments", "progress"]) {
          expect(String(after[table])).not.toEqual(String(before[table]));
          Reflect.deleteProperty(before, table);
          Reflect.deleteProperty(after, table);
        }
      }
      for (const [what, expected] of Object.entries(before)) {
        if (!what.startsWith(EVENTS)) {
          expect(after[what], what).toEqual(expected);
          continue;
        }
        const events = rowsSchema.parse(after[what]);
        const { length } = rowsSchema.parse(expected);
        expect(events.slice(0, length), what).toEqual(expected);
        const had = events.slice(0, length).map(([, , type, , , , data]) => `${type} ${data}`);
        for (const [, , type, , , , data] of events.slice(length)) {
          if (type === SENT_FIRST) expect(had, what).not.toContain(`${type} ${data}`);
          else expect(SENT_AGAIN).toContain(type);
        }
      }
      const broken = await spread.prepare("PRAGMA foreign_key_check").all();
      expect(broken.results).toEqual([]);
      expect(await spread.prepare("SELECT count(*) AS n FROM restore_superseded").first("n")).toBe(0);
      // The next backup of this deployment builds on nothing that another has taken.
      expect(await spread.prepare("SELECT max(epoch) AS n FROM backup_epochs").first("n")).toBe(0);
      await tokenOf("nobody");
    });
  }
});
