import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { MANIFEST, type Manifest } from "../../../src/backup/format.ts";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { keyOf, partNotes } from "../../../src/backup/store.ts";
import { forgetCourse } from "../../../src/courses/index.ts";
import { freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, service, statesOf } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { erase, makeCourse, makePerson, type Person, writeSession } from "../privacy/support.ts";
import { emptyDeployment, manifest, workThrough } from "./support.ts";

/** Takes a backup part by part; what is to happen before a stage is done before it is read. */
async function takeWhile(meanwhile: Record<string, () => Promise<void>>): Promise<Manifest> {
  const id = await beginBackup(env, Date.now());
  const waiting = new Map(Object.entries(meanwhile));
  for (;;) {
    const state = await continueBackup(env, id, 0);
    if (state === "done") break;
    const last = (await partNotes(env, id)).at(-1);
    const change = last?.next === null ? waiting.get(last.stage) : undefined;
    if (last !== undefined && change !== undefined) {
      waiting.delete(last.stage);
      await change();
    }
  }
  expect([...waiting.keys()]).toEqual([]);
  return manifest(id);
}

/** Moves a backup into a deployment that is empty. */
async function moveTo(backup: Manifest): Promise<void> {
  const files = new Map<string, ArrayBuffer>();
  for (const name of [MANIFEST, ...backup.parts.map((part) => part.name)]) {
    files.set(name, (await (await env.BACKUPS.get(keyOf(backup.id, name)))?.arrayBuffer()) ?? new ArrayBuffer(0));
  }
  await emptyDeployment();
  for (const [name, bytes] of files) await env.BACKUPS.put(keyOf(backup.id, name), bytes);
}

const sessionsSchema = z.object({ results: z.array(z.looseObject({ session_id: z.string() })) });

describe("a write during a backup", () => {
  let slug: string;
  let late: string;
  let ada: Person;
  let gone: Person;
  let backup: Manifest;

  beforeAll(async () => {
    slug = await makeCourse();
    late = freshSlug("late");
    ada = await makePerson(slug);
    gone = await makePerson(slug);
    await writeSession(ada.id, "kept", ada.token, "kept");
    await writeSession(ada.id, "deleted", ada.token, "deleted");
    await call("POST", "/translation/flush", { token: ada.token });
    const remove = () => call("DELETE", `/translation/sessions/${ada.id}:deleted`, { token: ada.token });
    backup = await takeWhile({
      // The mirrors were read; the object goes on, and D1 with it.
      "d1.unlock_events": async () => {
        await completed(slug, ada.id, "two");
        await project(slug, ada.id);
      },
      // The objects were read: this is not in the backup, and nothing of it may be in half.
      enrollment_objects: async () => {
        await completed(slug, ada.id, "three");
        await project(slug, ada.id);
        await publish({ ...ladder(slug), title: "Second" }, { policy: "relock" });
        await publish(ladder(late));
        await call("POST", `/courses/${late}/enrollments`, { token: ada.token, body: {} });
      },
      // The journals were read: one session is deleted, another waits in a journal no more.
      journals: async () => {
        expect((await remove()).status).toBeLessThan(300);
        await call("POST", "/translation/flush", { token: ada.token });
      },
      "d1.courses": async () => {
        await publish({ ...ladder(slug), title: "Third" });
      },
      "d1.users": async () => {
        expect((await erase(gone.id)).status).toBe(202);
      },
    });
  }, 60_000);

  it("does not prevent the verification of the backup", async () => {
    const { left_out } = await workThrough(backup.id, "verify");
    expect(left_out).toBeGreaterThan(0);
  });

  it("[I2] [I4] is in the restored deployment completely or not at all", async () => {
    await moveTo(backup);
    // Another deployment remembers nothing of this one's pointers.
    for (const course of [slug, late]) forgetCourse(course);
    await workThrough(backup.id, "restore", "none");
    // As of her own copy: two is done, three is not, whatever had reached D1 by the end.
    const states = await statesOf(slug, ada.id);
    expect([states[`${slug}.two`], states[`${slug}.three`]]).toEqual(["completed", "unlocked"]);
    const { results } = await spread
      .prepare("SELECT item_id FROM progress WHERE enrollment_id = ? ORDER BY item_id")
      .bind(`${slug}:${ada.id}`)
      .all<{ item_id: string }>();
    expect(results.map(({ item_id }) => item_id.split(".")[1])).toEqual(["one", "p2", "two"]);
    // The course is on the version its row says, all of it, and its next version is the next number.
    const course = await spread
      .prepare("SELECT active_version, activation FROM courses WHERE slug = ?")
      .bind(slug)
      .first();
    expect(course).toEqual({ active_version: 2, activation: 2 });
    const next = await publish({ ...ladder(slug), title: "After the restore" });
    expect(next).toMatchObject({ activation: 3, created: true });
    // A course that came after the mark is there with its content or not at all.
    const lateCourse = await call("GET", `/courses/${late}`, { token: await tokenOf("author-of-tests", "author") });
    expect(lateCourse.status).toBe(200);
    expect(
      await spread.prepare("SELECT count(*) AS n FROM enrollments WHERE course_slug = ?").bind(late).first("n"),
    ).toBe(0);
    const broken = await spread.prepare("PRAGMA foreign_key_check").all();
    expect(broken.results).toEqual([]);
  });

  it("[I5] that deletes a session removes it with its tasks, and a session that changed is there once", async () => {
    const token = await tokenOf(ada.id);
    await call("POST", "/translation/flush", { token });
    const schema = sessionsSchema;
    const found = (await read(await call("GET", "/translation/sessions", { token }), 200, schema)).results;
    const names = found.map(({ session_id }) => session_id.slice(ada.id.length + 1)).sort();
    expect(names).toEqual(["kept", "novel", "waiting"]);
    const { results } = await spread
      .prepare("SELECT id FROM translation_tasks WHERE owner = ? ORDER BY id")
      .bind(ada.id)
      .all<{ id: string }>();
    expect(results.map(({ id }) => id.split(":")[1])).toEqual(["kept", "novel", "waiting"]);
    // A late retry of the deleted session revives nothing.
    const again = await writeSession(ada.id, "revived", await service(), "deleted");
    expect(await again.json()).toMatchObject({ results: [{ status: "invalid", error: { rule: "session_deleted" } }] });
  });
});
