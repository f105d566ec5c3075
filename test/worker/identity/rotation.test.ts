import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { type Call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { addressFor, put } from "../files/support.ts";
import { PASSWORD, signUp } from "./support.ts";

const NEXT = "Zq8-another-thirty-two-characters-and-more-41";

/** The deployment before, during and after its secret was replaced. */
const BEFORE: Partial<Env> = {};
const DURING = { AUTH_SECRET: NEXT, AUTH_SECRET_PREVIOUS: env.AUTH_SECRET };
const AFTER = { AUTH_SECRET: NEXT };

const at = (bindings: Partial<Env>, method: string, path: string, options: Call = {}) =>
  callWith(bindings, method, path, options);
const tokens = z.looseObject({ session_token: z.string().default(""), access_token: z.string() });
const page = z.looseObject({ next_cursor: z.string().nullable() });

it("replacing AUTH_SECRET signs nobody out and breaks no cursor, stream or upload while the old one is kept", async () => {
  const { user } = await signUp();
  const signedIn = await read(
    await at(BEFORE, "POST", "/auth/sign-in", { body: { email: user.email, password: PASSWORD } }),
    200,
    tokens,
  );
  const token = signedIn.access_token;
  const admin = await tokenOf("root", "admin");
  for (let number = 0; number < 3; number += 1) {
    const slug = freshSlug("rotation");
    await publish({ slug, title: "T", chapters: [{ id: `${slug}.a`, title: "A" }] }, { author: "alice" });
  }
  const first = await read(await at(BEFORE, "GET", "/courses?limit=1", { token: admin }), 200, page);
  const stream = await read(
    await at(BEFORE, "POST", "/auth/sse-token", { token }),
    200,
    z.looseObject({ sse_token: z.string() }),
  );
  const bytes = new TextEncoder().encode("signed before, sent after");
  const address = await addressFor(bytes, user.id);
  const cursor = encodeURIComponent(first.next_cursor ?? "");

  // Old access token, cursor and stream token are accepted; the session gives tokens that only the new secret signs.
  expect((await at(DURING, "GET", "/auth/sessions", { token })).status).toBe(200);
  expect((await at(DURING, "GET", `/courses?limit=1&cursor=${cursor}`, { token: admin })).status).toBe(200);
  const opened = await at(DURING, "GET", `/events/stream?sse_token=${stream.sse_token}`);
  expect(opened.status).toBe(200);
  await opened.body?.cancel();
  expect((await put(address, bytes, {}, DURING)).status).toBe(201);
  const renewed = await read(
    await at(DURING, "POST", "/auth/token", { body: { session_token: signedIn.session_token } }),
    200,
    tokens,
  );
  expect((await at(AFTER, "GET", "/auth/sessions", { token: renewed.access_token })).status).toBe(200);
  expect((await problem(await at(BEFORE, "GET", "/auth/sessions", { token: renewed.access_token }), 401)).code).toBe(
    "unauthenticated",
  );

  // Once the old secret is gone, what it signed is refused; sessions go on.
  expect((await problem(await at(AFTER, "GET", "/auth/sessions", { token }), 401)).code).toBe("unauthenticated");
  const refused = await at(AFTER, "GET", `/courses?limit=1&cursor=${cursor}`, { token: renewed.access_token });
  expect((await problem(refused, 400)).code).toBe("invalid_cursor");
  const again = await at(AFTER, "POST", "/auth/token", { body: { session_token: signedIn.session_token } });
  expect(again.status).toBe(200);
});

it("[I8] a signature with a third secret is refused while two are accepted", async () => {
  const token = await tokenOf("ada");
  const other = { AUTH_SECRET: NEXT, AUTH_SECRET_PREVIOUS: `${NEXT}x` };
  expect((await problem(await at(other, "GET", "/auth/sessions", { token }), 401)).code).toBe("unauthenticated");
});

it.each([
  ["missing", { AUTH_SECRET: "" }],
  ["short", { AUTH_SECRET: "zQ8-short" }],
  ["monotonous", { AUTH_SECRET: "ab".repeat(20) }],
  ["well known", { AUTH_SECRET: "changeme-changeme-changeme-0123456789" }],
  ["well known, as the one before", { AUTH_SECRET: NEXT, AUTH_SECRET_PREVIOUS: "development-0123456789-abcdefghij" }],
])("a deployment refuses to serve with a secret that is %s", async (_name, bindings) => {
  const refusal = await problem(await at(bindings, "GET", "/courses", { token: await tokenOf("ada") }), 503);
  expect(refusal.code).toBe("unavailable");
  expect(JSON.stringify(refusal)).not.toContain("AUTH_SECRET");
});
