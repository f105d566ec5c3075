import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { call, freshEmail, PASSWORD, problem, read, signedInSchema, signIn, signUp, tokenOf } from "./support.ts";
import { admin, appOf, codeOf, linkTo, mailsTo, secondFactorOf, stepIn, withMail } from "./ways-support.ts";

const steppedIn = signedInSchema.extend({
  device_token: z.string().nullable(),
  backup_codes: z.array(z.string()).nullable(),
});
const write = (token: string) => call("PUT", "/events/preferences", { token, body: {} });
const answerStep = (challenge: string, code: string, trust_device = false) =>
  call("POST", "/auth/sign-in/second-factor", { body: { challenge, code, trust_device } });
// SAFETY: an operator may write what the file of today does not say.
const required = { SECOND_FACTOR_REQUIRED: "admin" } as unknown as Partial<Env>;

/** Somebody with a second factor. */
async function guarded() {
  const person = await signUp();
  return { ...person, ...(await secondFactorOf(person.access_token)) };
}

describe("a second factor", () => {
  it("is set up with the password and a first code, and asked for after the password from then on", async () => {
    const { user, access_token: token } = await signUp();
    const begin = (body: object) => call("POST", "/auth/second-factor", { token, body });
    expect((await problem(await begin({}), 400)).errors?.[0]?.path).toBe("password");
    expect(await codeOf(await begin({ password: "wrong horse battery" }), 401)).toBe("invalid_credentials");
    const { app, backup, uri } = await secondFactorOf(token);
    expect(uri).toMatch(/^otpauth:\/\/totp\/Latchkey:/);
    expect(new Set(backup).size).toBe(10);
    const { challenge, setup } = await stepIn(await signIn(user.email));
    expect(setup).toBeNull();
    const session = await read(await answerStep(challenge, await app()), 200, steppedIn);
    expect((await write(session.access_token)).status).toBe(200);
    expect(session).toMatchObject({ device_token: null, backup_codes: null });
    expect((await mailsTo(user.email)).some(({ text }) => text.includes("asks for a code"))).toBe(true);
    // A second one takes the place of none.
    expect(await codeOf(await begin({ password: PASSWORD }), 403)).toBe("forbidden");
  });

  it("has codes that work once, also for another sign-in; an answered step works once too", async () => {
    const { user, app } = await guarded();
    const [one, other] = [await stepIn(await signIn(user.email)), await stepIn(await signIn(user.email))];
    const code = await app();
    expect((await answerStep(one.challenge, code)).status).toBe(200);
    expect(await codeOf(await answerStep(other.challenge, code), 401)).toBe("invalid_code");
    expect(await codeOf(await answerStep(one.challenge, await app(1)), 403)).toBe("link_invalid");
    expect((await answerStep(other.challenge, await app(1))).status).toBe(200);
  });

  it("may be guessed five times: then neither the step nor a new one accepts a code of the app", async () => {
    const { user, app, backup } = await guarded();
    const { challenge } = await stepIn(await signIn(user.email));
    for (let guess = 0; guess < 5; guess += 1) {
      expect(await codeOf(await answerStep(challenge, "000000"), 401)).toBe("invalid_code");
    }
    expect(await codeOf(await answerStep(challenge, await app()), 403)).toBe("link_invalid");
    const next = await stepIn(await signIn(user.email));
    const late = await problem(await answerStep(next.challenge, await app()), 429);
    expect(late.detail).toContain("backup code");
    expect((await answerStep(next.challenge, ` ${backup[0]?.toUpperCase()} `)).status).toBe(200);
  });

  it("has backup codes that work once; new ones end the old ones", async () => {
    const { user, access_token: token, app, backup } = await guarded();
    const [first = "", second = ""] = backup;
    expect((await answerStep((await stepIn(await signIn(user.email))).challenge, first)).status).toBe(200);
    const again = await stepIn(await signIn(user.email));
    expect(await codeOf(await answerStep(again.challenge, first), 401)).toBe("invalid_code");
    expect(
      (await call("POST", "/auth/second-factor/backup-codes", { token, body: { code: await app() } })).status,
    ).toBe(200);
    expect(await codeOf(await answerStep(again.challenge, second), 401)).toBe("invalid_code");
  });

  it("lets nobody in with a step that has ended or was never made", async () => {
    const { user, app } = await guarded();
    const { challenge } = await stepIn(await signIn(user.email));
    await env.DB.prepare("UPDATE verifications SET expires_at = 1 WHERE identifier = ?").bind(user.id).run();
    for (const bad of [challenge, `${"0".repeat(32)}.${"A".repeat(22)}`]) {
      expect(await codeOf(await answerStep(bad, await app()), 403)).toBe("link_invalid");
    }
  });

  it("is needed after a link in a mail too, which replaces only the password", async () => {
    const { user, app } = await guarded();
    await withMail("POST", "/auth/sign-in/link", { body: { email: user.email } });
    const body = { token: await linkTo(user.email, "link") };
    const { challenge } = await stepIn(await call("POST", "/auth/sign-in/link/complete", { body }));
    expect((await answerStep(challenge, await app())).status).toBe(200);
  });

  it("is not asked for in a trusted browser, until its owner forgets it", async () => {
    const { user, app, access_token: token } = await guarded();
    const { challenge } = await stepIn(await signIn(user.email));
    const { device_token } = await read(await answerStep(challenge, await app(), true), 200, steppedIn);
    const again = (email: string) =>
      call("POST", "/auth/sign-in", { body: { email, password: PASSWORD, device_token } });
    expect((await again(user.email)).status).toBe(200);
    const { devices } = await read(
      await call("GET", "/auth/account", { token }),
      200,
      z.looseObject({ devices: z.array(z.object({ id: z.string() })) }),
    );
    const path = `/auth/devices/${devices[0]?.id}`;
    expect((await call("DELETE", path, { token: await tokenOf("somebody-else") })).status).toBe(404);
    expect((await call("DELETE", path, { token })).status).toBe(204);
    await stepIn(await again(user.email));
  });

  it("is switched off with a code, and in no other way", async () => {
    const { user, app, access_token: token } = await guarded();
    const off = (code: string) => call("DELETE", "/auth/second-factor", { token, body: { code } });
    expect(await codeOf(await off("000000"), 401)).toBe("invalid_code");
    expect((await off(await app())).status).toBe(204);
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("is removed by an admin for a user who lost it, and the sessions of the user end", async () => {
    const { user, access_token } = await guarded();
    const reset = (token: string, id = user.id) => call("DELETE", `/users/${id}/sign-in-ways`, { token });
    expect((await reset(access_token)).status).toBe(403);
    expect((await reset(await admin(), "head")).status).toBe(403);
    expect((await reset(await admin())).status).toBe(200);
    expect((await write(access_token)).status).toBe(401);
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("that a role needs is set up at the next sign-in, and an older session without one ends", async () => {
    const email = freshEmail();
    const body = { email, name: "Root", role: "admin", password: PASSWORD };
    expect((await call("POST", "/users", { token: await admin(), body })).status).toBe(201);
    const before = await read(await signIn(email), 200, signedInSchema);
    const signInRequired = () => callWith(required, "POST", "/auth/sign-in", { body: { email, password: PASSWORD } });
    const renewed = await callWith(required, "POST", "/auth/token", { body: { session_token: before.session_token } });
    expect(renewed.status).toBe(401);
    const { challenge, setup } = await stepIn(await signInRequired());
    const app = appOf(setup?.secret ?? "");
    const go = (code: string) =>
      callWith(required, "POST", "/auth/sign-in/second-factor", { body: { challenge, code } });
    expect((await go("000000")).status).toBe(401);
    const session = await read(await go(await app(-1)), 200, steppedIn);
    expect(session.backup_codes).toHaveLength(10);
    const token = session.access_token;
    const off = await callWith(required, "DELETE", "/auth/second-factor", { token, body: { code: await app() } });
    expect(off.status).toBe(403);
    // Who has one is asked for it, and a learner needs none.
    expect((await stepIn(await signInRequired())).setup).toBeNull();
    const learner = await signUp();
    const free = { email: learner.user.email, password: PASSWORD };
    expect((await callWith(required, "POST", "/auth/sign-in", { body: free })).status).toBe(200);
  });

  it("is not asked for where it is switched off, and cannot be computed from the database", async () => {
    const { user, app } = await guarded();
    const row = await env.DB.prepare("SELECT secret, backup_codes FROM second_factors WHERE user_id = ?")
      .bind(user.id)
      .first<{ secret: string; backup_codes: string }>();
    expect(`${row?.secret} ${row?.backup_codes}`).not.toContain(await app());
    // SAFETY: see above.
    const off = { SECOND_FACTOR: "off" } as unknown as Partial<Env>;
    const body = { email: user.email, password: PASSWORD };
    expect((await callWith(off, "POST", "/auth/sign-in", { body })).status).toBe(200);
    expect((await call("GET", "/auth/account", { token: await tokenOf("nobody") })).status).toBe(404);
  });
});
