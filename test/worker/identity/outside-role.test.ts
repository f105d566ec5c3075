import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { freshEmail, PASSWORD, signedInSchema, signIn } from "./support.ts";

it("[I8] a ban from before there was an account gives nobody a role when it is over", async () => {
  const id = `outside-${crypto.randomUUID()}`;
  const token = await tokenOf("root", "admin");
  // Somebody of another provider was banned for a time, and the ban is over.
  await env.DB.prepare("INSERT INTO outside_bans (user_id, reason, until, banned_at) VALUES (?, 'rude', 1, 0)")
    .bind(id)
    .run();
  const email = freshEmail();
  const body = { id, email, name: "Grace", password: PASSWORD, role: "learner" };
  expect((await call("POST", "/users", { body, token })).status).toBe(201);
  const { access_token } = await read(await signIn(email, PASSWORD), 200, signedInSchema);
  expect((await call("GET", "/users", { token: access_token })).status).toBe(403);
  expect((await call("POST", "/keys", { body: {}, token: access_token })).status).toBe(403);
});
