import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createApi } from "../../../src/api.ts";
import { epochSeconds } from "../../../src/identity/tokens.ts";
import { problem, request, tokenOf } from "./support.ts";

const ISSUER = "https://id.example.org";
const AUDIENCE = "courses";

let signer: CryptoKey;
let publicPem: string;
let keys: { keys: object[] };
let fetched = 0;

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  signer = pair.privateKey;
  publicPem = await exportSPKI(pair.publicKey);
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256", use: "sig" }] };
});
afterEach(() => vi.restoreAllMocks());

/** Answers the Worker's request for the provider's keys. Each test has its own address: key sets are kept by it. */
function provider(answer: () => Response) {
  const url = `https://id.example.org/${crypto.randomUUID()}/jwks.json`;
  fetched = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const asked = input instanceof Request ? input.url : String(input);
    if (asked !== url) throw new Error(`unexpected request: ${asked}`);
    fetched += 1;
    return answer();
  });
  return { AUTH_JWKS_URL: url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
}

const healthy = () => provider(() => Response.json(keys));

function sign(
  claims: Record<string, unknown> = {},
  header: Record<string, string> = {},
  key: CryptoKey | Uint8Array = signer,
) {
  const now = epochSeconds();
  return new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: "ada", role: "author", iat: now, exp: now + 60, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "k1", ...header })
    .sign(key);
}

/** The Worker's app, deployed with these variables besides the usual ones. */
async function knock(vars: Record<string, string>, token: string) {
  const api = createApi();
  return await api.fetch(request("GET", "/auth/sessions", { token }), { ...env, ...vars }, createExecutionContext());
}

describe("another identity provider", () => {
  it("names its users; its keys are fetched once; Latchkey's own tokens stay valid", async () => {
    const vars = healthy();
    expect((await knock(vars, await sign())).status).toBe(200);
    expect((await knock(vars, await sign({ sub: "grace" }))).status).toBe(200);
    expect(fetched).toBe(1);
    expect((await knock(vars, await tokenOf("ada"))).status).toBe(200);
  });

  it.each<[string, () => Promise<string>]>([
    ["for another audience", () => sign({ aud: "latchkey-api" })],
    ["of an issuer nobody configured", () => sign({ iss: "https://evil.example" })],
    ["claiming to be one of ours", () => sign({ iss: "latchkey", aud: "latchkey-api" }, { typ: "at+jwt" })],
    ["with a role that does not exist", () => sign({ role: "superuser" })],
    ["without a role", () => sign({ role: undefined })],
    ["with a subject that is no user id", () => sign({ sub: "auth0|ada" })],
    ["without an expiry", () => sign({ exp: undefined })],
    ["signed with a key it does not publish", async () => sign({}, {}, (await generateKeyPair("ES256")).privateKey)],
    ["naming a key it does not publish", () => sign({}, { kid: "k2" })],
    ["HMAC-signed with its public key", () => sign({}, { alg: "HS256" }, new TextEncoder().encode(publicPem))],
  ])("[I8] has a token that is refused: %s", async (_, make) => {
    const refused = await problem(await knock(healthy(), await make()), 401);
    expect(refused).toMatchObject({ code: "unauthenticated", detail: "The bearer token is not valid." });
  });

  it("answers 503, not 401, while its keys cannot be fetched", async () => {
    const vars = provider(() => new Response("down", { status: 500 }));
    const answer = await knock(vars, await sign());
    expect(answer.headers.get("retry-after")).toBe("5");
    expect((await problem(answer, 503)).code).toBe("unavailable");
    expect((await knock(vars, await tokenOf("ada"))).status).toBe(200);
  });

  it("is off without configuration, and an incomplete configuration is an error", async () => {
    const vars = healthy();
    expect((await problem(await knock({}, await sign()), 401)).code).toBe("unauthenticated");
    for (const broken of [
      { AUTH_ISSUER: ISSUER },
      { ...vars, AUTH_AUDIENCE: "" },
      { ...vars, AUTH_JWKS_URL: "http://id.example.org/jwks.json" },
      { ...vars, AUTH_ISSUER: "latchkey" },
    ]) {
      expect((await problem(await knock(broken, await sign()), 500)).code).toBe("internal");
    }
    expect(fetched).toBe(0);
  });
});
