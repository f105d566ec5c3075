import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { call, freshEmail, PASSWORD, problem, read, register, signedInSchema, signIn, signUp } from "./support.ts";
import { admin, codeOf, linkTo, mailsTo, outlive, withMail } from "./ways-support.ts";

const NEW = "another horse battery";
const ended = z.strictObject({ ended: z.int() });
const write = (token: string) => call("PUT", "/events/preferences", { token, body: {} });
const forget = (email: string, deliveries = 1) => withMail("POST", "/auth/recovery", { body: { email } }, deliveries);
const complete = (token: string, new_password = NEW) =>
  call("POST", "/auth/recovery/complete", { body: { token, new_password } });

describe("a forgotten password", () => {
  it("is replaced by a link that works once; every session ends, and the owner is notified", async () => {
    const { user, access_token } = await signUp();
    expect((await forget(user.email)).status).toBe(202);
    const token = await linkTo(user.email, "recover");
    // A weak password is refused, and the link stays good.
    expect((await problem(await complete(token, "passwordpassword"), 400)).errors?.[0]?.path).toBe("new_password");
    expect(await read(await complete(token), 200, ended)).toEqual({ ended: 1 });
    expect((await write(access_token)).status).toBe(401);
    expect(await codeOf(await signIn(user.email), 401)).toBe("invalid_credentials");
    expect((await signIn(user.email, NEW)).status).toBe(200);
    expect(await codeOf(await complete(token, "a third horse battery"), 403)).toBe("link_invalid");
    expect((await mailsTo(user.email)).map(({ kind }) => kind)).toContain("notice");
  });

  it("[I8] gets the same answer whether or not the address has an account; without one no mail is sent", async () => {
    const { user } = await signUp();
    const nobody = freshEmail();
    const answers = await Promise.all([forget(user.email), forget(nobody)]);
    const [one, other] = await Promise.all(answers.map((answer) => answer.json()));
    expect(other).toEqual(one);
    expect(await mailsTo(nobody)).toEqual([]);
  });

  it("cannot be replaced by a link that has ended, was changed, or is of another kind", async () => {
    const { user } = await signUp();
    await forget(user.email);
    await withMail("POST", "/auth/sign-in/link", { body: { email: user.email } });
    const token = await linkTo(user.email, "recover");
    const flipped = `${token.slice(0, -1)}${token.endsWith("A") ? "Q" : "A"}`;
    for (const bad of [flipped, `${"0".repeat(32)}.${"A".repeat(22)}`, await linkTo(user.email, "link"), "x"]) {
      expect(await codeOf(await complete(bad), 403)).toBe("link_invalid");
    }
    await outlive(user.id);
    expect(await codeOf(await complete(token), 403)).toBe("link_invalid");
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("[I5] causes one mail for a message that is delivered twice, and no mailbox is flooded", async () => {
    const { user } = await signUp();
    await forget(user.email, 2);
    const sent = async () => (await mailsTo(user.email)).filter(({ kind }) => kind === "recover").length;
    expect(await sent()).toBe(1);
    for (let more = 0; more < 8; more += 1) await forget(user.email);
    expect(await sent()).toBe(5);
  });

  it("is also the way to a first password; a suspended user gets no mail", async () => {
    const email = freshEmail();
    const made = await call("POST", "/users", { token: await admin(), body: { email, name: "Bo", role: "author" } });
    const { id } = await read(made, 201, z.looseObject({ id: z.string() }));
    await forget(email);
    expect((await complete(await linkTo(email, "recover"))).status).toBe(200);
    expect((await signIn(email, NEW)).status).toBe(200);
    await call("PATCH", `/users/${id}`, { token: await admin(), body: { ban: { reason: "spam" } } });
    const before = (await mailsTo(email)).length;
    await forget(email);
    expect((await mailsTo(email)).length).toBe(before);
  });

  it("has the limits of a sign-in, and no link where it is switched off or no mail is sent", async () => {
    const from = "198.51.100.77";
    const statuses = new Set<number>();
    for (let ask = 0; ask < 25; ask += 1) {
      statuses.add((await call("POST", "/auth/recovery", { from, body: { email: freshEmail() } })).status);
    }
    expect([...statuses].sort()).toEqual([202, 429]);
    for (const bindings of [{ RECOVERY: "off" }, { ENVIRONMENT: "production" }]) {
      // SAFETY: an operator may write what the file of today does not say.
      const off = await callWith(bindings as Partial<Env>, "POST", "/auth/recovery", { body: { email: freshEmail() } });
      expect(await codeOf(off, 501)).toBe("not_enabled");
    }
  });
});

describe("a link to sign in", () => {
  const ask = (email: string) => withMail("POST", "/auth/sign-in/link", { body: { email } });
  const enter = (token: string) => call("POST", "/auth/sign-in/link/complete", { body: { token } });

  it("opens one session, once", async () => {
    const { user } = await signUp();
    await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE id = ?").bind(user.id).run();
    await ask(user.email);
    const token = await linkTo(user.email, "link");
    const [one, other] = await Promise.all([enter(token), enter(token)]);
    expect([one.status, other.status].sort()).toEqual([200, 403]);
    const winner = one.status === 200 ? one : other;
    const { access_token } = await read(winner, 200, signedInSchema);
    expect((await write(access_token)).status).toBe(200);
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("[I8] gives the account to the reader of the address, not to somebody who registered with it before", async () => {
    const { user, access_token } = await signUp();
    await ask(user.email);
    const owner = await read(await enter(await linkTo(user.email, "link")), 200, signedInSchema);
    expect((await write(access_token)).status).toBe(401);
    expect(await codeOf(await signIn(user.email), 401)).toBe("invalid_credentials");
    expect((await write(owner.access_token)).status).toBe(200);
  });

  it("opens nothing for a user who was suspended meanwhile, or whose address has changed", async () => {
    const { user } = await signUp();
    await ask(user.email);
    const token = await linkTo(user.email, "link");
    await env.DB.prepare("UPDATE users SET email = ? WHERE id = ?").bind(freshEmail(), user.id).run();
    expect(await codeOf(await enter(token), 403)).toBe("link_invalid");
  });
});

describe("an e-mail address", () => {
  const account = async (token: string) =>
    read(await call("GET", "/auth/account", { token }), 200, z.looseObject({ email_verified: z.boolean() }));

  it("is confirmed by a link after registering, only by its signed-in user", async () => {
    const email = freshEmail();
    expect((await withMail("POST", "/auth/sign-up", { body: { email, name: "Ada", password: PASSWORD } })).status).toBe(
      202,
    );
    const { access_token: token } = await read(await signIn(email), 200, signedInSchema);
    expect((await account(token)).email_verified).toBe(false);
    const body = { token: await linkTo(email, "verify") };
    const other = await signUp();
    expect(await codeOf(await call("POST", "/auth/email/complete", { token: other.access_token, body }), 403)).toBe(
      "link_invalid",
    );
    expect((await call("POST", "/auth/email/complete", { token, body })).status).toBe(200);
    expect((await account(token)).email_verified).toBe(true);
    // Registering again with it sends nothing to an owner who is known to read it.
    const before = (await mailsTo(email)).length;
    await withMail("POST", "/auth/sign-up", { body: { email, name: "Ada", password: PASSWORD } });
    expect((await mailsTo(email)).length).toBe(before);
  });

  it("is changed with the password and a link sent to the new address; the old address is notified", async () => {
    const { user, access_token: token } = await signUp();
    const email = freshEmail();
    const ask = (password?: string) =>
      withMail("POST", "/auth/email", { token, body: { email, ...(password === undefined ? {} : { password }) } });
    expect((await problem(await ask(), 400)).errors?.[0]).toMatchObject({ path: "password", rule: "required" });
    expect(await codeOf(await ask("wrong horse battery"), 401)).toBe("invalid_credentials");
    expect((await ask(PASSWORD)).status).toBe(202);
    const body = { token: await linkTo(email, "change") };
    const changed = await call("POST", "/auth/email/complete", { token, body });
    expect(await read(changed, 200, z.looseObject({ email: z.string() }))).toMatchObject({ email });
    expect((await mailsTo(user.email)).find(({ kind }) => kind === "changed")?.text).toContain(email);
    expect((await signIn(email)).status).toBe(200);
    expect(await codeOf(await call("POST", "/auth/email/complete", { token, body }), 403)).toBe("link_invalid");
  });

  it("[I8] of somebody else cannot be taken, and the answer does not show that it is used", async () => {
    const [one, other] = await Promise.all([signUp(), signUp()]);
    const before = (await mailsTo(other.user.email)).length;
    const body = { email: other.user.email, password: PASSWORD };
    expect((await withMail("POST", "/auth/email", { token: one.access_token, body })).status).toBe(202);
    expect((await mailsTo(other.user.email)).length).toBe(before);
  });
});

it("a mail is in the requested language, with user input as plain text", async () => {
  const email = freshEmail();
  await register(email);
  await env.DB.prepare("UPDATE users SET email_verified = 1, name = ? WHERE email = ?")
    .bind(`<b>"Ada" & co</b>`, email)
    .run();
  await withMail("POST", "/auth/recovery?lang=zh", { body: { email } });
  const [mail] = await mailsTo(email);
  expect(mail?.subject).toBe("设置新密码");
  expect(mail?.text).toContain(`<b>"Ada" & co</b>`);
  expect(mail?.html).toContain("&lt;b&gt;&quot;Ada&quot; &amp; co&lt;/b&gt;");
});
