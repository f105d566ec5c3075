import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { problem, read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail, signedInSchema } from "../identity/support.ts";
import { changeProvider, fakeProvider, knock, removeProviders, setProvider, signOn } from "./sso-support.ts";

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await removeProviders();
});

/** Isolates believe the list of issuers for a minute. */
let clock = 0;
function aMinuteLater() {
  clock = Math.max(clock, Date.now()) + 61_000;
  vi.useFakeTimers({ now: clock, toFake: ["Date"] });
}

const audience = "courses";

async function linked(rest: object = {}) {
  const fake = await fakeProvider();
  const name = await setProvider(fake, { audience, ...rest });
  const sub = crypto.randomUUID();
  fake.claims = { sub, email: freshEmail(), email_verified: true, name: "Grace" };
  const { user } = await read(await signOn(name, fake), 200, signedInSchema);
  aMinuteLater();
  const token = (claims: object = {}, kid?: string) => fake.sign({ sub, aud: audience, ...claims }, kid);
  return { fake, name, sub, user, token };
}

const show = (token: string) => knock("GET", "/auth/sessions", { token });

describe("tokens of the providers that are listed", () => {
  it("of several issuers, each says who came by it before, and nobody else of that name", async () => {
    const [one, two] = [await linked(), await linked()];
    expect((await show(await one.token())).status).toBe(200);
    expect((await show(await two.token())).status).toBe(200);
    const me = await knock("GET", `/users/${one.user.id}`, { token: await one.token() });
    expect(me.status).toBe(200);
    // The other provider calls somebody by the same name: it is not that person.
    expect((await show(await two.token({ sub: one.sub }))).status).toBe(401);
    expect((await show(await one.token({ sub: one.user.id }))).status).toBe(401);
  });

  it.each<[string, object]>([
    ["for another audience", { aud: "another" }],
    ["that has expired", { exp: 1_000_000_000 }],
    ["of somebody who never came", { sub: "nobody" }],
    ["without a subject", { sub: undefined }],
    ["made in the future", { iat: 4_000_000_000 }],
  ])("[I8] is refused: one %s", async (_, claims) => {
    const { token } = await linked();
    expect((await problem(await show(await token(claims)), 401)).code).toBe("unauthenticated");
  });

  it("[I8] signed with a public key as a secret is refused, and so is one of another provider's key", async () => {
    const [one, two] = [await linked(), await linked()];
    const now = Math.floor(Date.now() / 1_000);
    const confused = await new SignJWT({ iss: one.fake.issuer, aud: audience, sub: one.sub, iat: now, exp: now + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(new TextEncoder().encode("public"));
    expect((await show(confused)).status).toBe(401);
    expect((await show(await two.fake.sign({ iss: one.fake.issuer, aud: audience, sub: one.sub }))).status).toBe(401);
  });

  it("follows a provider that changes its keys, and asks no more than it must", async () => {
    const { fake, token } = await linked();
    const asked = () => fake.asked.get("/jwks") ?? 0;
    expect((await show(await token())).status).toBe(200);
    const before = asked();
    for (let at = 0; at < 5; at += 1) {
      expect((await show(await token({ jti: `${at}` }, "unknown"))).status).toBe(401);
      expect((await show(await token({ jti: `${at}`, iss: "https://nobody.example" }))).status).toBe(401);
    }
    expect(asked() - before).toBeLessThanOrEqual(1);
    await fake.rotate();
    aMinuteLater();
    expect((await show(await token())).status).toBe(200);
    expect(asked() - before).toBeLessThanOrEqual(2);
  });

  it("ends with the audience, with a ban, and while the keys cannot be had", async () => {
    const { fake, name, token, user } = await linked();
    const shown = await token();
    expect((await show(shown)).status).toBe(200);
    const admin = await tokenOf("root", "admin");
    await knock("PATCH", `/users/${user.id}`, { body: { ban: { reason: "x" } }, token: admin });
    expect((await show(await token({ jti: "2" }))).status).toBe(401);
    await knock("PATCH", `/users/${user.id}`, { body: { ban: null }, token: admin });
    aMinuteLater();
    expect((await show(await token({ jti: "3" }))).status).toBe(200);
    await changeProvider(name, fake, { audience: null });
    aMinuteLater();
    expect((await show(shown)).status).toBe(401);
  });

  it("lets nobody act above the provider's top role", async () => {
    const { user, token } = await linked();
    await env.DB.prepare("UPDATE users SET role = 'admin' WHERE id = ?").bind(user.id).run();
    expect((await show(await token())).status).toBe(401);
  });

  it("answers 503 once, and asks the provider again only after a while, where its keys cannot be had", async () => {
    const { fake, token } = await linked();
    await env.DB.prepare("UPDATE identity_providers SET jwks_uri = ? WHERE issuer = ?")
      .bind(`${fake.issuer}/other-jwks`, fake.issuer)
      .run();
    aMinuteLater();
    fake.isDown = true;
    for (let at = 0; at < 4; at += 1) expect((await show(await token({ jti: `${at}` }))).status).toBe(503);
    expect(fake.asked.get("/other-jwks")).toBe(1);
  });
});
