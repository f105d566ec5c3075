import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { countedDatabase } from "../../../src/bindings.ts";
import { pruneIdentity } from "../../../src/identity/index.ts";
import type { Role } from "../../../src/shared/roles.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, freshEmail, problem, signIn, signUp, tokenOf } from "./support.ts";

/** SIGN_IN_LIMIT of wrangler.toml. Its window may end in the middle of a test, so twice as many must be enough. */
const LIMIT = 10;

/** Calls until the limit answers; returns how many calls passed. */
async function callsUntilLimited(attempt: () => Promise<Response>): Promise<number> {
  for (let passed = 0; passed <= 2 * LIMIT; passed += 1) {
    const answer = await attempt();
    if (answer.status !== 429) continue;
    expect(answer.headers.get("retry-after")).toBe("60");
    expect((await problem(answer, 429)).code).toBe("rate_limited");
    return passed;
  }
  throw new Error("no limit was reached");
}

it("limits signing in and registering per address, also for a caller who has tokens", async () => {
  const from = "203.0.113.7";
  // An invalid body is counted too and costs no hash.
  const passed = await callsUntilLimited(async () =>
    call("POST", "/auth/sign-in", { from, body: {}, token: await tokenOf(crypto.randomUUID()) }),
  );
  expect(passed).toBeGreaterThanOrEqual(LIMIT);
  expect((await call("POST", "/auth/sign-up", { from, body: {} })).status).toBe(429);
  expect((await call("POST", "/auth/sign-in", { body: {} })).status).toBe(400);
});

it("limits signing in per e-mail address, from wherever, however it is spelled", async () => {
  const email = freshEmail();
  let turn = 0;
  const passed = await callsUntilLimited(() => {
    turn += 1;
    return signIn(turn % 2 === 0 ? email : email.toUpperCase(), "wrong horse battery");
  });
  expect(passed).toBeGreaterThanOrEqual(LIMIT);
  expect((await signIn(freshEmail())).status).toBe(401);
});

it("limits reads per user, asks nobody about those who make few, and leaves services alone", async () => {
  const keys: string[] = [];
  const READ_LIMIT: RateLimit = {
    limit: async ({ key }) => {
      keys.push(key);
      return { success: false };
    },
  };
  const bindings: Partial<Env> = { READ_LIMIT };
  Reflect.set(bindings, "READ_ALLOWANCE", "3");
  const [ada, bob] = [`ada-${crypto.randomUUID()}`, `bob-${crypto.randomUUID()}`];
  const read = async (user: string, role: Role = "learner") =>
    callWith(bindings, "GET", "/courses", { token: await tokenOf(user, role) });
  for (let time = 1; time <= 3; time += 1) expect((await read(ada)).status).toBe(200);
  expect(keys).toEqual([]);
  const limited = await read(ada);
  expect(limited.headers.get("retry-after")).toBe("60");
  expect((await problem(limited, 429)).code).toBe("rate_limited");
  expect(keys).toEqual([`read:${ada}`]);
  expect((await read(bob)).status).toBe(200);
  for (let time = 1; time <= 5; time += 1) expect((await read("grader", "service")).status).toBe(200);
  expect(keys).toHaveLength(1);
});

it("prunes what has expired, by index, and nothing else", async () => {
  const { user } = await signUp();
  await signIn(user.email);
  await env.DB.prepare("UPDATE sessions SET expires_at = 1 WHERE id = (SELECT min(id) FROM sessions WHERE user_id = ?)")
    .bind(user.id)
    .run();
  const insert = env.DB.prepare("INSERT INTO verifications VALUES (?, 'x', 'y', ?, 0, 0)");
  await env.DB.batch([insert.bind("old", 1), insert.bind("new", Date.now() + 60_000)]);
  const db = countedDatabase(env.DB, { count: 0 });
  expect(await pruneIdentity(db, new Date())).toEqual({ sessions: 1, verifications: 1 });
  expect(await pruneIdentity(db, new Date())).toEqual({ sessions: 0, verifications: 0 });
  const left = await env.DB.prepare("SELECT count(*) AS n FROM sessions WHERE user_id = ?").bind(user.id).first("n");
  expect(left).toBe(1);
});

it("finds every row of this room through an index", async () => {
  for (const query of [
    "SELECT * FROM users LEFT JOIN accounts ON accounts.user_id = users.id AND accounts.provider_id = 'x' WHERE users.email = 'x'",
    "SELECT * FROM users WHERE id = 'x'",
    "SELECT * FROM sessions WHERE token = 'x'",
    "DELETE FROM sessions WHERE user_id = 'x'",
    "SELECT * FROM sessions WHERE user_id = 'x' AND id > 'y' AND expires_at > 1 ORDER BY id LIMIT 51",
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= 1 LIMIT 5000)",
    "DELETE FROM verifications WHERE id IN (SELECT id FROM verifications WHERE expires_at <= 1 LIMIT 5000)",
  ]) {
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`).all<{ detail: string }>();
    const steps = plan.results.map((step) => step.detail);
    expect(steps.filter((step) => step.startsWith("SCAN") || step.includes("TEMP B-TREE"))).toEqual([]);
  }
});
