import { env } from "cloudflare:workers";
import { scrypt } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import {
  ALL_STRANGERS,
  Attempts,
  KNOWN_TRIES,
  LATE_MS,
  STRANGER_TRIES,
  WINDOW_MS,
} from "../../../src/identity/attempts.ts";
import { HashLine } from "../../../src/identity/hash-line.ts";
import { pruneIdentity } from "../../../src/identity/index.ts";
import { callRevocations } from "../../../src/identity/revocations-stub.ts";
import { countedDatabase } from "../../../src/platform/database/counted.ts";
import { networkOf } from "../../../src/platform/http/network.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { callWith } from "../../support/worker/faults.ts";
import {
  call,
  freshEmail,
  PASSWORD,
  problem,
  read,
  register,
  signedInSchema,
  signIn,
  signUp,
  tokenOf,
} from "./support.ts";

/** SIGN_IN_LIMIT of wrangler.toml. Its window may end in the middle of a test, so twice as many must be enough. */
const LIMIT = 10;

/** Calls until the limit answers; returns how many calls passed. */
async function callsUntilLimited(attempt: () => Promise<Response>): Promise<number> {
  for (let passed = 0; passed <= 2 * LIMIT; passed += 1) {
    const answer = await attempt();
    if (answer.status !== 429) continue;
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await problem(answer, 429)).code).toBe("rate_limited");
    return passed;
  }
  throw new Error("no limit was reached");
}

it("registering is limited by address, also for a caller with tokens", async () => {
  const from = "203.0.113.7";
  // An invalid body is counted too and costs no hash.
  const passed = await callsUntilLimited(async () =>
    call("POST", "/auth/sign-up", { from, body: {}, token: await tokenOf(crypto.randomUUID()) }),
  );
  expect(passed).toBeGreaterThanOrEqual(LIMIT);
  expect((await call("POST", "/auth/sign-up", { body: {} })).status).toBe(400);
});

it("guessing at many accounts from one network is limited, whatever address of the network is used", async () => {
  let host = 0;
  const passed = await callsUntilLimited(() => {
    host += 1;
    return signIn(freshEmail(), "wrong horse battery", { from: `2001:db8:7:1::${host.toString(16)}` });
  });
  expect(passed).toBeGreaterThanOrEqual(LIMIT);
  expect((await signIn(freshEmail(), PASSWORD, { from: "2001:db8:7:2::1" })).status).toBe(401);
});

it("guessing at one account from one network is limited, however the address is spelled", async () => {
  const { user } = await signUp();
  let turn = 0;
  const codes: number[] = [];
  for (; turn < STRANGER_TRIES + 2; turn += 1) {
    const email = turn % 2 === 0 ? user.email : user.email.toUpperCase();
    codes.push((await signIn(email, "wrong horse battery", { from: "198.51.100.9" })).status);
  }
  expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429]);
});

it("[fault 9] eleven wrong tries in a minute, from other networks, do not lock the owner out", async () => {
  const home = { from: "192.0.2.45" };
  const email = freshEmail();
  await register(email, PASSWORD, home);
  for (let guess = 0; guess < 11; guess += 1) {
    expect((await signIn(email, "wrong horse battery", { from: `100.64.9.${guess}` })).status).toBe(401);
  }
  expect((await signIn(email, PASSWORD, home)).status).toBe(200);
}, 60_000);

describe("[fault 9] in a flood of wrong tries from everywhere", () => {
  /** What a sign-in does before it hashes, from as many networks: hashing for each would take a minute. */
  const flood = async (user: string) => {
    for (let guess = 0; guess < ALL_STRANGERS; guess += 1)
      await callRevocations(env, user, (stub) => stub.admitTry(`n${guess}`));
  };

  it("the owner signs in from where they did before, and from somewhere new too", async () => {
    const home = { from: "192.0.2.44" };
    const email = freshEmail();
    await register(email, PASSWORD, home);
    const { user } = await read(await signIn(email, PASSWORD, home), 200, signedInSchema);
    await flood(user.id);
    expect((await signIn(email, PASSWORD, home)).status).toBe(200);
    expect((await signIn(email, PASSWORD, { from: "192.0.2.200" })).status).toBe(200);
    // Who guesses on from a network of the flood waits.
    expect((await signIn(email, "wrong horse battery", { from: "192.0.2.201" })).status).toBe(401);
    expect((await signIn(email, "wrong horse battery", { from: "192.0.2.201" })).status).toBe(429);
  }, 60_000);
});

describe("attempts to sign in to one account", () => {
  it("never use up the limit of a network that its owner used before", () => {
    const attempts = new Attempts();
    for (let guess = 0; guess < 10_000; guess += 1) attempts.admit(`n${guess}`, false, 0);
    for (let own = 0; own < KNOWN_TRIES; own += 1) expect(attempts.admit("home", true, 0).admitted).toBe(true);
    expect(attempts.admit("home", true, 0)).toEqual({ admitted: false, retry_after: 60 });
    expect(attempts.admit("home", true, WINDOW_MS).admitted).toBe(true);
  });

  it("from a new network are limited to a few a minute, and to one delayed attempt while there are very many", () => {
    const attempts = new Attempts();
    const admitted = Array.from({ length: STRANGER_TRIES + 1 }, () => attempts.admit("cafe", false, 0).admitted);
    expect(admitted).toEqual([true, true, true, true, true, false]);
    for (let guess = 0; guess < ALL_STRANGERS; guess += 1) attempts.admit(`n${guess}`, false, 0);
    expect(attempts.admit("airport", false, 0)).toEqual({ admitted: true, late_ms: LATE_MS });
    expect(attempts.admit("airport", false, 0).admitted).toBe(false);
  });

  it("are counted by network: an IPv4 address, or the first half of an IPv6 address", () => {
    const same = ["2001:db8:0:1::1", "2001:0DB8::1:0:0:0:2", "2001:db8:0:1:ffff:ffff:ffff:ffff"].map(networkOf);
    expect(new Set(same)).toEqual(new Set(["2001:db8:0:1::/64"]));
    expect(networkOf("203.0.113.7")).toBe("203.0.113.7");
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
  });
});

describe("[fault 9] the hashing of passwords", () => {
  it("does not stop reads: five reads, one after the other, are answered before a quarter of 20 sign-ins", async () => {
    const token = await tokenOf("reader");
    await call("GET", "/events/preferences", { token });
    let done = 0;
    const signIns = Array.from({ length: 20 }, () =>
      signIn(freshEmail()).then(({ status }) => {
        if (status === 401) done += 1;
        return status;
      }),
    );
    for (let count = 0; count < 5; count += 1) {
      expect((await call("GET", "/events/preferences", { token })).status).toBe(200);
    }
    expect(done).toBeLessThan(5);
    const codes = await Promise.all(signIns);
    expect(codes.every((code) => code === 401 || code === 503)).toBe(true);
    expect(codes.filter((code) => code === 401).length).toBeGreaterThan(10);
  }, 60_000);

  it("runs one at a time; known networks come first; a full queue answers when to try again", async () => {
    const line = new HashLine();
    const first = await line.enter(false);
    const order: string[] = [];
    const waiting = Array.from({ length: 20 }, async (_, at) => {
      const turn = await line.enter(at >= 16 && at < 18);
      if (!turn.ok) return order.push(turn.refusal.code);
      order.push(at >= 16 && at < 18 ? "known" : "stranger");
      turn.value.end();
      return undefined;
    });
    await vi.waitFor(() => expect(order).toEqual(["unavailable", "unavailable"]), 10_000);
    if (first.ok) first.value.end();
    await Promise.all(waiting);
    expect(order.slice(2)).toEqual(["known", "known", ...Array.from({ length: 16 }, () => "stranger")]);
  });

  it("continues when a client that waited has disconnected", async () => {
    const line = new HashLine();
    await line.enter(false); // never ends
    const next = await line.enter(false);
    expect(next.ok).toBe(true);
  });

  it("accepts a hash of an older kind, and replaces it at the next sign-in", async () => {
    const { user } = await signUp();
    const old = await oldHash(PASSWORD);
    await env.DB.prepare("UPDATE accounts SET password = ? WHERE user_id = ?").bind(old, user.id).run();
    expect((await signIn(user.email, "wrong horse battery")).status).toBe(401);
    expect((await signIn(user.email)).status).toBe(200);
    await vi.waitFor(async () => {
      const stored = await env.DB.prepare("SELECT password FROM accounts WHERE user_id = ?")
        .bind(user.id)
        .first("password");
      expect(stored).toMatch(/,t=5\$/);
    }, 10_000);
    expect((await signIn(user.email)).status).toBe(200);
  });
});

/** A hash as the release before made it: in one piece. */
async function oldHash(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const key = await new Promise<Uint8Array>((resolve, reject) => {
    scrypt(password, salt, 32, { N: 2 ** 14, r: 8, p: 5, maxmem: 2 ** 26 }, (fault, made) =>
      fault instanceof Error ? reject(fault) : resolve(made),
    );
  });
  const encode = (bytes: Uint8Array) => new Uint8Array(bytes).toBase64({ omitPadding: true });
  return `$scrypt$ln=14,r=8,p=5$${encode(salt)}$${encode(key)}`;
}

it("reads are limited by user, without a question for users who make few, and services have no such limit", async () => {
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
  const readAs = async (user: string, role: Role = "learner") =>
    callWith(bindings, "GET", "/courses", { token: await tokenOf(user, role) });
  for (let time = 1; time <= 3; time += 1) expect((await readAs(ada)).status).toBe(200);
  expect(keys).toEqual([]);
  const limited = await readAs(ada);
  expect(limited.headers.get("retry-after")).toBe("60");
  expect((await problem(limited, 429)).code).toBe("rate_limited");
  expect(keys).toEqual([`read:${ada}`]);
  expect((await readAs(bob)).status).toBe(200);
  for (let time = 1; time <= 5; time += 1) expect((await readAs("grader", "service")).status).toBe(200);
  expect(keys).toHaveLength(1);
});

it("the clean-up removes expired rows by an index, and nothing else", async () => {
  const { user } = await signUp();
  await signIn(user.email);
  await env.DB.prepare("UPDATE sessions SET expires_at = 1 WHERE id = (SELECT min(id) FROM sessions WHERE user_id = ?)")
    .bind(user.id)
    .run();
  const insert = env.DB.prepare("INSERT INTO verifications VALUES (?, 'x', 'y', ?, 0, 0)");
  await env.DB.batch([insert.bind("old", 1), insert.bind("new", Date.now() + 60_000)]);
  const db = countedDatabase(env.DB, { count: 0 });
  expect(await pruneIdentity(db, new Date())).toEqual({ sessions: 1, verifications: 1, keys: 0, trusted_devices: 0 });
  expect(await pruneIdentity(db, new Date())).toEqual({ sessions: 0, verifications: 0, keys: 0, trusted_devices: 0 });
  const left = await env.DB.prepare("SELECT count(*) AS n FROM sessions WHERE user_id = ?").bind(user.id).first("n");
  expect(left).toBe(1);
});

it("every row of this room is found by an index", async () => {
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
