import { describe, expect, expectTypeOf, it } from "vitest";
import { memoryStorage, type Rule, Session } from "../../../src/client/index.ts";
import type { Rule as CheckedRule } from "../../../src/unlock/index.ts";

const user = { id: "ada", name: "Ada", email: "ada@example.org", role: "learner" };

/** A server of sessions: each exchange gives the next token. */
function server() {
  let tokens = 0;
  const calls: string[] = [];
  const state = { isOver: false, isDead: false };
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const path = new URL(String(input)).pathname.replace("/api/v1/auth/", "");
    calls.push(path);
    if (state.isDead) throw new TypeError("no network");
    const said = JSON.parse(String(init?.body));
    const isRefused = path === "sign-in" ? said.password !== "right" : path === "token" && state.isOver;
    if (isRefused) {
      const problem = { type: "x", title: "No", status: 401, code: "invalid_credentials", request_id: "r" };
      return Response.json(problem, { status: 401, headers: { "content-type": "application/problem+json" } });
    }
    if (path === "sign-out") return new Response(null, { status: 204 });
    tokens += 1;
    const access = { access_token: `access-${tokens}`, token_type: "Bearer", expires_in: 900, user };
    return Response.json(path === "sign-in" ? { ...access, session_token: "session" } : access);
  };
  return { fetch, calls, state };
}

function begin(storage = memoryStorage()) {
  const { fetch, calls, state } = server();
  const clock = { now: 1_000_000 };
  const session = new Session({ baseUrl: "https://api.example.org", storage, fetch, now: () => clock.now });
  return { session, calls, state, clock, storage };
}

describe("a session of the client", () => {
  it("signs in, returns valid tokens, and renews a token once for all callers", async () => {
    const { session, calls, clock } = begin();
    expect([session.user(), await session.getToken()]).toEqual([null, null]);
    let told = 0;
    session.subscribe(() => (told += 1));
    expect(await session.signIn("ada@example.org", "right")).toMatchObject({ ok: true, value: { id: "ada" } });
    expect([session.user()?.id, await session.getToken(), told]).toEqual(["ada", "access-1", 1]);
    clock.now += 860_000;
    expect(await Promise.all([session.getToken(), session.getToken()])).toEqual(["access-2", "access-2"]);
    expect(await session.getToken({ refresh: true })).toBe("access-3");
    expect(calls).toEqual(["sign-in", "token", "token"]);
  });

  it("says why a sign-in is refused, and then nobody is signed in", async () => {
    const { session } = begin();
    expect(await session.signIn("ada@example.org", "wrong")).toMatchObject({
      ok: false,
      problem: { code: "invalid_credentials" },
    });
    expect(session.user()).toBeNull();
  });

  it("survives a reload, and ends with the sign-out", async () => {
    const storage = memoryStorage();
    await begin(storage).session.signIn("ada@example.org", "right");
    const again = begin(storage);
    expect([again.session.user()?.id, await again.session.getToken()]).toEqual(["ada", "access-1"]);
    await again.session.signOut();
    expect([again.session.user(), await again.session.getToken(), begin(storage).session.user()]).toEqual([
      null,
      null,
      null,
    ]);
    expect(again.calls).toEqual(["token", "sign-out"]);
  });

  it("ends when the server refuses it, but not when the server does not answer", async () => {
    const { session, state } = begin();
    await session.signIn("ada@example.org", "right");
    state.isDead = true;
    expect([await session.getToken({ refresh: true }), session.user()?.id]).toEqual([null, "ada"]);
    Object.assign(state, { isDead: false, isOver: true });
    expect([await session.getToken({ refresh: true }), session.user()]).toEqual([null, null]);
  }, 30_000);
});

describe("rules of the client", () => {
  it("have the type that the server checks, and a misspelt operator does not compile", () => {
    expectTypeOf<Rule>().toExtend<CheckedRule>();
    expectTypeOf<CheckedRule>().toExtend<Rule>();
    const rule: Rule = { all: [{ completed: "a.b" }, { score: { item: "a.c", min: 70 } }] };
    // @ts-expect-error: there is no such operator.
    const misspelt: Rule = { complted: "a.b" };
    // @ts-expect-error: a score has no such bound.
    const bound: Rule = { score: { item: "a.c", minimum: 70 } };
    expect([rule, misspelt, bound]).toHaveLength(3);
  });
});
