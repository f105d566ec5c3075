import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { vi } from "vitest";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";
import { type Call, read, request, tokenOf } from "../../support/worker/http.ts";

// A provider that answers as a test wants it to: also in ways that no honest one does.

export const CLIENT = "latchkey-client";

type Claims = Record<string, unknown>;

export interface FakeProvider {
  issuer: string;
  /** What its ID tokens say beside issuer, audience, nonce and times. */
  claims: Claims;
  userinfo: Claims;
  /** Makes the ID token of a nonce; by default an honest one. */
  idToken: (nonce: string) => Promise<string>;
  sign: (claims: Claims, kid?: string) => Promise<string>;
  rotate: () => Promise<void>;
  metadata: Claims;
  /** Requests to each path. */
  asked: Map<string, number>;
  tokenStatus: number;
  /** The form that was sent to the token endpoint last. */
  form: URLSearchParams;
  isDown: boolean;
}

const providers = new Map<string, (path: string, request: Request) => Promise<Response>>();

/** Answers the Worker's requests to every provider made here. */
function answerProviders() {
  return vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const sent = new Request(input, init);
    const { origin, pathname } = new URL(sent.url);
    const answer = providers.get(origin);
    if (answer === undefined) throw new Error(`unexpected request: ${sent.url}`);
    return answer(pathname, sent);
  });
}

export async function fakeProvider(): Promise<FakeProvider> {
  const issuer = `https://id-${crypto.randomUUID()}.example.org`;
  let at = 0;
  let signer: CryptoKey;
  let keys: JWK[] = [];
  const fake: FakeProvider = {
    issuer,
    claims: {},
    userinfo: {},
    metadata: { authorization_response_iss_parameter_supported: true },
    asked: new Map(),
    tokenStatus: 200,
    form: new URLSearchParams(),
    isDown: false,
    async rotate() {
      at += 1;
      const pair = await generateKeyPair("ES256", { extractable: true });
      signer = pair.privateKey;
      keys = [...keys, { ...(await exportJWK(pair.publicKey)), kid: `k${at}`, alg: "ES256", use: "sig" }].slice(-2);
    },
    async sign(claims, kid = `k${at}`) {
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT({ iss: issuer, aud: CLIENT, iat: now, exp: now + 300, ...claims })
        .setProtectedHeader({ alg: "ES256", kid })
        .sign(signer);
    },
    idToken: (nonce) => fake.sign({ ...fake.claims, nonce }),
  };
  await fake.rotate();
  providers.set(issuer, async (path, sent) => {
    fake.asked.set(path, (fake.asked.get(path) ?? 0) + 1);
    if (fake.isDown) return new Response("down", { status: 503 });
    if (path === "/.well-known/openid-configuration") {
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        id_token_signing_alg_values_supported: ["ES256", "HS256", "none"],
        ...fake.metadata,
      });
    }
    if (path === "/jwks") return Response.json({ keys });
    if (path === "/userinfo") return Response.json({ sub: fake.claims.sub, ...fake.userinfo });
    fake.form = new URLSearchParams(new TextDecoder().decode(await sent.arrayBuffer()));
    const nonce = fake.form.get("code") ?? "";
    if (fake.tokenStatus !== 200) return Response.json({ error: "invalid_grant" }, { status: fake.tokenStatus });
    return Response.json({ access_token: "at", token_type: "bearer", id_token: await fake.idToken(nonce) });
  });
  answerProviders();
  return fake;
}

/** Has a provider for as long as something is done, for tests of other things. */
export async function withProvider<T>(act: (fake: FakeProvider) => Promise<T>): Promise<T> {
  const fake = await fakeProvider();
  const sub = crypto.randomUUID();
  fake.claims = { sub, email: `${sub}@example.org`, email_verified: true, name: "Grace Hopper" };
  const answering = answerProviders();
  try {
    return await act(fake);
  } finally {
    answering.mockRestore();
  }
}

/** Calls the app with the providers of this isolate; what it does beside the answer is over before this returns. */
export async function knock(method: string, path: string, options: Call = {}, vars: object = {}): Promise<Response> {
  const context = createExecutionContext();
  const answer = await createApi().fetch(request(method, path, options), { ...env, ...vars }, context);
  const text = await answer.text();
  await waitOnExecutionContext(context);
  return new Response(answer.status === 204 ? null : text, answer);
}

/** Sets a provider as an admin does. @returns its name. */
export async function setProvider(fake: FakeProvider, rest: object = {}): Promise<string> {
  const name = `p${crypto.randomUUID().slice(0, 8)}`;
  await changeProvider(name, fake, rest);
  made.push(name);
  return name;
}

const made: string[] = [];

/** An installation has few providers: a test removes its own. */
export async function removeProviders(): Promise<void> {
  for (const name of made.splice(0)) {
    await env.DB.prepare("DELETE FROM identity_providers WHERE name = ?").bind(name).run();
  }
}

export async function changeProvider(name: string, fake: FakeProvider, rest: object = {}) {
  const body = { label: "School", issuer: fake.issuer, client_id: CLIENT, client_secret: "a secret", ...rest };
  const token = await tokenOf("root", "admin");
  return read(
    await knock("PUT", `/identity-providers/${name}`, { body, token }),
    200,
    z.looseObject({ name: z.string() }),
  );
}

const begunSchema = z.object({ url: z.string(), flow: z.string() });

export async function begin(name: string) {
  const begun = await read(await knock("POST", `/auth/sign-on/${name}/begin`), 200, begunSchema);
  const { searchParams } = new URL(begun.url);
  const state = searchParams.get("state") ?? "";
  const nonce = searchParams.get("nonce") ?? "";
  return { ...begun, state, nonce, asked: searchParams };
}

/** Comes back from the provider. @param answer in the place of what an honest provider writes. */
export async function complete(
  name: string,
  fake: FakeProvider,
  begun: { flow: string; state: string; nonce: string },
  answer: Record<string, string> = {},
): Promise<Response> {
  const query = new URLSearchParams({ code: begun.nonce, state: begun.state, iss: fake.issuer, ...answer });
  return knock("POST", `/auth/sign-on/${name}/complete`, { body: { flow: begun.flow, answer: query.toString() } });
}

/** The whole way. */
export async function signOn(name: string, fake: FakeProvider): Promise<Response> {
  return complete(name, fake, await begin(name));
}
