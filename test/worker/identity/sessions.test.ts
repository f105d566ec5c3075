import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SESSION_TTL_MS, SessionCheck } from "../../../src/identity/session-check.ts";
import type { Standing, Verdict } from "../../../src/identity/standing.ts";
import { ok, type Result, refuse } from "../../../src/platform/results.ts";
import type { Role } from "../../../src/platform/roles.ts";
import {
  call,
  d1Queries,
  freshEmail,
  PASSWORD,
  problem,
  read,
  sessionsSchema,
  signedInSchema,
  signIn,
  signUp,
  tokenOf,
  userSchema,
} from "./support.ts";

const admin = () => tokenOf("head", "admin");
const ended = z.strictObject({ ended: z.int() });
const usersSchema = z.strictObject({ results: z.array(userSchema), next_cursor: z.string().nullable() });
const write = (token: string) => call("PUT", "/events/preferences", { token, body: {} });
const look = (token: string) => call("GET", "/events/preferences", { token });

/** A user with two sessions. */
async function twice() {
  const first = await signUp();
  const second = await read(await signIn(first.user.email), 200, signedInSchema);
  return { first, second, id: first.user.id };
}

const learner = (standing: Standing): Result<Verdict> => ok({ standing, role: "learner" });

/** A check whose revocations object is counted and can be changed. */
function counted(initial: Result<Verdict> = learner("open")) {
  const gate = { answer: initial, asked: 0 };
  const check = new SessionCheck(async () => {
    gate.asked += 1;
    return gate.answer;
  });
  const run = async (kind: "read" | "write", now: number, session: string | null = "s", role: Role = "learner") => {
    const checked = await check.check(env, { user: "ada", session, role, issued_at: 0 }, kind, now);
    return checked.ok ? "passes" : checked.refusal.code;
  };
  return { gate, run };
}

describe("the session behind a token", () => {
  it("is asked for once a minute by reads, and by every write", async () => {
    const { gate, run } = counted();
    for (const at of [0, 1, SESSION_TTL_MS - 1]) expect(await run("read", at)).toBe("passes");
    expect(gate.asked).toBe(1);
    expect(await run("read", SESSION_TTL_MS)).toBe("passes");
    expect(gate.asked).toBe(2);
    for (const at of [0, 1, 2]) expect(await run("write", SESSION_TTL_MS + at)).toBe("passes");
    expect(gate.asked).toBe(5);
  });

  it("that ended is refused for a write at once, for a read within a minute, and is not asked about again", async () => {
    const { gate, run } = counted();
    await run("read", 0);
    gate.answer = learner("ended");
    expect(await run("read", SESSION_TTL_MS - 1)).toBe("passes");
    expect(await run("read", SESSION_TTL_MS)).toBe("unauthenticated");
    gate.answer = learner("open");
    expect(await run("write", SESSION_TTL_MS + 1)).toBe("unauthenticated");
    expect(gate.asked).toBe(2);
    const second = counted();
    await second.run("read", 0);
    second.gate.answer = learner("ended");
    expect(await second.run("write", 1)).toBe("unauthenticated");
    expect(await second.run("read", 2)).toBe("unauthenticated");
  });

  it("that cannot be checked: reads of learners depend only on the token; writes and all requests of staff are refused", async () => {
    const { gate, run } = counted(refuse("unavailable"));
    expect([await run("read", 0), await run("write", 0)]).toEqual(["passes", "unavailable"]);
    for (const role of ["author", "service", "admin"] as const)
      expect(await run("read", 0, "s", role)).toBe("unavailable");
    gate.answer = learner("open");
    expect(await run("write", 1)).toBe("passes");
  });

  it("[fault 2] is checked for a token without a session too: once a minute by reads, and by every write", async () => {
    const { gate, run } = counted();
    for (const at of [0, 1, 2]) await run("read", at, null);
    expect(gate.asked).toBe(1);
    for (const at of [0, 1, 2]) await run("write", at, null);
    expect(gate.asked).toBe(4);
  });

  it("is checked without a D1 query", async () => {
    const { access_token } = await signUp();
    expect(d1Queries(await look(access_token))).toBe(0);
    expect(d1Queries(await write(access_token))).toBe(0);
  });
});

describe("ending sessions", () => {
  it("one by one: its access token is refused at once, another's is not", async () => {
    const { first, second } = await twice();
    const list = await read(await call("GET", "/auth/sessions", { token: second.access_token }), 200, sessionsSchema);
    const other = list.results.find((session) => !session.current);
    expect((await call("DELETE", `/auth/sessions/${other?.id}`, { token: second.access_token })).status).toBe(204);
    expect((await problem(await write(first.access_token), 401)).detail).toBe("The session has ended. Sign in again.");
    // A read that knows of the write's refusal is refused too.
    expect((await look(first.access_token)).status).toBe(401);
    expect((await call("POST", "/auth/token", { body: { session_token: first.session_token } })).status).toBe(401);
    expect((await write(second.access_token)).status).toBe(200);
  });

  it("by signing out: the access token ends too", async () => {
    const { access_token, session_token } = await signUp();
    await call("POST", "/auth/sign-out", { body: { session_token } });
    expect((await write(access_token)).status).toBe(401);
  });

  it("everywhere, with or without the present session", async () => {
    const { first, second } = await twice();
    const rest = await call("DELETE", "/auth/sessions?keep_current=true", { token: second.access_token });
    expect(await read(rest, 200, ended)).toEqual({ ended: 1 });
    expect([(await write(first.access_token)).status, (await write(second.access_token)).status]).toEqual([401, 200]);
    expect(await read(await call("DELETE", "/auth/sessions", { token: second.access_token }), 200, ended)).toEqual({
      ended: 1,
    });
    expect((await write(second.access_token)).status).toBe(401);
  });

  it("[I8] of somebody else: for admins only, and a new sign-in is not affected", async () => {
    const { first, second, id } = await twice();
    for (const role of ["learner", "author", "service"] as const) {
      const refused = await call("DELETE", `/users/${id}/sessions`, { token: await tokenOf("eve", role) });
      expect((await problem(refused, 403)).code).toBe("forbidden");
    }
    expect((await write(first.access_token)).status).toBe(200);
    expect(await read(await call("DELETE", `/users/${id}/sessions`, { token: await admin() }), 200, ended)).toEqual({
      ended: 2,
    });
    for (const token of [first.access_token, second.access_token]) expect((await write(token)).status).toBe(401);
    const again = await read(await signIn(first.user.email), 200, signedInSchema);
    expect((await write(again.access_token)).status).toBe(200);
    const nobody = await call("DELETE", "/users/nobody/sessions", { token: await admin() });
    expect((await problem(nobody, 404)).code).toBe("user_not_found");
  });

  it("by a ban: the access token ends at once", async () => {
    const { user, access_token } = await signUp();
    await call("PATCH", `/users/${user.id}`, { token: await admin(), body: { ban: { reason: "spam" } } });
    expect((await write(access_token)).status).toBe(401);
  });

  it("[I1] with a crash between the revocations object and the database: the session is over, and a repeat removes the rows", async () => {
    const { first, id } = await twice();
    const failing = new Proxy(env.DB, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (property !== "prepare") return typeof value === "function" ? value.bind(target) : value;
        return (query: string) => {
          if (/^delete from "sessions"/i.test(query)) throw new Error("crashed");
          return target.prepare(query);
        };
      },
    });
    const { callWith } = await import("../../support/worker/faults.ts");
    const crashed = await callWith({ DB: failing }, "DELETE", `/users/${id}/sessions`, { token: await admin() });
    expect(crashed.status).toBe(500);
    expect((await write(first.access_token)).status).toBe(401);
    // The row is still there, and renews nothing.
    expect((await call("POST", "/auth/token", { body: { session_token: first.session_token } })).status).toBe(401);
    expect(await read(await call("DELETE", `/users/${id}/sessions`, { token: await admin() }), 200, ended)).toEqual({
      ended: 2,
    });
  });
});

describe("a change of the password", () => {
  it("needs the old password, ends the other sessions and keeps this one", async () => {
    const { first, second } = await twice();
    const change = (password: string, token = second.access_token) =>
      call("POST", "/auth/password", { token, body: { password, new_password: "another horse battery" } });
    expect((await problem(await change("wrong horse battery"), 401)).code).toBe("invalid_credentials");
    expect((await write(first.access_token)).status).toBe(200);
    expect(await read(await change(PASSWORD), 200, ended)).toEqual({ ended: 1 });
    expect([(await write(first.access_token)).status, (await write(second.access_token)).status]).toEqual([401, 200]);
    expect((await problem(await signIn(first.user.email), 401)).code).toBe("invalid_credentials");
    expect((await signIn(first.user.email, "another horse battery")).status).toBe(200);
    const none = await change(PASSWORD, await tokenOf("nobody"));
    expect((await problem(none, 401)).code).toBe("invalid_credentials");
  });

  it("has the limits of a sign-in against guessing", async () => {
    const { access_token: token } = await signUp();
    const body = { password: "wrong horse battery", new_password: "another horse battery" };
    const codes = new Set<number>();
    for (let guess = 0; guess < 15; guess += 1)
      codes.add((await call("POST", "/auth/password", { token, body })).status);
    expect([...codes]).toEqual([401, 429]);
  });
});

describe("the list of users", () => {
  it("has pages with a cursor, and can be filtered by role and ban", async () => {
    const token = await admin();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const body = { email: freshEmail(), name: "N", role: count < 3 ? "author" : "service" };
      const created = await call("POST", "/users", { token, body });
      ids.push((await read(created, 201, userSchema)).id);
    }
    await call("PATCH", `/users/${ids[0]}`, { token, body: { ban: { reason: "spam" } } });
    const walk = async (query: string) => {
      const found: string[] = [];
      for (let cursor = ""; ; ) {
        const page = await read(await call("GET", `/users?limit=2${query}${cursor}`, { token }), 200, usersSchema);
        found.push(...page.results.map(({ id }) => id));
        if (page.next_cursor === null) return found;
        cursor = `&cursor=${page.next_cursor}`;
      }
    };
    const everybody = await walk("");
    expect(everybody).toEqual([...new Set(everybody)].sort());
    expect(everybody).toEqual(expect.arrayContaining(ids));
    expect(await walk("&role=author")).toEqual(ids.slice(0, 3).sort());
    expect(await walk("&role=author&banned=true")).toEqual([ids[0]]);
    expect(await walk("&role=author&banned=false")).toEqual(ids.slice(1, 3).sort());
    expect(await walk("&banned=true")).toContain(ids[0]);
    const page = await read(await call("GET", "/users?limit=1", { token }), 200, usersSchema);
    const other = await call("GET", `/users?role=author&cursor=${page.next_cursor}`, { token });
    expect((await problem(other, 400)).code).toBe("invalid_cursor");
  });

  it("[I8] is for admins", async () => {
    for (const role of ["learner", "author", "service"] as const) {
      expect((await call("GET", "/users", { token: await tokenOf("eve", role) })).status).toBe(403);
    }
    expect((await exports.default.fetch(new Request("http://latchkey.test/api/v1/users"))).status).toBe(401);
  });
});
