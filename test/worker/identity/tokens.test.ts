import { env } from "cloudflare:workers";
import { generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { TokenCache } from "../../../src/identity/token-cache.ts";
import { epochSeconds, mintAccessToken, verifyAccessToken } from "../../../src/identity/tokens.ts";
import { deriveKey } from "../../../src/platform/secrets.ts";
import { call, d1Queries, problem, tokenOf } from "./support.ts";

const CLAIMS = { role: "learner", iss: "latchkey", aud: "latchkey-api", sub: "ada" };
const HEADER = { alg: "HS256", typ: "at+jwt" };
type Claims = Record<string, unknown>;

let key: Uint8Array;
beforeAll(async () => {
  key = await deriveKey(env.AUTH_SECRET, "access-token");
});

/** Like a genuine token, except for what is given; undefined takes a claim away. */
function forge(claims: Claims = {}, header: Partial<typeof HEADER> = {}, signer: Uint8Array | CryptoKey = key) {
  const now = epochSeconds();
  return new SignJWT({ ...CLAIMS, iat: now, exp: now + 900, ...claims })
    .setProtectedHeader({ ...HEADER, ...header })
    .sign(signer);
}

function encode(value: unknown): string {
  return new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
}

const knock = (token: string) => call("GET", "/auth/sessions", { token });

describe("a token that the Worker accepts", () => {
  it("is like one from the command line, for every role", async () => {
    for (const role of ["learner", "author", "service", "admin"] as const) {
      const claims = { sub: "ada", role, session: null, lifetimeSeconds: 86_400 };
      expect((await knock(await mintAccessToken(env.AUTH_SECRET, claims))).status).toBe(200);
    }
  });

  it("is verified without a D1 query, the first time and from the cache", async () => {
    const token = await tokenOf("ada");
    for (let time = 1; time <= 2; time += 1) {
      // 403 needs a verified user and role; the route reads the database only after that.
      const answer = await call("GET", "/users/somebody-else", { token });
      expect(d1Queries(answer)).toBe(0);
      expect((await problem(answer, 403)).code).toBe("forbidden");
    }
  });

  it("may differ from this clock by at most five seconds", async () => {
    const now = epochSeconds();
    const claims = { sub: "ada", role: "learner", session: null, issuedAt: 0 } as const;
    const token = await mintAccessToken(env.AUTH_SECRET, { ...claims, lifetimeSeconds: 60 }, now);
    const at = async (seconds: number) => (await verifyAccessToken(env.AUTH_SECRET, token, now + seconds)).ok;
    expect([await at(-6), await at(-5), await at(64), await at(65)]).toEqual([false, true, true, false]);
  });

  it("is never made for an id that could not be verified", async () => {
    const claims = { sub: "a/b", role: "admin", session: null, issuedAt: 0 } as const;
    await expect(mintAccessToken(env.AUTH_SECRET, claims)).rejects.toThrow(RangeError);
  });
});

describe("[I8] the Worker refuses a token", () => {
  const now = epochSeconds();
  const refused: Record<string, () => Promise<string>> = {
    "signed with another key": () => forge({}, {}, crypto.getRandomValues(new Uint8Array(32))),
    "signed with the secret itself": () => forge({}, {}, new TextEncoder().encode(env.AUTH_SECRET)),
    "signed with the key of another purpose": async () => forge({}, {}, await deriveKey(env.AUTH_SECRET, "cursor")),
    "signed with HS512 and the right key": () => forge({}, { alg: "HS512" }),
    "signed with RS256": async () => forge({}, { alg: "RS256" }, (await generateKeyPair("RS256")).privateKey),
    "unsigned (alg none)": async () =>
      `${encode({ ...HEADER, alg: "none" })}.${encode({ ...CLAIMS, role: "admin", iat: now, exp: now + 900 })}.`,
    "unsigned under a header that says HS256": async () =>
      `${encode(HEADER)}.${encode({ ...CLAIMS, iat: now, exp: now + 900 })}.`,
    "with its role lifted after signing": async () => {
      const [header, , signature] = (await forge()).split(".");
      return `${header}.${encode({ ...CLAIMS, role: "admin", iat: now, exp: now + 900 })}.${signature}`;
    },
    "of another type": () => forge({}, { typ: "JWT" }),
    "for another audience": () => forge({ aud: "another-api" }),
    "from another issuer": () => forge({ iss: "https://evil.example" }),
    "from no issuer": () => forge({ iss: undefined }),
    "without a subject": () => forge({ sub: undefined }),
    "with a subject that is no user id": () => forge({ sub: "ada admin" }),
    "without a role": () => forge({ role: undefined }),
    "with a role that does not exist": () => forge({ role: "root" }),
    "with a list of roles": () => forge({ role: ["learner", "admin"] }),
    "without an expiry": () => forge({ exp: undefined }),
    "not valid yet": () => forge({ nbf: epochSeconds() + 60 }),
    "issued in the future": () => forge({ iat: epochSeconds() + 60 }),
    "longer than any real one": () => forge({ padding: "x".repeat(5_000) }),
    "that is no JWT": async () => "abc.def.ghi",
  };

  it.each(Object.entries(refused))("%s", async (_, make) => {
    const answer = await knock(await make());
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(await problem(answer, 401)).toMatchObject({
      code: "unauthenticated",
      detail: "The bearer token is not valid.",
    });
  });

  it("that has expired, and says so", async () => {
    const token = await forge({ iat: epochSeconds() - 1_000, exp: epochSeconds() - 10 });
    expect((await problem(await knock(token), 401)).detail).toBe("The bearer token has expired.");
  });

  it("that is expired and forged, and does not say that it expired", async () => {
    const token = await forge({ exp: epochSeconds() - 10 }, {}, crypto.getRandomValues(new Uint8Array(32)));
    expect((await problem(await knock(token), 401)).detail).toBe("The bearer token is not valid.");
  });

  it("in a header that is not a bearer header", async () => {
    const token = await tokenOf("ada");
    for (const authorization of [token, `Basic ${token}`, `Bearer ${token} ${token}`, "Bearer", `Bearer "${token}"`]) {
      const answer = await call("GET", "/auth/sessions", { headers: { authorization } });
      expect((await problem(answer, 401)).code).toBe("unauthenticated");
    }
    expect((await call("GET", "/auth/sessions", { headers: { authorization: `bearer ${token}` } })).status).toBe(200);
  });

  it("on the routes of admins, whatever the body of the token says", async () => {
    const body = { email: "eve@example.org", name: "Eve", role: "admin" };
    for (const role of ["learner", "author", "service"] as const) {
      const answer = await call("POST", "/users", { token: await tokenOf("eve", role), body });
      expect((await problem(answer, 403)).code).toBe("forbidden");
    }
    expect((await problem(await call("POST", "/users", { body }), 401)).code).toBe("unauthenticated");
  });

  it("without keeping its owner from signing in", async () => {
    const answer = await call("POST", "/auth/token", { token: "worn-out", body: { session_token: "x" } });
    expect((await problem(answer, 401)).detail).toBe("The session has ended. Sign in again.");
  });
});

describe("the cache of verified tokens", () => {
  const verified = (expiresAt: number) =>
    ({ sub: "ada", role: "learner", session: null, issuedAt: 0, expiresAt }) as const;

  it("forgets a token at its end, after five minutes, and under another secret", () => {
    const cache = new TokenCache();
    const [s1, s2] = [["s1"] as const, ["s2"] as const];
    cache.set(s1, "short", verified(1_010), 1_000);
    cache.set(s1, "long", verified(9_999), 1_000);
    expect([cache.get(s1, "short", 1_009) !== null, cache.get(s1, "short", 1_010)]).toEqual([true, null]);
    expect([cache.get(s1, "long", 1_299) !== null, cache.get(s1, "long", 1_300)]).toEqual([true, null]);
    cache.set(s1, "again", verified(9_999), 1_000);
    expect(cache.get(s2, "again", 1_001)).toBeNull();
    expect(cache.get(s1, "again", 1_001)).toBeNull();
  });

  it("stays within its limit and drops the least recently used tokens", () => {
    const cache = new TokenCache();
    const s = ["s"] as const;
    cache.set(s, "used", verified(9_999), 1_000);
    for (let index = 0; index < 5_000; index += 1) {
      cache.set(s, `token-${index}`, verified(9_999), 1_000);
      cache.get(s, "used", 1_000);
    }
    expect(cache.size).toBe(2_000);
    expect(cache.get(s, "used", 1_000)).not.toBeNull();
    expect(cache.get(s, "token-0", 1_000)).toBeNull();
  });
});
