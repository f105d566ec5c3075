import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import { callWith } from "../../support/worker/faults.ts";
import {
  type Call,
  call,
  freshEmail,
  PASSWORD,
  problem,
  read,
  signedInSchema,
  tokenOf,
  userSchema,
} from "./support.ts";

// A deployment without an administrator: every test begins without one.

const SECRET = "zQ8-first-light-0123456789-abcdefghij";
const answerSchema = z.strictObject({ user: userSchema.nullable(), restore_token: z.string().nullable() });

function deployed(vars: Record<string, string>): Partial<Env> {
  const bindings: Partial<Env> = {};
  for (const [name, value] of Object.entries({ ENVIRONMENT: "production", ...vars }))
    Reflect.set(bindings, name, value);
  return bindings;
}

const fresh = deployed({ BOOTSTRAP_SECRET: SECRET });
const send = (body: object, bindings = fresh, options: Call = {}) =>
  callWith(bindings, "POST", "/auth/bootstrap", { body, ...options });
const account = () => ({ email: freshEmail(), name: "Grace Hopper", password: PASSWORD });

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM users WHERE role = 'admin'").run();
});

describe("[fault 5] the first administrator", () => {
  it("is made once with a separate secret, and signs in as everybody does", async () => {
    const first = account();
    const { user } = await read(await send({ secret: SECRET, account: first }), 201, answerSchema);
    expect(user).toMatchObject({ email: first.email, role: "admin" });
    const body = { email: first.email, password: first.password };
    const signedIn = await read(await callWith(fresh, "POST", "/auth/sign-in", { body }), 200, signedInSchema);
    const users = await callWith(fresh, "GET", "/users", { token: signedIn.access_token });
    expect(users.status).toBe(200);
    const again = await problem(await send({ secret: SECRET, account: account() }), 403);
    expect(again.detail).toMatch(/no longer works/);
    await vi.waitFor(async () => {
      const path = `/audit/logs?target=${user?.id}&target_type=user`;
      const answer = await call("GET", path, { token: await tokenOf("auditor", "admin") });
      const { results } = await answer.json<{ results: { action: string }[] }>();
      expect(results.map(({ action }) => action)).toEqual(["user.created"]);
    }, 10_000);
  });

  it("is made once, however many requests come at once", async () => {
    const answers = await Promise.all(Array.from({ length: 3 }, () => send({ secret: SECRET, account: account() })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403]);
    const count = await env.DB.prepare("SELECT count(*) AS n FROM users WHERE role = 'admin'").first("n");
    expect(count).toBe(1);
    const orphans = await env.DB.prepare(
      "SELECT count(*) AS n FROM accounts WHERE user_id NOT IN (SELECT id FROM users)",
    ).first("n");
    expect(orphans).toBe(0);
  });

  it("is not made with another secret, a weak one, or none", async () => {
    const body = { secret: `${SECRET}x`, account: account() };
    expect((await problem(await send(body), 401)).code).toBe("unauthenticated");
    expect((await problem(await send(body, deployed({})), 501)).code).toBe("not_enabled");
    const weak = deployed({ BOOTSTRAP_SECRET: "short" });
    expect((await problem(await send({ ...body, secret: "short" }, weak), 503)).code).toBe("unavailable");
    const guessed = { secret: SECRET, account: { ...account(), password: "passwordpassword" } };
    expect((await problem(await send(guessed), 400)).errors?.[0]?.path).toBe("account.password");
  });
});

describe("[fault 5] a restore into a deployment where nobody can sign in", () => {
  it("has a token for backups and for reads, which can change nothing else", async () => {
    const { restore_token } = await read(await send({ secret: SECRET }), 201, answerSchema);
    const token = restore_token ?? "";
    expect((await callWith(fresh, "GET", "/system/backups", { token })).status).toBe(200);
    expect((await callWith(fresh, "GET", "/courses", { token })).status).toBe(200);
    for (const [method, path, body] of [
      ["POST", "/users", { email: freshEmail(), name: "Eve", role: "admin" }],
      ["POST", "/keys", { name: "x", scopes: ["operate"], courses: "all" }],
      ["GET", "/users", undefined],
      ["POST", "/events/publish", {}],
    ] as const) {
      expect((await problem(await callWith(fresh, method, path, { token, body }), 403)).detail).toMatch(/restoring/);
    }
  });

  it("gets no such token once there is an administrator", async () => {
    await read(await send({ secret: SECRET, account: account() }), 201, answerSchema);
    expect((await problem(await send({ secret: SECRET }), 403)).code).toBe("forbidden");
  });
});

describe("a validation on staging", () => {
  const REHEARSAL = "qW3-rehearsal-0123456789-abcdefghij";
  const staging = deployed({ ENVIRONMENT: "staging", VALIDATION_SECRET: REHEARSAL });
  const signed = (sub: string) => mintAccessToken(REHEARSAL, { sub, role: "learner", session: null });

  it("signs tokens with its own secret, for its own users only", async () => {
    const look = async (bindings: Partial<Env>, token: string) =>
      (await callWith(bindings, "GET", "/courses", { token })).status;
    // First: an isolate remembers what it verified, and serves one deployment.
    const production = deployed({ VALIDATION_SECRET: REHEARSAL });
    expect(await look(production, await signed("validation-1"))).toBe(401);
    expect(await look(staging, await signed("validation-1"))).toBe(200);
    expect(await look(staging, await signed("ada"))).toBe(401);
    expect(await look(staging, await tokenOf("validation-1"))).toBe(401);
  });
});
