import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import {
  accessSchema,
  call,
  freshEmail,
  PASSWORD,
  problem,
  read,
  sessionsSchema,
  signedInSchema,
  signIn,
  signUp,
  tokenOf,
  userSchema,
} from "./support.ts";

const admin = () => tokenOf("head", "admin");
const patch = async (id: string, body: unknown, token?: string) =>
  call("PATCH", `/users/${id}`, { body, token: token ?? (await admin()) });
const renew = (session_token: string) => call("POST", "/auth/token", { body: { session_token } });

describe("an admin", () => {
  it("creates users with a role, who can sign in", async () => {
    const email = freshEmail();
    const id = `author-${crypto.randomUUID()}`;
    const body = { id, email, name: "Grace", role: "author", password: PASSWORD };
    const created = await call("POST", "/users", { token: await admin(), body });
    expect(await read(created, 201, userSchema)).toMatchObject({ id, email, role: "author" });
    const signedIn = await read(await signIn(email), 200, signedInSchema);
    expect(signedIn.user).toMatchObject({ id, role: "author" });
    for (const [twin, detail] of [
      [{ ...body, id: undefined }, "The e-mail address is taken."],
      [{ ...body, email: freshEmail() }, "The id is taken."],
    ] as const) {
      const again = await call("POST", "/users", { token: await admin(), body: twin });
      expect(await problem(again, 409)).toMatchObject({ code: "user_exists", detail });
    }
  });

  it("creates users without a password, who cannot sign in with any password", async () => {
    const email = freshEmail();
    const body = { email, name: "Grader", role: "service" };
    expect((await call("POST", "/users", { token: await admin(), body })).status).toBe(201);
    expect((await problem(await signIn(email), 401)).code).toBe("invalid_credentials");
  });

  it("changes a role, which is in the next access token", async () => {
    const { user, session_token } = await signUp();
    expect(await read(await patch(user.id, { role: "author" }), 200, userSchema)).toMatchObject({ role: "author" });
    const renewed = await read(await renew(session_token), 200, accessSchema);
    expect(renewed.user.role).toBe("author");
    const answer = await call("POST", "/users", { token: renewed.access_token, body: {} });
    expect((await problem(answer, 403)).detail).toContain("admin");
  });

  it("bans a user: sessions end, signing in is refused, and lifting the ban lets them back", async () => {
    const { user, session_token } = await signUp();
    const banned = await read(await patch(user.id, { ban: { reason: "spam" } }), 200, userSchema);
    expect(banned.ban).toEqual({ reason: "spam", until: null });
    expect((await problem(await renew(session_token), 401)).code).toBe("unauthenticated");
    expect((await problem(await signIn(user.email), 403)).detail).toBe("This account is suspended.");
    // Who does not know the password learns nothing of the ban.
    expect((await problem(await signIn(user.email, "wrong horse battery"), 401)).code).toBe("invalid_credentials");
    expect((await read(await patch(user.id, { ban: null }), 200, userSchema)).ban).toBeNull();
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("bans for a time, and after it the user can sign in again", async () => {
    const { user } = await signUp();
    await patch(user.id, { ban: { reason: "cool down", until: "2999-01-01T00:00:00+01:00" } });
    const seen = await read(await call("GET", `/users/${user.id}`, { token: await admin() }), 200, userSchema);
    expect(seen.ban).toEqual({ reason: "cool down", until: "2998-12-31T23:00:00.000Z" });
    expect((await signIn(user.email)).status).toBe(403);
    await env.DB.prepare("UPDATE users SET ban_expires = ? WHERE id = ?")
      .bind(Date.now() - 1, user.id)
      .run();
    expect((await signIn(user.email)).status).toBe(200);
  });

  it("bans also if a session was not ended by the ban, because renewing checks the ban", async () => {
    const { user, session_token } = await signUp();
    await env.DB.prepare("UPDATE users SET banned = 1 WHERE id = ?").bind(user.id).run();
    expect((await problem(await renew(session_token), 403)).detail).toBe("This account is suspended.");
  });

  it("cannot lock themselves out", async () => {
    const token = await tokenOf("head", "admin");
    for (const body of [{ role: "learner" }, { ban: { reason: "oops" } }]) {
      expect((await problem(await patch("head", body, token), 403)).code).toBe("forbidden");
    }
  });

  it("says when a user does not exist", async () => {
    const read = await call("GET", "/users/nobody", { token: await admin() });
    expect((await problem(read, 404)).code).toBe("user_not_found");
    expect((await problem(await patch("nobody", { name: "No One" }), 404)).code).toBe("user_not_found");
  });
});

describe("[I8] any other user", () => {
  it("cannot read or change other users, existing or not", async () => {
    const { user } = await signUp();
    for (const role of ["learner", "author", "service"] as const) {
      const token = await tokenOf("eve", role);
      for (const id of [user.id, "nobody"]) {
        expect((await problem(await call("GET", `/users/${id}`, { token }), 403)).code).toBe("forbidden");
        expect((await problem(await patch(id, { name: "Mallory" }, token), 403)).code).toBe("forbidden");
      }
    }
    const after = await read(await call("GET", `/users/${user.id}`, { token: await admin() }), 200, userSchema);
    expect(after).toEqual(user);
  });

  it("cannot change their own role, ban, id or address; a name in the same request does not change either", async () => {
    const { user, access_token: token } = await signUp();
    for (const lift of [{ role: "admin" }, { ban: null }]) {
      const refused = await patch(user.id, { name: "Mallory", ...lift }, token);
      const { code, detail } = await problem(refused, 403);
      expect([code, detail]).toEqual(["forbidden", "Only an admin changes roles and bans."]);
    }
    for (const unknown of [{ id: "head" }, { email: "x@example.org" }, { banned: false }, { email_verified: true }]) {
      const refused = await problem(await patch(user.id, { name: "Mallory", ...unknown }, token), 400);
      expect(refused.errors?.map((error) => error.rule)).toEqual(["unrecognized_keys"]);
    }
    expect((await problem(await patch(user.id, {}, token), 400)).code).toBe("invalid_input");
    const after = await call("GET", `/users/${user.id}`, { token });
    expect(await read(after, 200, userSchema)).toEqual(user);
  });

  it("cannot see or end a session of another user", async () => {
    const victim = await signUp();
    const { results } = await read(
      await call("GET", "/auth/sessions", { token: victim.access_token }),
      200,
      sessionsSchema,
    );
    for (const token of [await tokenOf("eve"), await admin()]) {
      const theirs = await read(await call("GET", "/auth/sessions", { token }), 200, sessionsSchema);
      expect(theirs.results).toEqual([]);
      const ended = await call("DELETE", `/auth/sessions/${results[0]?.id}`, { token });
      expect((await problem(ended, 404)).code).toBe("not_found");
    }
    expect((await renew(victim.session_token)).status).toBe(200);
  });

  it("cannot use the routes of this room without a token", async () => {
    for (const [method, path] of [
      ["GET", "/auth/sessions"],
      ["DELETE", "/auth/sessions/x"],
      ["GET", "/users/ada"],
      ["PATCH", "/users/ada"],
      ["POST", "/users"],
    ] as const) {
      expect((await problem(await call(method, path), 401)).code).toBe("unauthenticated");
    }
  });
});
