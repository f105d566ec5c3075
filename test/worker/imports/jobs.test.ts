import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { resumeImports } from "../../../src/imports/consumer.ts";
import { FIRST_WAIT_MS, HELD_MS, KNOWN_MS, LEASE_MS, RECEIVING_TTL_MS } from "../../../src/imports/limits.ts";
import { pruneImports } from "../../../src/imports/remove.ts";
import { DAY_MS } from "../../../src/platform/instants.ts";
import { importsSource } from "../../../src/privacy/sources/imports.ts";
import { tarOf } from "../../support/courses/archives.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { advanceClock } from "../../support/worker/learners.ts";
import { wholeHistory } from "../../support/worker/streams.ts";
import { listen, writtenFor } from "../../support/worker/webhooks.ts";
import { collectingQueue } from "../refresh/support.ts";
import { AUTHOR, archive, backup, begun, imported, keptOf, seen, versionsOf, workOn } from "./support.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Waits, as long as a slow machine needs, until something holds. */
const until = (holds: () => Promise<void>) => vi.waitFor(holds, { timeout: 15_000 });

/** The bucket of archives, which does something of the test's before each read of one. */
function bucketThat(before: (read: number) => Promise<void> | void): Partial<Env> {
  let reads = 0;
  const bucket = new Proxy(env.DOCUMENTS, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== "get") return typeof value === "function" ? value.bind(target) : value;
      return async (key: string, options?: R2GetOptions) => {
        reads += 1;
        await before(reads);
        return target.get(key, options);
      };
    },
  });
  return { DOCUMENTS: bucket };
}

const broken = () =>
  bucketThat(() => {
    throw new Error("the bucket does not answer");
  });

/** Ids that the minute's cron asks for. */
async function asked(): Promise<unknown[]> {
  const { queue, sent } = collectingQueue();
  await resumeImports({ ...env, IMPORT_QUEUE: queue }, Date.now());
  return sent.map(({ body }) => (typeof body === "object" && body !== null && "id" in body ? body.id : null));
}

/** A backup of some megabytes, so that it is read in several pieces. */
const large = () => tarOf({ ...backup(), "files/film": new Uint8Array(2_500_000) });

describe("a worker that dies in the middle of an import", () => {
  it("has no effect: after its lease the cron starts another one, which begins again and makes one draft", async () => {
    const slug = freshSlug("killed");
    const { id } = await begun(await archive(), { course: slug });
    const dead = Promise.withResolvers<void>();
    const killed = workOn(
      id,
      bucketThat(() => dead.promise),
    );
    await until(async () => expect(await seen(id)).toMatchObject({ state: "reading", attempts: 1 }));
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "reading", attempts: 1 });
    expect(await asked()).not.toContain(id);

    advanceClock(LEASE_MS + 1_000);
    expect(await asked()).toContain(id);
    expect(await asked()).not.toContain(id);
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "done", attempts: 2, version: 1 });
    // The first was not dead after all: what it goes on with counts no more.
    dead.resolve();
    await killed;
    expect(await seen(id)).toMatchObject({ state: "done", attempts: 2, version: 1 });
    expect(await versionsOf(slug)).toHaveLength(1);
    expect(await asked()).not.toContain(id);
  });

  it("and wakes while another one works stores nothing, and a repeated message does not either", async () => {
    const slug = freshSlug("two");
    const { id } = await begun(await archive(), { course: slug });
    const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = workOn(
      id,
      bucketThat(() => one.promise),
    );
    await until(async () => expect((await seen(id)).attempts).toBe(1));
    advanceClock(LEASE_MS + 1_000);
    const second = workOn(
      id,
      bucketThat(() => two.promise),
    );
    await until(async () => expect((await seen(id)).attempts).toBe(2));
    one.resolve();
    await first;
    expect(await seen(id)).toMatchObject({ state: "reading", attempts: 2, version: null });
    two.resolve();
    await second;
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "done", attempts: 2, version: 1 });
    expect(await versionsOf(slug)).toHaveLength(1);
  });

  it("five times ends the import, and the owner is notified of the reason", async () => {
    const { id } = await begun(await archive(), { course: freshSlug("dying") });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      void workOn(
        id,
        bucketThat(() => new Promise<never>(() => {})),
      );
      await until(async () => expect((await seen(id)).attempts).toBe(attempt));
      advanceClock(LEASE_MS + 1_000);
    }
    expect(await asked()).toContain(id);
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "failed", attempts: 5, errors: [{ rule: "gave_up" }] });
  });
});

describe("an attempt that fails", () => {
  it("is repeated, later each time, and the fifth is the last", async () => {
    const { id } = await begun(await archive(), { course: freshSlug("failing") });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await workOn(id, broken());
      const state = attempt < 5 ? "queued" : "failed";
      expect(await seen(id)).toMatchObject({ state, attempts: attempt, errors: [{ rule: "attempt_failed" }] });
      await workOn(id);
      expect((await seen(id)).attempts).toBe(attempt);
      if (attempt < 5) expect(await asked()).not.toContain(id);
      advanceClock(FIRST_WAIT_MS * 2 ** (attempt - 1) + 1_000);
    }
    expect(await asked()).not.toContain(id);
  });

  it("leaves nothing behind, and the next one makes the draft", async () => {
    const slug = freshSlug("failing");
    const { id } = await begun(await archive(), { course: slug });
    await workOn(id, broken());
    expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("root", "admin") })).status).toBe(404);
    advanceClock(FIRST_WAIT_MS + 1_000);
    expect(await asked()).toContain(id);
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "done", attempts: 2, version: 1, errors: [] });
  });

  it("because the database does not answer, and so could not begin, is not counted", async () => {
    const { id } = await begun(await archive(), { course: freshSlug("silent") });
    const silent = new Proxy(env.DB, {
      get() {
        throw new Error("D1 does not answer");
      },
    });
    expect((await workOn(id, { DB: silent })).retryMessages).toHaveLength(1);
    expect((await seen(id)).attempts).toBe(0);
  });
});

it("an import notifies its owner of its start, its progress and its end, each once", async () => {
  const user = `watcher-${crypto.randomUUID()}`;
  const course = freshSlug("told");
  const listener = await listen(course, ["import.done"]);
  const { id, size } = await begun(await large(), { course, user });
  const tasks = async () =>
    (await wholeHistory(user)).filter(({ type, data }) => type.startsWith("task.") && data.task_id === id);
  const done: unknown[] = [];
  const watch = bucketThat(async () => {
    const [tick] = (await tasks()).filter(({ type }) => type === "task.progress-updated");
    if (tick !== undefined) done.push(tick.data.done);
    advanceClock(1_100);
  });
  await workOn(id, watch);
  await workOn(id);
  expect(await seen(id, user)).toMatchObject({ state: "done", bytes_read: size });
  const types = (await tasks()).map(({ type }) => type);
  expect(types.filter((type) => type !== "task.progress-updated")).toEqual([
    "task.progress-started",
    "task.progress-completed",
  ]);
  expect(done.at(-1)).toBeGreaterThan(1_000_000);
  const data = { course_id: course, import_id: id, kind: "course", course_version: 1 };
  expect(await writtenFor(listener)).toMatchObject([{ type: "import.done", data }]);

  const bad = await begun(new Uint8Array(10), { course: freshSlug("told"), user });
  await workOn(bad.id);
  const failed = (await wholeHistory(user)).findLast(({ type }) => type === "task.progress-failed");
  expect(failed?.data).toMatchObject({ task_id: bad.id, retry: { advised: false } });
});

it("an owner who cannot be notified of the end is notified later", async () => {
  const user = `deaf-${crypto.randomUUID()}`;
  const { id } = await begun(await archive(), { course: freshSlug("untold"), user });
  const deaf = new Proxy(env.CHANNELS, {
    get() {
      throw new Error("no channel answers");
    },
  });
  await workOn(id, { CHANNELS: deaf });
  expect(await seen(id, user)).toMatchObject({ state: "done" });
  expect(await asked()).toContain(id);
  await workOn(id);
  expect((await wholeHistory(user)).map(({ type }) => type)).toContain("task.progress-completed");
  advanceClock(DAY_MS);
  expect(await asked()).not.toContain(id);
});

describe("the right to import", () => {
  it("is checked again when the draft is stored, because the course may belong to somebody else by then", async () => {
    const slug = freshSlug("taken");
    const { id } = await begun(await archive(), { course: slug });
    const body = { slug, title: "Quicker" };
    await call("POST", "/courses", { token: await tokenOf("quicker", "author"), body });
    await workOn(id);
    expect(await seen(id)).toMatchObject({ state: "failed", version: null, errors: [{ rule: "course_exists" }] });
    expect(await versionsOf(slug, "quicker")).toEqual([]);
  });
});

it("a user who is no author any more stores nothing of an earlier upload", async () => {
  const admin = await tokenOf("root", "admin");
  const email = `${crypto.randomUUID()}@example.org`;
  const body = { email, name: "Ada", role: "author", password: "correct horse battery 9" };
  const created = await call("POST", "/users", { token: admin, body });
  const { id: user } = z.object({ id: z.string() }).parse(await created.json());
  const { id, course } = await begun(await archive(), { course: freshSlug("demoted"), user });
  expect((await call("PATCH", `/users/${user}`, { token: admin, body: { role: "learner" } })).status).toBe(200);
  await workOn(id);
  expect(await seen(id, "root", "admin")).toMatchObject({ state: "failed", errors: [{ rule: "forbidden" }] });
  expect((await call("GET", `/courses/${course}`, { token: admin })).status).toBe(404);
});

describe("the nightly job of imports", () => {
  it("removes archives after a week, imports after a month, and uploads that never arrived", async () => {
    const done = await imported(await archive(), { course: freshSlug("old") });
    const { id: lost } = await begun(await archive(), { course: freshSlug("old") });
    await env.DB.prepare("UPDATE course_imports SET state = 'receiving' WHERE id = ?").bind(lost).run();
    expect(await keptOf(done.id)).toEqual(["archive", "report.json"]);
    const night = (later: number) => pruneImports(env, Date.now() + later);
    await night(RECEIVING_TTL_MS - 60_000);
    expect(await keptOf(lost)).toEqual(["archive"]);
    await night(RECEIVING_TTL_MS + 60_000);
    expect(await keptOf(lost)).toEqual([]);
    expect(await keptOf(done.id)).toHaveLength(2);
    await night(HELD_MS + 60_000);
    expect(await keptOf(done.id)).toEqual([]);
    expect(await seen(done.id)).toMatchObject({ state: "done", has_report: false });
    await night(KNOWN_MS + 60_000);
    const gone = await call("GET", `/courses/imports/${done.id}`, { token: await tokenOf(AUTHOR, "author") });
    expect(gone.status).toBe(404);
    expect(await versionsOf(done.course)).toHaveLength(1);
  });
});

it("an owner's export has their imports, and an erasure removes these with their archives", async () => {
  const user = `owner-${crypto.randomUUID()}`;
  const { id } = await imported(await archive(), { course: freshSlug("owned"), user });
  expect(await importsSource.holds(env, user)).toBe(true);
  const rows = await Array.fromAsync(importsSource.export(env, user));
  expect(rows).toMatchObject([{ kind: "course_import", row: { id, owner: user, name: "small.mbz" } }]);
  expect(await importsSource.erase(env, user)).toBe("done");
  expect(await importsSource.holds(env, user)).toBe(false);
  expect(await keptOf(id)).toEqual([]);
});
