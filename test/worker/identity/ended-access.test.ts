import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import security from "../../../SECURITY.md?raw";
import { createApi } from "../../../src/api.ts";
import { SESSION_TTL_MS } from "../../../src/identity/session-check.ts";
import { epochSeconds } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { openWith, publish, StreamReader, titlesOf } from "../../support/worker/streams.ts";
import {
  accessSchema,
  call,
  PASSWORD,
  problem,
  read,
  request,
  signedInSchema,
  signIn,
  signUp,
  tokenOf,
  userSchema,
} from "./support.ts";
import { linkTo, withMail } from "./ways-support.ts";

// The table of SECURITY.md, row by row: whoever is an admin before the event is none after it, by any means of access
// that the row names.

const ISSUER = "https://id.example.org";
const JWKS = "https://id.example.org/jwks.json";
const NEW_PASSWORD = "quiet violet harbour 41";

interface Row {
  event: string;
  ends: string[];
  bounds: Record<"writes" | "reads" | "open streams", string>;
}

function rowsOf(text: string): Row[] {
  const table = text.split("## What ends access, and when")[1]?.split("\n## ")[0] ?? "";
  const lines = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| event"));
  return lines.map((line) => {
    const [event = "", ends = "", writes = "", reads = "", streams = ""] = line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    return { event, ends: ends.split(", "), bounds: { writes, reads, "open streams": streams } };
  });
}

/** An admin with an account, two sessions, and tokens of every kind. */
interface Subject {
  id: string;
  email: string;
  session_token: string;
  access: string;
  /** Access token of the other session. */
  elsewhere: string;
  session: string;
}

const head = () => tokenOf("head-of-all", "admin");

async function subject(role: Role = "admin"): Promise<Subject> {
  const other = await signUp();
  const { user } = other;
  await read(await call("PATCH", `/users/${user.id}`, { token: await head(), body: { role } }), 200, userSchema);
  const mine = await read(await signIn(user.email), 200, signedInSchema);
  const { sid } = decodeJwt(mine.access_token);
  return {
    id: user.id,
    email: user.email,
    session_token: mine.session_token,
    access: mine.access_token,
    elsewhere: other.access_token,
    session: String(sid),
  };
}

let signer: CryptoKey;
let api = createApi();

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  signer = pair.privateKey;
  const keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256", use: "sig" }] };
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json(keys));
});
afterEach(() => {
  vi.useRealTimers();
  api = createApi();
});

function providerToken(user: string, role: Role = "admin"): Promise<string> {
  const now = epochSeconds();
  return new SignJWT({ iss: ISSUER, aud: "courses", sub: user, role, iat: now, exp: now + 900 })
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .sign(signer);
}

/** The status a bearer token gets; with the other provider switched on. */
async function statusOf(method: string, path: string, token: string, body?: unknown): Promise<number> {
  const vars = { AUTH_JWKS_URL: JWKS, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: "courses" };
  const answer = await api.fetch(request(method, path, { token, body }), { ...env, ...vars }, createExecutionContext());
  await answer.arrayBuffer();
  return answer.status;
}

/** An admin's write that is refused for its form: 400 says that the admin was accepted. */
const write = (token: string) => statusOf("POST", "/events/publish", token, {});
const look = (token: string) => statusOf("GET", "/system/dead-letters", token);
const REFUSED = [401, 403];

const BEARERS: Record<string, (user: Subject) => Promise<string>> = {
  "access token": async ({ access }) => access,
  "token of another provider": ({ id }) => providerToken(id),
  "token of the command line": ({ id }) => tokenOf(id, "admin"),
};

async function bearersOf(user: Subject): Promise<[name: string, token: string][]> {
  const tokens: [string, string][] = [];
  for (const [name, tokenFor] of Object.entries(BEARERS)) tokens.push([name, await tokenFor(user)]);
  return tokens;
}

async function streamTokenOf({ access }: Subject): Promise<string> {
  const answer = await call("POST", "/auth/sse-token", { token: access });
  const { sse_token } = await answer.json<{ sse_token: string }>();
  return sse_token;
}

const TEXT = { "content-type": "text/plain", "content-length": "1" };

/** An address that takes one byte. */
async function uploadAddressOf({ access }: Subject): Promise<string> {
  const sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const body = { name: "x.txt", content_type: "text/plain", size: 1, sha256 };
  const answer = await call("POST", "/storage/files/upload-url", { token: access, body });
  return (await read(answer, 201, z.looseObject({ upload: z.looseObject({ url: z.string() }) }))).upload.url;
}

/** What the stream of a token brings of a broadcast to admins and one to everybody. */
async function broadcastsOf(sseToken: string): Promise<unknown[] | "refused"> {
  const answer = await openWith(sseToken);
  if (answer.status === 401) return "refused";
  const reader = new StreamReader(answer);
  await reader.expect("stream.opened");
  await announce(["admin"], "for admins");
  await announce(null, "for all");
  return titlesOf(await reader.until((frame) => titlesOf([frame])[0] === "for all"));
}

async function announce(roles: Role[] | null, title: string): Promise<void> {
  const to = { everyone: true, ...(roles === null ? {} : { roles }) };
  await publish([{ type: "system.notification", to, key: crypto.randomUUID(), data: { title } }]);
}

const LOWERED = "an admin lowers the role";

const EVENTS: Record<string, (user: Subject) => Promise<Response>> = {
  [LOWERED]: async ({ id }) => call("PATCH", `/users/${id}`, { token: await head(), body: { role: "learner" } }),
  "an admin bans the user": async ({ id }) =>
    call("PATCH", `/users/${id}`, { token: await head(), body: { ban: { reason: "left" } } }),
  "an admin ends the user's sessions": async ({ id }) =>
    call("DELETE", `/users/${id}/sessions`, { token: await head() }),
  "the user signs out": ({ session_token }) => call("POST", "/auth/sign-out", { body: { session_token } }),
  "the user ends this session from another": ({ session, elsewhere }) =>
    call("DELETE", `/auth/sessions/${session}`, { token: elsewhere }),
  "the user signs out everywhere": ({ elsewhere }) => call("DELETE", "/auth/sessions", { token: elsewhere }),
  "the user changes the password elsewhere": ({ elsewhere }) =>
    call("POST", "/auth/password", { token: elsewhere, body: { password: PASSWORD, new_password: NEW_PASSWORD } }),
  "the user sets a new password by a link": async ({ email }) => {
    await withMail("POST", "/auth/recovery", { body: { email } });
    const body = { token: await linkTo(email, "recover"), new_password: NEW_PASSWORD };
    return call("POST", "/auth/recovery/complete", { body });
  },
  "an admin resets the second factor": async ({ id }) =>
    call("DELETE", `/users/${id}/sign-in-ways`, { token: await head() }),
  "the user is erased": async ({ id }) => call("DELETE", `/users/${id}`, { token: await head() }),
};

async function happen(event: string, user: Subject): Promise<void> {
  const answer = await (EVENTS[event] ?? (() => Promise.reject(new Error(`no such event: ${event}`))))(user);
  if (answer.status >= 300) throw new Error(`${event}: ${answer.status} ${await answer.text()}`);
}

const rows = rowsOf(security);

it("the table in SECURITY.md names exactly the events that this file tests", () => {
  expect(rows.map(({ event }) => event).sort()).toEqual(Object.keys(EVENTS).sort());
  for (const { bounds } of rows)
    expect(bounds).toEqual({ writes: "at once", reads: "60 s", "open streams": "at once" });
  expect(SESSION_TTL_MS).toBe(60_000);
});

describe.each(rows)("[fault 2] [fault 3] after $event", ({ event, ends }) => {
  it("ended tokens cannot write from then on; streams end, and none is opened or renewed", async () => {
    const user = await subject();
    const tokens = await bearersOf(user);
    const lateToken = await streamTokenOf(user);
    const upload = await uploadAddressOf(user);
    const reader = new StreamReader(await openWith(await streamTokenOf(user)));
    await reader.expect("stream.opened");
    for (const [name, token] of tokens) expect([name, await write(token)]).toEqual([name, 400]);
    await happen(event, user);
    for (const [name, token] of tokens) {
      const status = await write(token);
      if (ends.includes(name)) expect([name, REFUSED.includes(status)]).toEqual([name, true]);
      else expect([name, status]).toEqual([name, 400]);
    }
    expect(ends).toEqual(expect.arrayContaining(["stream token", "open stream"]));
    await reader.expect(event === LOWERED ? "stream.closing" : "stream.evicted");
    expect(await reader.next()).toBeNull();
    expect(await broadcastsOf(lateToken)).toEqual(event === LOWERED ? ["for all"] : "refused");
    const uploaded = await exports.default.fetch(new Request(upload, { method: "PUT", body: "x", headers: TEXT }));
    if (ends.includes("upload address")) expect(uploaded.status).toBe(401);
    else expect(uploaded.status).toBe(201);
    const renewed = await call("POST", "/auth/token", { body: { session_token: user.session_token } });
    if (ends.includes("session token")) expect(REFUSED).toContain(renewed.status);
    else expect((await read(renewed, 200, accessSchema)).user.role).toBe("learner");
  });

  it("ended tokens cannot read after 60 s", async () => {
    const user = await subject();
    const tokens = await bearersOf(user);
    for (const [name, token] of tokens) expect([name, await look(token)]).toEqual([name, 200]);
    await happen(event, user);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + SESSION_TTL_MS });
    for (const [name, token] of tokens) {
      expect([name, REFUSED.includes(await look(token))]).toEqual([name, ends.includes(name)]);
    }
  });
});

it("[fault 2] a demoted admin cannot make rights permanent", async () => {
  const user = await subject();
  await happen(LOWERED, user);
  const body = { email: `${crypto.randomUUID()}@example.org`, name: "Eve", role: "admin" };
  expect((await problem(await call("POST", "/users", { token: user.access, body }), 403)).code).toBe("forbidden");
  const mine = await call("PATCH", `/users/${user.id}`, { token: user.access, body: { role: "admin" } });
  expect((await problem(mine, 403)).code).toBe("forbidden");
});

it("[fault 3] signing out everywhere else keeps the stream of the present session", async () => {
  const user = await subject();
  const kept = new StreamReader(await openWith(await streamTokenOf({ ...user, access: user.elsewhere })));
  const other = new StreamReader(await openWith(await streamTokenOf(user)));
  for (const reader of [kept, other]) await reader.expect("stream.opened");
  const answer = await call("DELETE", "/auth/sessions?keep_current=true", { token: user.elsewhere });
  expect(answer.status).toBe(200);
  await other.expect("stream.evicted");
  await announce(null, "still here");
  expect(titlesOf([await kept.expect("system.notification")])).toEqual(["still here"]);
});

it("[I9] no user gets the id of a key or of a restore, from an admin or another provider", async () => {
  for (const id of ["key_0123456789ab", "bootstrap"]) {
    const body = { id, email: `${crypto.randomUUID()}@example.org`, name: "K", role: "learner" };
    const refused = await problem(await call("POST", "/users", { token: await head(), body }), 400);
    expect(refused.errors?.[0]?.path).toBe("id");
    expect(await look(await providerToken(id))).toBe(401);
  }
});

it("[fault 2] a higher role works with the earlier token, without signing in again", async () => {
  const user = await subject("learner");
  expect(await write(user.access)).toBe(403);
  await read(
    await call("PATCH", `/users/${user.id}`, { token: await head(), body: { role: "admin" } }),
    200,
    userSchema,
  );
  expect([await write(user.access), await look(user.access)]).toEqual([400, 200]);
});

it("[fault 2] the token of another provider never has more rights than the account here", async () => {
  const id = `p${crypto.randomUUID().slice(0, 8)}`;
  expect(await write(await providerToken(id))).toBe(400);
  const body = { id, email: `${id}@example.org`, name: "P", role: "learner" };
  await read(await call("POST", "/users", { token: await head(), body }), 201, userSchema);
  expect(await write(await providerToken(id))).toBe(403);
});
