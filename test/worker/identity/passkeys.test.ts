import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { Authenticator } from "../../support/worker/passkey.ts";
import { call, PASSWORD, problem, read, signedInSchema, signUp } from "./support.ts";
import { admin, codeOf, mailsTo, secondFactorOf } from "./ways-support.ts";

const ORIGIN = "http://latchkey.test";
const optionsSchema = z.object({
  challenge: z.string(),
  options: z.looseObject({ challenge: z.string() }),
});
const account = z.looseObject({ passkeys: z.array(z.object({ id: z.string(), name: z.string() }).loose()) });
const write = (token: string) => call("PUT", "/events/preferences", { token, body: {} });

const begin = async (token: string) =>
  read(await call("POST", "/auth/passkeys/options", { token, body: { password: PASSWORD } }), 200, optionsSchema);
const beginSignIn = async () => read(await call("POST", "/auth/sign-in/passkey/options"), 200, optionsSchema);
const add = (token: string, challenge: string, credential: object) =>
  call("POST", "/auth/passkeys", { token, body: { challenge, name: "My phone", credential } });
const enter = (challenge: string, credential: object) =>
  call("POST", "/auth/sign-in/passkey", { body: { challenge, credential } });

/** Somebody with a passkey. */
async function holder(counts = true) {
  const person = await signUp();
  const key = await Authenticator.of(ORIGIN);
  key.counts = counts;
  const { challenge, options } = await begin(person.access_token);
  const added = await add(person.access_token, challenge, await key.make(options.challenge));
  expect(added.status).toBe(201);
  return { ...person, key };
}

describe("a passkey", () => {
  it("is added with the password, signs in without it, and its owner is notified", async () => {
    const { user, key } = await holder();
    const { challenge, options } = await beginSignIn();
    const session = await read(await enter(challenge, await key.show(options.challenge)), 200, signedInSchema);
    expect(session.user.id).toBe(user.id);
    expect((await write(session.access_token)).status).toBe(200);
    expect((await mailsTo(user.email)).some(({ text }) => text.includes("passkey was added"))).toBe(true);
  });

  it("cannot be added with only a session, without the password", async () => {
    const { access_token: token } = await signUp();
    const without = await call("POST", "/auth/passkeys/options", { token, body: {} });
    expect((await problem(without, 400)).errors?.[0]?.path).toBe("password");
  });

  it("answers once, for its own challenge and site, and with its owner's consent", async () => {
    const counting = await holder();
    const once = await beginSignIn();
    const answer = await counting.key.show(once.options.challenge);
    expect((await enter(once.challenge, answer)).status).toBe(200);
    expect(await codeOf(await enter(once.challenge, answer), 401)).toBe("passkey_refused");
    const { key } = await holder(false);
    const first = await beginSignIn();
    const shown = await key.show(first.options.challenge);
    expect((await enter(first.challenge, shown)).status).toBe(200);
    expect(await codeOf(await enter(first.challenge, shown), 403)).toBe("link_invalid");
    const second = await beginSignIn();
    expect(await codeOf(await enter(second.challenge, shown), 401)).toBe("passkey_refused");
    const elsewhere = await key.show(second.options.challenge, { origin: "http://latchkey.test.example.org" });
    expect(await codeOf(await enter(second.challenge, elsewhere), 401)).toBe("passkey_refused");
    key.verifies = false;
    expect(await codeOf(await enter(second.challenge, await key.show(second.options.challenge)), 401)).toBe(
      "passkey_refused",
    );
    const forged = `${"f".repeat(32)}.${"A".repeat(22)}`;
    expect(await codeOf(await enter(forged, await key.show(second.options.challenge)), 403)).toBe("link_invalid");
    const stranger = await Authenticator.of(ORIGIN);
    expect(await codeOf(await enter(second.challenge, await stranger.show(second.options.challenge)), 401)).toBe(
      "passkey_refused",
    );
  });

  it("[I8] is not added by a challenge of another user, nor by one of a sign-in", async () => {
    const [one, other] = await Promise.all([signUp(), signUp()]);
    const key = await Authenticator.of(ORIGIN);
    const mine = await begin(one.access_token);
    const made = await key.make(mine.options.challenge);
    expect(await codeOf(await add(other.access_token, mine.challenge, made), 403)).toBe("link_invalid");
    const open = await beginSignIn();
    expect(
      await codeOf(await add(other.access_token, open.challenge, await key.make(open.options.challenge)), 403),
    ).toBe("link_invalid");
    expect((await add(one.access_token, mine.challenge, made)).status).toBe(201);
    // The same key of the browser again.
    const again = await begin(other.access_token);
    expect(
      await codeOf(await add(other.access_token, again.challenge, await key.make(again.options.challenge)), 401),
    ).toBe("passkey_refused");
  });

  it("counts as two factors: no code is needed; a suspended user gets no session", async () => {
    const { user, key, access_token } = await holder();
    await secondFactorOf(access_token);
    const { challenge, options } = await beginSignIn();
    expect((await enter(challenge, await key.show(options.challenge))).status).toBe(200);
    await call("PATCH", `/users/${user.id}`, { token: await admin(), body: { ban: { reason: "spam" } } });
    const next = await beginSignIn();
    expect(await codeOf(await enter(next.challenge, await key.show(next.options.challenge)), 403)).toBe("forbidden");
  });

  it("can be removed only by its owner, and then signs in no more", async () => {
    const { key, access_token: token } = await holder();
    const other = await signUp();
    const { passkeys } = await read(await call("GET", "/auth/account", { token }), 200, account);
    const path = `/auth/passkeys/${passkeys[0]?.id}`;
    expect((await call("DELETE", path, { token: other.access_token })).status).toBe(404);
    expect((await call("DELETE", path, { token })).status).toBe(204);
    const { challenge, options } = await beginSignIn();
    expect(await codeOf(await enter(challenge, await key.show(options.challenge)), 401)).toBe("passkey_refused");
  });

  it("has the limits of a password against guessing, and cannot be used where passkeys are switched off", async () => {
    const { key } = await holder();
    const from = "198.51.100.90";
    const statuses = new Set<number>();
    for (let guess = 0; guess < 8; guess += 1) {
      const { challenge } = await beginSignIn();
      const body = { challenge, credential: await key.show("d3Jvbmc") };
      statuses.add((await call("POST", "/auth/sign-in/passkey", { from, body })).status);
    }
    expect([...statuses].sort()).toEqual([401, 429]);
    // SAFETY: an operator may write what the file of today does not say.
    for (const bindings of [{ PASSKEYS: "off" }, { ENVIRONMENT: "production" }] as unknown as Partial<Env>[]) {
      expect(await codeOf(await callWith(bindings, "POST", "/auth/sign-in/passkey/options"), 501)).toBe("not_enabled");
    }
    expect(env.PASSKEYS).toBe("on");
  });
});
