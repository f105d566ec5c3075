import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  accessSchema,
  call,
  freshEmail,
  PASSWORD,
  problem,
  read,
  register,
  sessionsSchema,
  signedInSchema,
  signIn,
  signUp,
  tokenOf,
  userSchema,
} from "./support.ts";

describe("a user's journey", () => {
  it("is to register, work, renew, sign in elsewhere, and sign out", async () => {
    const email = freshEmail();
    expect((await register(email.toUpperCase())).status).toBe(202);
    const registered = await read(await signIn(email), 200, signedInSchema);
    expect(registered.user).toMatchObject({ email, name: "Ada Lovelace", role: "learner", ban: null });
    const { id } = registered.user;

    const claims = decodeJwt(registered.access_token);
    expect(claims).toMatchObject({ iss: "latchkey", aud: "latchkey-api", sub: id, role: "learner" });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);

    const self = await call("GET", `/users/${id}`, { token: registered.access_token });
    expect(self.headers.get("cache-control")).toBe("no-store");
    expect(await read(self, 200, userSchema)).toEqual(registered.user);

    const elsewhere = await read(
      await signIn(email, PASSWORD, { headers: { "user-agent": "phone" } }),
      200,
      signedInSchema,
    );
    expect(elsewhere.user.id).toBe(id);
    const { results } = await read(
      await call("GET", "/auth/sessions/", { token: elsewhere.access_token }),
      200,
      sessionsSchema,
    );
    expect(results).toHaveLength(2);
    expect(results.filter((session) => session.current).map((session) => session.user_agent)).toEqual(["phone"]);

    const renewed = await call("POST", "/auth/token", { body: { session_token: elsewhere.session_token } });
    const access = await read(renewed, 200, accessSchema);
    expect((await call("GET", `/users/${id}`, { token: access.access_token })).status).toBe(200);

    for (let time = 1; time <= 2; time += 1) {
      const out = await call("POST", "/auth/sign-out", { body: { session_token: elsewhere.session_token } });
      expect(out.status).toBe(204);
    }
    const over = await call("POST", "/auth/token", { body: { session_token: elsewhere.session_token } });
    expect(await problem(over, 401)).toMatchObject({ code: "unauthenticated" });
    const other = await call("POST", "/auth/token", { body: { session_token: registered.session_token } });
    expect(other.status).toBe(200);
  });

  it("changes the user's own name and nothing else", async () => {
    const { user, access_token: token } = await signUp();
    const renamed = await call("PATCH", `/users/${user.id}`, { token, body: { name: "  Ada King " } });
    expect(await read(renamed, 200, userSchema)).toMatchObject({ name: "Ada King", role: "learner" });
  });
});

describe("sessions", () => {
  it("have no usable token and no password in the database", async () => {
    const { session_token: token, user } = await signUp();
    const rows = await env.DB.prepare(
      "SELECT s.token, a.password FROM sessions s JOIN accounts a ON a.user_id = s.user_id WHERE s.user_id = ?",
    )
      .bind(user.id)
      .all();
    const [row] = z.array(z.object({ token: z.string(), password: z.string() })).parse(rows.results);
    expect(row?.token).toMatch(/^[0-9a-f]{64}$/);
    expect(row?.password).toMatch(/^\$scrypt\$ln=14,r=8,p=1,t=5\$/);
    expect(JSON.stringify(rows.results)).not.toContain(token);
    const byHash = await call("POST", "/auth/token", { body: { session_token: row?.token } });
    expect((await problem(byHash, 401)).code).toBe("unauthenticated");
  });

  it("end after 30 days", async () => {
    const { session_token, user } = await signUp();
    const expiry = await env.DB.prepare("SELECT expires_at - created_at AS life FROM sessions WHERE user_id = ?")
      .bind(user.id)
      .first("life");
    expect(Number(expiry) / 86_400_000).toBeCloseTo(30, 3);
    await env.DB.prepare("UPDATE sessions SET expires_at = ? WHERE user_id = ?").bind(Date.now(), user.id).run();
    const late = await call("POST", "/auth/token", { body: { session_token } });
    expect((await problem(late, 401)).code).toBe("unauthenticated");
  });

  it("[fault 2] outlive none of their access tokens", async () => {
    const { session_token, user } = await signUp();
    await env.DB.prepare("UPDATE sessions SET expires_at = ? WHERE user_id = ?")
      .bind(Date.now() + 20_000, user.id)
      .run();
    const renewed = await read(await call("POST", "/auth/token", { body: { session_token } }), 200, accessSchema);
    expect(renewed.expires_in).toBeLessThanOrEqual(20);
    const { iat = 0, exp = 0 } = decodeJwt(renewed.access_token);
    expect(exp - iat).toBe(renewed.expires_in);
  });

  it("can be ended one by one; an ended session cannot be renewed", async () => {
    const { user, access_token: token, session_token } = await signUp();
    const second = await read(await signIn(user.email), 200, signedInSchema);
    const { results } = await read(await call("GET", "/auth/sessions", { token }), 200, sessionsSchema);
    const current = results.find((session) => session.current);
    expect((await call("DELETE", `/auth/sessions/${current?.id}`, { token })).status).toBe(204);
    expect((await call("POST", "/auth/token", { body: { session_token } })).status).toBe(401);
    const kept = await call("POST", "/auth/token", { body: { session_token: second.session_token } });
    expect(kept.status).toBe(200);
  });

  it("are listed in pages whose cursors belong to their owner", async () => {
    const { user, access_token: token } = await signUp();
    await signIn(user.email);
    await signIn(user.email);
    const seen = new Set<string>();
    let cursor = "";
    for (;;) {
      const page = await read(await call("GET", `/auth/sessions?limit=2${cursor}`, { token }), 200, sessionsSchema);
      for (const session of page.results) seen.add(session.id);
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
      const stranger = await call("GET", `/auth/sessions?limit=2${cursor}`, { token: await tokenOf("stranger") });
      expect((await problem(stranger, 400)).code).toBe("invalid_cursor");
    }
    expect(seen.size).toBe(3);
  });
});

describe("refusals", () => {
  it("[I9] name every wrong field and create nobody", async () => {
    const email = freshEmail();
    const body = { email: "no address", name: " ", password: "short", role: "admin" };
    const refused = await problem(await call("POST", "/auth/sign-up", { body }), 400);
    expect(refused.code).toBe("invalid_input");
    expect(refused.errors?.map((error) => error.path).sort()).toEqual(["email", "name", "password", "role"]);
    for (const password of ["123456789", "x".repeat(129)]) {
      const weak = await call("POST", "/auth/sign-up", { body: { email, name: "Ada", password } });
      expect((await problem(weak, 400)).errors?.map((error) => error.path)).toEqual(["password"]);
    }
    expect(await env.DB.prepare("SELECT id FROM users WHERE email = ?").bind(email).first()).toBeNull();
  });

  it("[I5] accept one of two simultaneous registrations of an address, completely, and do not say which", async () => {
    const email = freshEmail();
    const answers = await Promise.all([register(email), register(email.toUpperCase())]);
    expect(answers.map((answer) => answer.status)).toEqual([202, 202]);
    const rows = await env.DB.prepare(
      "SELECT u.id, a.id AS account FROM accounts a LEFT JOIN users u ON u.id = a.user_id WHERE u.email = ? OR u.id IS NULL",
    )
      .bind(email)
      .all();
    expect(rows.results).toHaveLength(1);
  });

  it("[fault 9] registering does not show whether an address has an account, by words or by time", async () => {
    const taken = freshEmail();
    await signUp(taken);
    const fastest = { free: Number.POSITIVE_INFINITY, taken: Number.POSITIVE_INFINITY };
    const texts = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      for (const kind of ["free", "taken"] as const) {
        const started = Date.now();
        const answer = await register(kind === "free" ? freshEmail() : taken, "another horse battery");
        fastest[kind] = Math.min(fastest[kind], Date.now() - started);
        texts.add(`${answer.status} ${await answer.text()}`);
      }
    }
    expect(texts.size).toBe(1);
    expect(Math.min(fastest.free, fastest.taken) / Math.max(fastest.free, fastest.taken)).toBeGreaterThan(0.5);
    // The account of before is as it was.
    expect((await signIn(taken)).status).toBe(200);
    expect((await problem(await signIn(taken, "another horse battery"), 401)).code).toBe("invalid_credentials");
  });

  const GUESSED: Record<string, unknown> = {
    personal: expect.stringContaining("your name or address"),
    product: expect.stringContaining("this product's name"),
    common: expect.stringContaining("most common"),
    pattern: expect.stringContaining("pattern"),
  };
  it.each([
    ["passwordpassword", "pattern"],
    ["Password123!", "common"],
    ["p@ssw0rdp@ssw0rd", "pattern"],
    ["qwertyuiop", "common"],
    ["1qaz2wsx3edc", "common"],
    ["abcdefghijkl", "pattern"],
    ["aaaaaaaaaaaa", "pattern"],
    ["iloveyou2024", "common"],
    ["abababababab", "pattern"],
    ["ada.lovelace1", "personal"],
    ["Lovelace2026", "personal"],
    ["密码密码密码密码密码", "pattern"],
    ["latchkey1234", "product"],
    ["ada@example.org", "personal"],
  ])("[fault 9] [I9] refuses %s wherever a password is set, with field and rule, as %s", async (password, why) => {
    const email = `ada.lovelace.${crypto.randomUUID().slice(0, 4)}@example.org`;
    const token = await tokenOf("head", "admin");
    const refusals = [
      ["password", await register(email, password)],
      [
        "password",
        await call("POST", "/users", { token, body: { email, name: "Ada Lovelace", role: "author", password } }),
      ],
    ] as const;
    for (const [path, answer] of refusals) {
      const { errors } = await problem(answer, 400);
      expect(errors).toMatchObject([{ path, rule: "easily_guessed", message: GUESSED[why] }]);
      expect(JSON.stringify(errors)).not.toContain(password);
    }
    expect(await env.DB.prepare("SELECT id FROM users WHERE email = ?").bind(email).first()).toBeNull();
  });

  it("[fault 9] refuses to change to a password that is easily guessed", async () => {
    const { access_token: token } = await signUp();
    const body = { password: PASSWORD, new_password: "passwordpassword" };
    const { errors } = await problem(await call("POST", "/auth/password", { token, body }), 400);
    expect(errors).toMatchObject([{ path: "new_password", rule: "easily_guessed" }]);
  });

  it("answers an unknown address and a wrong password alike, in similar time", async () => {
    const { user } = await signUp();
    const attempts = { unknown: () => signIn(freshEmail()), wrong: () => signIn(user.email, "wrong horse battery") };
    const fastest = { unknown: Number.POSITIVE_INFINITY, wrong: Number.POSITIVE_INFINITY };
    const texts = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      for (const kind of ["unknown", "wrong"] as const) {
        const started = Date.now();
        const { request_id: _, ...rest } = await problem(await attempts[kind](), 401);
        fastest[kind] = Math.min(fastest[kind], Date.now() - started);
        texts.add(JSON.stringify(rest));
      }
    }
    expect([...texts]).toEqual([JSON.stringify({ code: "invalid_credentials" })]);
    // Without a hash for unknown addresses the quotient would be near 0.05; noise of the machine stays above a half.
    expect(fastest.unknown / fastest.wrong).toBeGreaterThan(0.5);
  });
});
