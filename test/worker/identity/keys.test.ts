// Over 350 lines: the life of a key, from its creation to its end.

import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { idOfKey, newKey, newKeyId } from "../../../src/identity/keys/format.ts";
import { KeyCheck } from "../../../src/identity/keys/key-check.ts";
import type { UserGate } from "../../../src/identity/revocations.ts";
import { callRevocations } from "../../../src/identity/revocations-stub.ts";
import { refuse } from "../../../src/platform/results.ts";
import { COURSE_PARAMS, isOfCourses, SCOPES, type Scope } from "../../../src/platform/scopes.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, callWith } from "../../support/worker/faults.ts";
import { call, d1Queries, filledPath, problem, read, tokenOf } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { freshEmail, PASSWORD, signedInSchema } from "./support.ts";

const admin = () => tokenOf("keymaster", "admin");

/** A published course. */
async function publishCourse(slug = freshSlug()): Promise<string> {
  await publish(ladder(slug));
  return slug;
}

const keySchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  state: z.enum(["active", "expired", "revoked"]),
  scopes: z.array(z.string()),
  courses: z.array(z.string()).nullable(),
  created_by: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  rotated_at: z.iso.datetime().nullable(),
  previous_until: z.iso.datetime().nullable(),
  last_used_on: z.iso.date().nullable(),
  revoked_at: z.iso.datetime().nullable(),
});
const shownSchema = keySchema.extend({ key: z.string() });
const listSchema = z.strictObject({ results: z.array(keySchema), next_cursor: z.string().nullable() });

interface Wish {
  scopes?: readonly Scope[];
  courses?: readonly string[] | "all";
  expires_in_days?: number;
}

const create = async ({ scopes = SCOPES, courses = "all", ...rest }: Wish = {}) =>
  call("POST", "/keys", { token: await admin(), body: { name: "grader", scopes, courses, ...rest } });
const made = async (wish: Wish = {}) => read(await create(wish), 201, shownSchema);
const readKey = async (id: string) => read(await call("GET", `/keys/${id}`, { token: await admin() }), 200, keySchema);
const revoke = async (id: string) => call("DELETE", `/keys/${id}`, { token: await admin() });
const rotate = async (id: string, body: object = {}) =>
  call("POST", `/keys/${id}/rotate`, { token: await admin(), body });
/** A write that is refused for its form: 400 says that the key was accepted. */
const write = async (key: string) => (await call("POST", "/events/publish", { token: key, body: {} })).status;
const look = async (key: string) => (await call("GET", "/courses", { token: key })).status;

afterEach(() => vi.useRealTimers());

describe("a key", () => {
  it("is shown once; only its hash is kept", async () => {
    const { key, id, prefix } = await made();
    expect(key).toMatch(/^lk_[0-9a-z]{12}_[0-9A-Za-z]{46}$/);
    expect(key.startsWith(prefix)).toBe(true);
    const row = await spread.prepare("SELECT * FROM service_keys WHERE id = ?").bind(id).first();
    expect(JSON.stringify(row)).not.toContain(key.slice(prefix.length));
    const stored = await readKey(id);
    expect(stored).toMatchObject({ state: "active", courses: null, created_by: "keymaster", last_used_on: null });
    expect(Date.parse(stored.expires_at) - Date.parse(stored.created_at)).toBe(90 * 86_400_000);
  });

  it("is recognised by its checksum", () => {
    const key = newKey(newKeyId());
    expect(idOfKey(key)).toBe(key.slice(3, 15));
    const other = key.endsWith("0") ? "1" : "0";
    for (const broken of [key.slice(0, -1) + other, key.slice(0, -1), `${key}x`, key.replace("lk_", "gh_")]) {
      expect(idOfKey(broken)).toBeNull();
    }
  });

  it("that is garbled, unknown or has another secret is refused with the same answer", async () => {
    const { key, id } = await made();
    const texts = new Set<string>();
    for (const shown of [`${key}x`, newKey(newKeyId()), newKey(id), "lk_"]) {
      const { request_id: _, ...rest } = await problem(await call("GET", "/courses", { token: shown }), 401);
      texts.add(JSON.stringify(rest));
    }
    expect(texts.size).toBe(1);
  });

  it("is listed with the day of its last use, and only admins change its name", async () => {
    const { key, id } = await made();
    const today = () => new Date().toISOString().slice(0, 10);
    const before = today();
    expect(await look(key)).toBe(200);
    // Either of two days, where midnight is in between.
    const days = [before, today()];
    await vi.waitFor(async () => expect(days).toContain((await readKey(id)).last_used_on), 10_000);
    const ids: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await read(await call("GET", `/keys?limit=2${cursor}`, { token: await admin() }), 200, listSchema);
      ids.push(...page.results.map((found) => found.id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(ids).toContain(id);
    for (const role of ["learner", "author", "service"] as const) {
      const token = await tokenOf("eve", role);
      expect((await call("GET", "/keys", { token })).status).toBe(403);
      expect((await call("POST", "/keys", { token, body: {} })).status).toBe(403);
    }
    expect((await call("GET", "/keys", { token: key })).status).toBe(403);
  });

  it("sends no query to D1 from the request, warm or cold", async () => {
    const { key } = await made();
    expect(d1Queries(await call("POST", "/events/publish", { token: key, body: {} }))).toBe(0);
    expect(d1Queries(await call("GET", "/events/health", { token: key }))).toBe(0);
  });

  it("works while D1 does not answer, once it has been used", async () => {
    const { key, id } = await made();
    expect(await write(key)).toBe(400);
    // SAFETY: wrangler.toml binds GATES to this class.
    const gates = env.GATES as DurableObjectNamespace<UserGate>;
    await runInDurableObject(gates.get(gates.idFromName(`key/${id}`)), (gate: UserGate) => {
      Object.assign(gate, { env: { ...env, DB: brokenDatabase() } });
    });
    expect(await write(key)).toBe(400);
  });

  it("[I9] is refused with field and rule if it could not do what it says", async () => {
    const errorsOf = async (wish: object) => {
      const body = { name: "x", scopes: ["read"], courses: "all", ...wish };
      const refused = await problem(await call("POST", "/keys", { token: await admin(), body }), 400);
      return refused.errors?.map(({ path, rule }) => `${path} ${rule}`);
    };
    expect(await errorsOf({ scopes: [] })).toEqual(["scopes too_small"]);
    expect(await errorsOf({ scopes: ["root"] })).toEqual(["scopes[0] invalid_value"]);
    expect(await errorsOf({ courses: ["no-such-course"] })).toEqual(["courses[0] unknown_course"]);
    expect(await errorsOf({ courses: ["demo"], scopes: ["read", "publish"] })).toEqual(["scopes[1] needs_all_courses"]);
    expect(await errorsOf({ expires_in_days: 366 })).toEqual(["expires_in_days too_big"]);
    for (const name of ["bell\u0007", "grader \u202efo", "two\u2028lines", "\u2066isolated"]) {
      expect(await errorsOf({ name })).toEqual(["name forbidden_character"]);
    }
    expect(await errorsOf({ role: "admin" })).toEqual(["role unrecognized_keys"]);
  });

  it("has an entry in the audit chain for everything that is done to it", async () => {
    const { id } = await made();
    await rotate(id);
    await revoke(id);
    await revoke(id);
    await vi.waitFor(async () => {
      const answer = await call("GET", `/audit/logs?target=${id}&target_type=key`, { token: await admin() });
      const { results } = await answer.json<{ results: { action: string }[] }>();
      expect(results.map(({ action }) => action).sort()).toEqual(["key.created", "key.revoked", "key.rotated"]);
    }, 10_000);
  });
});

describe("[fault 5] a key ends", () => {
  it("when it is revoked: writes at once, reads within 60 s", async () => {
    const { key, id } = await made();
    expect([await look(key), await write(key)]).toEqual([200, 400]);
    expect((await revoke(id)).status).toBe(204);
    expect(await write(key)).toBe(401);
    const other = await made();
    expect(await look(other.key)).toBe(200);
    await revoke(other.id);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    expect(await look(other.key)).toBe(401);
    expect((await readKey(id)).state).toBe("revoked");
    expect((await problem(await rotate(id), 404)).code).toBe("not_found");
  });

  it("when it is rotated: the old one after a time in which both work, or at once without such a time", async () => {
    const { key, id } = await made();
    expect(await write(key)).toBe(400);
    const second = await read(await rotate(id, { overlap_seconds: 60 }), 200, shownSchema);
    expect(second.previous_until).not.toBeNull();
    expect([await write(key), await write(second.key)]).toEqual([400, 400]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    expect([await write(key), await look(key), await write(second.key)]).toEqual([401, 401, 400]);
    const third = await read(await rotate(id, { overlap_seconds: 0 }), 200, shownSchema);
    expect(third.previous_until).toBeNull();
    expect([await write(second.key), await write(third.key)]).toEqual([401, 400]);
  });

  it("when it expires, also for reads that have it in a cache", async () => {
    const { key, id } = await made({ expires_in_days: 1 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 - 1_000 });
    expect(await look(key)).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    expect([await look(key), await write(key)]).toEqual([401, 401]);
    expect((await readKey(id)).state).toBe("expired");
  });

  it("at once although the request that ended it died before D1 had it", async () => {
    const { key, id } = await made();
    expect(await write(key)).toBe(400);
    await callRevocations(env, `key/${id}`, (stub) => stub.changeKey("revoke"));
    expect(await write(key)).toBe(401);
  });

  it("is checked once a minute by reads and by every write, and refused if it cannot be checked", async () => {
    let asked = 0;
    const grant = { id: "k", scopes: SCOPES, courses: null };
    let isDown = false;
    const check = new KeyCheck(async () => {
      asked += 1;
      return isDown ? refuse("unavailable") : { ok: true, value: { ...grant, until: Number.MAX_SAFE_INTEGER } };
    });
    const key = newKey(newKeyId());
    for (const at of [0, 1, 59_999]) await check.check(env, key, "read", at);
    expect(asked).toBe(1);
    for (const at of [1, 2]) await check.check(env, key, "write", at);
    expect(asked).toBe(3);
    isDown = true;
    expect(await check.check(env, key, "write", 3)).toMatchObject({ refusal: { code: "unavailable" } });
    expect(await check.check(env, key, "read", 60_002)).toMatchObject({ refusal: { code: "unavailable" } });
  });
});

const operationsSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        "x-policy": z.looseObject({
          roles: z.union([z.literal("public"), z.array(z.string())]),
          scope: z.union([z.enum(SCOPES), z.literal("")]),
        }),
      }),
    ),
  ),
});

/** Every operation of the OpenAPI document. */
async function operations() {
  const answer = await exports.default.fetch(new Request("http://latchkey.test/openapi.json"));
  const { paths } = operationsSchema.parse(await answer.json());
  return Object.entries(paths)
    .filter(([path]) => path.startsWith("/api/v1"))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        ...operation["x-policy"],
      })),
    )
    .filter(({ roles }) => roles !== "public");
}

const BODY = { POST: {}, PUT: {}, PATCH: {}, DELETE: undefined, GET: undefined } as Record<string, object | undefined>;

/** Whether a key is let through to the route: what the route says then does not matter. */
async function opens(key: string, method: string, path: string): Promise<boolean> {
  const body = BODY[method];
  const answer = await call(method, filledPath(path), { token: key, ...(body === undefined ? {} : { body }) });
  if (answer.status === 401) throw new Error(`${method} ${path}: the key was not believed`);
  if (answer.status !== 403) {
    await answer.body?.cancel();
    return true;
  }
  const { detail = "" } = await problem(answer, 403);
  return !/Keys cannot call this|Needs a key with|limited to other courses/.test(detail);
}

describe("[fault 5] walking every route", () => {
  it("with a key of each scope: it opens the routes of its scope, and no other", async () => {
    const routes = await operations();
    expect(new Set(routes.map(({ scope }) => scope))).toEqual(new Set([...SCOPES, ""]));
    const { key: every } = await made();
    for (const { method, path, scope } of routes.filter((route) => route.scope === "")) {
      expect([method, path, scope, await opens(every, method, path)]).toEqual([method, path, "", false]);
    }
    for (const scope of SCOPES) {
      const { key: only } = await made({ scopes: [scope] });
      const { key: others } = await made({ scopes: SCOPES.filter((other) => other !== scope) });
      for (const { method, path } of routes.filter((route) => route.scope === scope)) {
        const opened = [await opens(only, method, path), await opens(others, method, path)];
        expect([method, path, ...opened]).toEqual([method, path, true, false]);
      }
    }
  }, 120_000);

  it("with a key of another course: no route that names a course is open", async () => {
    await publishCourse("other-course");
    const scopes = SCOPES.filter(isOfCourses);
    const { key } = await made({ scopes, courses: ["other-course"] });
    for (const { method, path, scope } of await operations()) {
      if (scope === "" || !scopes.some((known) => known === scope)) continue;
      const namesCourse = COURSE_PARAMS.some((param) => path.includes(`{${param}}`));
      expect([method, path, await opens(key, method, path)]).toEqual([method, path, !namesCourse]);
    }
  }, 60_000);

  it("shows nothing of other courses, and accepts nothing for them, if the path names no course", async () => {
    const [mine, theirs] = [await publishCourse(), await publishCourse()];
    await enroll(mine, "ada");
    await enroll(theirs, "ada");
    const { key } = await made({ scopes: ["read", "facts", "verdicts"], courses: [mine] });
    const courses = await call("GET", "/courses?limit=1000", { token: key });
    const { results } = await courses.json<{ results: { slug: string }[] }>();
    expect(results.map(({ slug }) => slug)).toEqual([mine]);
    const fact = (course: string) => ({
      user_id: "ada",
      item: `${course}.one`,
      completed: true,
      at: "2026-01-01T00:00:00Z",
    });
    const both = { facts: [fact(mine), fact(theirs)] };
    const refused = await problem(await call("POST", "/progress/import", { token: key, body: both }), 403);
    expect(refused.errors).toMatchObject([{ path: "facts[1].item", rule: "other_course" }]);
    const alone = await call("POST", "/progress/import", { token: key, body: { facts: [fact(mine)] } });
    expect(await alone.json()).toMatchObject({ recorded: 1 });
    for (const course of [mine, theirs]) {
      await spread
        .prepare(
          "INSERT INTO submissions (id, enrollment_id, item_id, answer, status, submitted_at) VALUES (?, ?, ?, 'x', 'pending', 1)",
        )
        .bind(`${course}:ada:${"0".repeat(32)}`, `${course}:ada`, `${course}.one`)
        .run();
    }
    const pending = await call("GET", "/submissions/pending", { token: key });
    const found = (await pending.json<{ results: { enrollment_id: string }[] }>()).results;
    expect(found.map(({ enrollment_id }) => enrollment_id)).toEqual([`${mine}:ada`]);
  });
});

describe("[fault 5] outside of a local installation", () => {
  it("a token of the command line, and the role of services alone, open nothing", async () => {
    const deployed: Partial<Env> = {};
    Reflect.set(deployed, "ENVIRONMENT", "production");
    const root = await callWith(deployed, "GET", "/courses", { token: await tokenOf("root", "admin") });
    expect((await problem(root, 401)).detail).toMatch(/local installation/);
    // A service that signs in as a person does has a session, and still opens nothing by its role.
    const account = { email: freshEmail(), password: PASSWORD };
    const created = await call("POST", "/users", {
      token: await admin(),
      body: { ...account, name: "Grader", role: "service" },
    });
    expect(created.status, await created.text()).toBe(201);
    const signedIn = await callWith(deployed, "POST", "/auth/sign-in", { body: account });
    const { access_token } = await read(signedIn, 200, signedInSchema);
    const service = await callWith(deployed, "GET", "/courses", { token: access_token });
    expect((await problem(service, 403)).detail).toMatch(/role `service` is not accepted/);
    const { key } = await made();
    expect((await callWith(deployed, "GET", "/courses", { token: key })).status).toBe(200);
  });
});
