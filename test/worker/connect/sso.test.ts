import { env } from "cloudflare:workers";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { problem, read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail, PASSWORD, register, signedInSchema, signIn } from "../identity/support.ts";
import {
  begin,
  CLIENT,
  changeProvider,
  complete,
  fakeProvider,
  knock,
  removeProviders,
  setProvider,
  signOn,
} from "./sso-support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await removeProviders();
});

const person = (more: object = {}) => ({
  sub: crypto.randomUUID(),
  email: freshEmail(),
  email_verified: true,
  name: "Grace Hopper",
  ...more,
});
const admin = () => tokenOf("root", "admin");

async function refusedBy(answer: Response, rule: string) {
  const { code, errors } = await problem(answer, 403);
  expect(code).toBe("sign_on_refused");
  expect(errors?.map((error) => error.rule)).toEqual([rule]);
}

async function verify(email: string) {
  await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE email = ?").bind(email).run();
}

describe("signing in with an identity provider", () => {
  it("asks with PKCE, state and nonce, makes an account at the first time, and finds it the next time", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person();
    const begun = await begin(name);
    expect(Object.fromEntries(begun.asked)).toMatchObject({
      response_type: "code",
      client_id: CLIENT,
      scope: "openid email profile",
      code_challenge_method: "S256",
      redirect_uri: `http://latchkey.test/sign-in/with/${name}`,
    });
    const first = await read(await complete(name, fake, begun), 200, signedInSchema);
    expect(first.user).toMatchObject({ name: "Grace Hopper", email: fake.claims.email, role: "learner" });
    expect(fake.form.get("code_verifier")).toMatch(/^[\w-]{43,}$/);
    fake.claims = { ...fake.claims, email: freshEmail() };
    const second = await read(await signOn(name, fake), 200, signedInSchema);
    expect(second.user.id).toBe(first.user.id);
    const sessions = await knock("GET", "/auth/sessions", { token: second.access_token });
    expect(sessions.status).toBe(200);
    const listed = await read(await knock("GET", "/auth/sign-on"), 200, z.object({ results: z.array(z.unknown()) }));
    expect(listed.results).toContainEqual({ name, label: "School" });
  });

  it("takes what the ID token leaves out from userinfo", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    const { sub, ...rest } = person();
    fake.claims = { sub };
    fake.userinfo = { sub, ...rest };
    const { user } = await read(await signOn(name, fake), 200, signedInSchema);
    expect(user.email).toBe(rest.email);
    fake.userinfo = { ...fake.userinfo, sub: "somebody-else" };
    expect((await problem(await signOn(name, fake), 403)).code).toBe("sign_on_refused");
  });

  it("is good once, in the tab that began it, for ten minutes", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person();
    const begun = await begin(name);
    expect((await complete(name, fake, begun)).status).toBe(200);
    await refusedBy(await complete(name, fake, begun), "flow_used");
    const [mine, theirs] = [await begin(name), await begin(name)];
    expect((await problem(await complete(name, fake, { ...mine, state: theirs.state }), 403)).code).toBe(
      "sign_on_refused",
    );
    await refusedBy(await complete(name, fake, { ...mine, flow: "v1.00000000.aaaa.bbbb" }), "flow_unknown");
    const other = await setProvider(await fakeProvider());
    await refusedBy(await complete(other, fake, await begin(name)), "flow_unknown");
    const old = await begin(name);
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + 11 * 60_000);
    vi.useFakeTimers({ now: now + 11 * 60_000, toFake: ["Date"] });
    await refusedBy(await complete(name, fake, old), "flow_ended");
    vi.useRealTimers();
  });

  it.each<[string, (fake: Awaited<ReturnType<typeof fakeProvider>>) => (nonce: string) => Promise<string>]>([
    ["with another nonce", (fake) => () => fake.sign({ ...fake.claims, nonce: "another" })],
    ["without a nonce", (fake) => () => fake.sign({ ...fake.claims })],
    ["of another issuer", (fake) => (nonce) => fake.sign({ ...fake.claims, nonce, iss: "https://evil.example" })],
    ["for another client", (fake) => (nonce) => fake.sign({ ...fake.claims, nonce, aud: "another" })],
    [
      "for several clients, ours not the one it was made for",
      (fake) => (nonce) => fake.sign({ ...fake.claims, nonce, aud: [CLIENT, "another"], azp: "another" }),
    ],
    ["that has expired", (fake) => (nonce) => fake.sign({ ...fake.claims, nonce, exp: 1_000_000_000 })],
    [
      "not signed at all",
      (fake) => async (nonce) => {
        const now = Math.floor(Date.now() / 1_000);
        return new UnsecuredJWT({
          ...fake.claims,
          nonce,
          iss: fake.issuer,
          aud: CLIENT,
          iat: now,
          exp: now + 60,
        }).encode();
      },
    ],
    [
      "signed with the client's secret",
      (fake) => async (nonce) => {
        const now = Math.floor(Date.now() / 1_000);
        return new SignJWT({ ...fake.claims, nonce, iss: fake.issuer, aud: CLIENT, iat: now, exp: now + 60 })
          .setProtectedHeader({ alg: "HS256" })
          .sign(new TextEncoder().encode("a secret"));
      },
    ],
    [
      "signed with a key that is not the provider's",
      (fake) => async (nonce) => {
        const evil = await fakeProvider();
        return evil.sign({ ...fake.claims, nonce, iss: fake.issuer }, "k1");
      },
    ],
  ])("[I8] lets nobody in by an ID token %s", async (_, make) => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person();
    fake.idToken = make(fake);
    expect((await problem(await signOn(name, fake), 403)).code).toBe("sign_on_refused");
    expect(await env.DB.prepare("SELECT id FROM users WHERE email = ?").bind(fake.claims.email).first()).toBeNull();
  });

  it("is not mixed up with another provider (RFC 9207), and says what the provider refuses", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person();
    const answer = await complete(name, fake, await begin(name), { iss: "https://evil.example" });
    expect((await problem(answer, 403)).code).toBe("sign_on_refused");
    expect(fake.asked.get("/token")).toBeUndefined();
    const refused = await complete(name, fake, await begin(name), { error: "access_denied" });
    await refusedBy(refused, "provider_refused");
    fake.tokenStatus = 400;
    await refusedBy(await signOn(name, fake), "provider_refused");
    fake.tokenStatus = 200;
    const token = await admin();
    const { results } = await read(
      await knock("GET", "/identity-providers", { token }),
      200,
      z.object({ results: z.array(z.looseObject({ name: z.string(), last_failure: z.string().nullable() })) }),
    );
    expect(results.find((one) => one.name === name)?.last_failure).toContain("token provider_refused");
  });

  it("opens an account of the same address only if all three agree: provider, account and operator", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    const email = freshEmail();
    await register(email);
    fake.claims = person({ email });
    await refusedBy(await signOn(name, fake), "link_not_allowed");
    const settings = { link: true };
    await changeProvider(name, fake, { settings });
    await refusedBy(await signOn(name, fake), "account_unverified");
    await verify(email);
    fake.claims = { ...fake.claims, email_verified: false };
    await refusedBy(await signOn(name, fake), "email_unverified");
    fake.claims = { ...fake.claims, email_verified: true };
    const { user } = await read(await signOn(name, fake), 200, signedInSchema);
    const own = await read(await signIn(email, PASSWORD), 200, signedInSchema);
    expect(user.id).toBe(own.user.id);
    // Somebody else of the provider who gets the address later does not get the account.
    fake.claims = { ...fake.claims, sub: "the-next-one" };
    await refusedBy(await signOn(name, fake), "linked_to_another");
  });

  it("makes accounts for whom the operator says", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person({ email_verified: undefined });
    await refusedBy(await signOn(name, fake), "email_unverified");
    await changeProvider(name, fake, { settings: { new_accounts: "none" } });
    fake.claims = person();
    await refusedBy(await signOn(name, fake), "no_account");
    await changeProvider(name, fake, { settings: { new_accounts: "any" } });
    fake.claims = person({ email_verified: "false" });
    const { user } = await read(await signOn(name, fake), 200, signedInSchema);
    const row = await env.DB.prepare("SELECT email_verified FROM users WHERE id = ?").bind(user.id).first();
    expect(row).toEqual({ email_verified: 0 });
    fake.claims = person({ email: undefined });
    await refusedBy(await signOn(name, fake), "email_missing");
  });

  it("gives roles at each sign-in, never above the provider's top role, and lets no higher account in", async () => {
    const fake = await fakeProvider();
    const settings = {
      claims: { role: "roles" },
      roles: [
        { value: "teacher", role: "author" },
        { value: "boss", role: "admin" },
      ],
    };
    const name = await setProvider(fake, { settings, top_role: "author" });
    const role = async (roles: unknown) => {
      fake.claims = { ...fake.claims, roles };
      return (await read(await signOn(name, fake), 200, signedInSchema)).user.role;
    };
    fake.claims = person();
    expect(await role(["boss"])).toBe("learner");
    expect(await role(["boss", "teacher"])).toBe("author");
    expect(await role("teacher")).toBe("author");
    expect(await role(undefined)).toBe("learner");
    await env.DB.prepare("UPDATE users SET role = 'admin' WHERE email = ?").bind(fake.claims.email).run();
    await refusedBy(await signOn(name, fake), "role_too_high");
  });

  it("places people in courses and cohorts by their groups, and takes away only what it gave", async () => {
    const [slug, other] = [freshSlug("sso"), freshSlug("sso")];
    for (const one of [slug, other]) await publish({ slug: one, title: "Sso", chapters: [], problems: [] });
    const fake = await fakeProvider();
    const name = await setProvider(fake, { settings: { claims: { groups: "groups" } } });
    const rules = [
      { group: "class-a", course: slug, cohort: "a" },
      { group: "class-b", course: slug, cohort: "b" },
      { group: "staff", course: other, role: "grader" },
      { group: "class-a", course: other },
    ];
    const token = await admin();
    expect((await knock("PUT", `/group-rules/${name}`, { body: { rules }, token })).status).toBe(200);
    fake.claims = person({ groups: ["class-a", "class-b", "unknown"] });
    const { user } = await read(await signOn(name, fake), 200, signedInSchema);
    const places = async () => {
      const { results } = await env.DB.prepare(
        "SELECT course_slug, learner, enrolled, member FROM group_places WHERE user_id = ? ORDER BY course_slug",
      )
        .bind(user.id)
        .all();
      return new Map(results.map((row) => [row.course_slug, row]));
    };
    expect((await places()).get(slug)).toMatchObject({ learner: '["a","b"]', enrolled: 1, member: null });
    const enrolled = async (course: string) =>
      (await knock("GET", `/courses/${course}/unlocks`, { token: await tokenOf(user.id) })).status;
    expect(await enrolled(slug)).toBe(200);
    fake.claims = { ...fake.claims, groups: "staff" };
    expect((await signOn(name, fake)).status).toBe(200);
    expect([...(await places()).keys()]).toEqual([other]);
    expect((await places()).get(other)).toMatchObject({ member: "grader", learner: null });
    expect(await enrolled(slug)).toBe(404);
    const bad = await knock("PUT", `/group-rules/${name}`, {
      body: { rules: [...rules, rules[0], { group: "x", course: "nowhere" }] },
      token,
    });
    expect((await problem(bad, 400)).errors?.map(({ rule }) => rule)).toEqual(["duplicate", "course_not_found"]);
  });

  it("keeps banned people out, and forgets who was erased", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    fake.claims = person();
    const { user } = await read(await signOn(name, fake), 200, signedInSchema);
    const token = await admin();
    await knock("PATCH", `/users/${user.id}`, { body: { ban: { reason: "x" } }, token });
    expect((await problem(await signOn(name, fake), 403)).code).toBe("forbidden");
  });

  it("keeps the secret encrypted, and sends it to the issuer it was set for only", async () => {
    const fake = await fakeProvider();
    const name = await setProvider(fake);
    const secret = () =>
      env.DB.prepare("SELECT secret FROM identity_providers WHERE name = ?").bind(name).first("secret");
    expect(await secret()).toMatch(/^v1\./);
    const shown = JSON.stringify(await changeProvider(name, fake, { client_secret: undefined }));
    expect(shown).not.toContain("a secret");
    expect(shown).toContain('"has_secret":true');
    // The key is replaced: the secret is sealed again with the new one when it is next used.
    const before = await secret();
    const vars = { AUTH_SECRET: "q7Zr2vLw9XkTn4BdYh6JsPf3GmCe8Ua5QtRx1oWi", AUTH_SECRET_PREVIOUS: env.AUTH_SECRET };
    expect((await knock("POST", `/auth/sign-on/${name}/begin`, {}, vars)).status).toBe(200);
    expect(await secret()).not.toBe(before);
    expect((await problem(await knock("POST", `/auth/sign-on/${name}/begin`), 503)).code).toBe("unavailable");
    const elsewhere = await fakeProvider();
    expect(await changeProvider(name, elsewhere, { client_secret: undefined })).toMatchObject({ has_secret: false });
  });

  it("takes no provider whose address or discovery document is not fit", async () => {
    const token = await admin();
    const set = async (issuer: string) => {
      const body = { label: "X", issuer, client_id: "x" };
      const { errors } = await problem(await knock("PUT", "/identity-providers/unfit", { body, token }), 400);
      return errors?.map(({ path, rule }) => `${path} ${rule}`);
    };
    expect(await set("http://id.example.org")).toEqual(["issuer not_https"]);
    expect(await set("https://10.0.0.1")).toEqual(["issuer private_address"]);
    const fake = await fakeProvider();
    fake.metadata = { issuer: "https://another.example.org" };
    expect(await set(fake.issuer)).toEqual(["issuer unreachable"]);
    fake.metadata = { token_endpoint: "https://192.168.0.1/token" };
    expect(await set(fake.issuer)).toEqual(["issuer private_address"]);
    fake.isDown = true;
    expect(await set(fake.issuer)).toEqual(["issuer status"]);
    const known = await fakeProvider();
    await setProvider(known);
    expect(await set(known.issuer)).toEqual(["issuer taken"]);
    const learner = await knock("GET", "/identity-providers", { token: await tokenOf("ada") });
    expect(learner.status).toBe(403);
    const gone = await knock("DELETE", `/identity-providers/unfit`, { token });
    expect(await read(gone, 200, z.object({ name: z.string(), changed: z.boolean() }))).toMatchObject({
      changed: false,
    });
  });
});
