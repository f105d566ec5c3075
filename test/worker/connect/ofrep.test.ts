import { env, exports } from "cloudflare:workers";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { expect, it } from "vitest";
import { z } from "zod";
import { mintNoticeToken, periodOf, verifyNoticeToken } from "../../../src/connect/ofrep/notice-token.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { type Call, call, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed } from "../../support/worker/learners.ts";
import { StreamReader } from "../../support/worker/streams.ts";

// Flags in the form of OpenFeature's Remote Evaluation Protocol: each item of a course is one.

const FLAGS = "/ofrep/v1/evaluate/flags";
const flagSchema = z.strictObject({
  key: z.string(),
  value: z.boolean(),
  reason: z.literal("TARGETING_MATCH"),
  variant: z.string(),
  metadata: z.object({ why: z.string() }).optional(),
});
const flagsSchema = z.object({
  flags: z.array(flagSchema),
  eventStreams: z.array(z.object({ type: z.literal("sse"), url: z.url() })).optional(),
});
const failureSchema = z.looseObject({
  status: z.number(),
  code: z.string(),
  errorCode: z.string(),
  errorDetails: z.string(),
  key: z.string().optional(),
});
const signedInSchema = z.object({
  access_token: z.string(),
  session_token: z.string(),
  user: z.object({ id: z.string() }),
});

async function course(learner: string) {
  const slug = freshSlug("flags");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Flags",
    options: { sticky: false },
    chapters: [
      { id: id("first"), title: "First" },
      { id: id("second"), title: "Second", rule: { completed: id("first") } },
      { id: id("secret"), title: "Secret", rule: { hide: { completed: id("first") } } },
    ],
    problems: [],
  });
  await enroll(slug, learner);
  return { slug, id };
}

const ask = (context: object, options: Call) => call("POST", FLAGS, { body: { context }, ...options });
const valuesOf = ({ flags }: z.infer<typeof flagsSchema>) =>
  Object.fromEntries(flags.map(({ key, value, variant }) => [key, [value, variant]]));

/** Somebody with an account and a session, as a front end has it. */
async function signedIn() {
  const account = { email: `u${crypto.randomUUID()}@example.org`, password: "correct horse battery" };
  await call("POST", "/auth/sign-up", { body: { ...account, name: "Ada" } });
  return read(await call("POST", "/auth/sign-in", { body: account }), 200, signedInSchema);
}

it("answers every item that a learner sees as a flag, and leaves out what is hidden", async () => {
  const { slug, id } = await course("ada");
  const token = await tokenOf("ada");
  const all = async () =>
    valuesOf(await read(await ask({ targetingKey: "ada", course: slug }, { token }), 200, flagsSchema));
  expect(await all()).toEqual({ [id("first")]: [true, "unlocked"], [id("second")]: [false, "locked"] });
  await completed(slug, "ada", "first");
  expect(await all()).toEqual({
    [id("first")]: [true, "completed"],
    [id("second")]: [true, "unlocked"],
    [id("secret")]: [true, "unlocked"],
  });
});

it("answers 304 while the flags are those of the ETag, and the flags when they are not", async () => {
  const { slug } = await course("ada");
  const token = await tokenOf("ada");
  const context = { targetingKey: "ada", course: slug };
  const first = await ask(context, { token });
  const headers = { "if-none-match": first.headers.get("etag") ?? "" };
  const again = await ask(context, { token, headers });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  await completed(slug, "ada", "first");
  const changed = await ask(context, { token, headers });
  expect(changed.status).toBe(200);
  expect(changed.headers.get("etag")).not.toBe(headers["if-none-match"]);
});

it("answers one item as a flag, and says why it is locked", async () => {
  const { slug, id } = await course("ada");
  const token = await tokenOf("ada");
  const one = (name: string, targetingKey = "ada", as = token) =>
    call("POST", `${FLAGS}/${id(name)}`, { body: { context: { targetingKey } }, token: as });
  expect(await read(await one("first"), 200, flagSchema)).toMatchObject({ key: id("first"), value: true });
  const second = await read(await one("second"), 200, flagSchema);
  expect(second).toMatchObject({ value: false, variant: "locked" });
  expect(second.metadata?.why).toContain("First");
  // An item that is hidden is told like one that is not there.
  for (const name of ["secret", "nothing"]) {
    const failure = await read(await one(name), 404, failureSchema);
    expect(failure).toMatchObject({ code: "item_not_found", errorCode: "FLAG_NOT_FOUND", key: id(name) });
  }
  const stranger = await read(await one("first", "nobody", await author()), 200, flagSchema);
  expect(stranger).toMatchObject({ value: false, variant: "not_enrolled" });
  const { progress_seq } = await completed(slug, "ada", "first");
  const body = { context: { targetingKey: "ada", min_seq: progress_seq } };
  const after = await call("POST", `${FLAGS}/${id("second")}`, { body, token });
  expect(await read(after, 200, flagSchema)).toMatchObject({ value: true });
});

it("refuses in a form that is a problem document and a failure of the protocol", async () => {
  const { slug } = await course("ada");
  const token = await tokenOf("ada");
  const failed = async (context: object, status: number) => read(await ask(context, { token }), status, failureSchema);
  expect(await failed({ course: slug }, 400)).toMatchObject({ errorCode: "TARGETING_KEY_MISSING" });
  expect(await failed({ targetingKey: "ada" }, 400)).toMatchObject({ errorCode: "INVALID_CONTEXT" });
  expect((await failed({ targetingKey: "ada" }, 400)).errorDetails).toContain("context.course");
  expect(await failed({ targetingKey: "ada", course: "gone" }, 404)).toMatchObject({ errorCode: "INVALID_CONTEXT" });
  expect((await ask({ targetingKey: "bob", course: slug }, { token })).status).toBe(403);
  expect((await ask({ targetingKey: "ada", course: slug }, {})).status).toBe(401);
});

it("works with OpenFeature's own provider for front ends", async () => {
  const { slug, id } = await course("ada");
  const token = await tokenOf("ada");
  const statuses: number[] = [];
  const provider = new OFREPWebProvider({
    baseUrl: "http://latchkey.test/api/v1",
    headers: [["authorization", `Bearer ${token}`]],
    cacheMode: "disabled",
    fetchImplementation: async (...asked: Parameters<typeof fetch>) => {
      const answer = await exports.default.fetch(new Request(...asked));
      statuses.push(answer.status);
      return answer;
    },
  });
  const context = { targetingKey: "ada", course: slug };
  await provider.initialize?.(context);
  const isOpen = (name: string) => provider.resolveBooleanEvaluation(id(name), false, context);
  expect(isOpen("first")).toMatchObject({ value: true, variant: "unlocked", reason: "TARGETING_MATCH" });
  expect(isOpen("second")).toMatchObject({ value: false, variant: "locked" });
  expect(isOpen("secret")).toMatchObject({ value: false, errorCode: "FLAG_NOT_FOUND" });
  await provider.onContextChange?.(context, context);
  await completed(slug, "ada", "first");
  await provider.onContextChange?.(context, context);
  expect(isOpen("second")).toMatchObject({ value: true });
  expect(statuses).toEqual([200, 304, 200]);
  await provider.onClose?.();
});

it("names a stream that says when to ask again, which stays the same and ends with the session", async () => {
  const { access_token: token, session_token, user } = await signedIn();
  const { slug } = await course(user.id);
  const { slug: other } = await course(user.id);
  const context = { targetingKey: user.id, course: slug };
  const address = async () => {
    const { eventStreams = [] } = await read(await ask(context, { token }), 200, flagsSchema);
    return (eventStreams[0]?.url ?? "").replace("http://latchkey.test/api/v1", "");
  };
  const path = await address();
  expect(await address()).toBe(path);
  const open = () => call("GET", path);
  const stream = new StreamReader(await open());
  const refetch = { type: "refetchEvaluation" };
  // Something may have changed between the flags and the stream.
  expect((await stream.expect("message")).data).toEqual(refetch);
  await completed(other, user.id, "first");
  await completed(slug, user.id, "first");
  const notice = await stream.expect("message");
  expect(notice).toMatchObject({ data: refetch });
  // A provider opens the same address again, with the place where it was.
  const again = new StreamReader(await call("GET", path, { headers: { "last-event-id": notice.id ?? "" } }));
  expect((await again.expect("message")).data).toEqual(refetch);
  expect(
    (
      await call(
        "GET",
        path.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      )
    ).status,
  ).toBe(401);
  expect((await call("POST", "/auth/sign-out", { body: { session_token } })).status).toBe(204);
  expect(await stream.next()).toBeNull();
  expect((await open()).status).toBe(401);
});

it("has addresses of streams that outlive the ETag that they come with", async () => {
  const listener = { user: "ada", role: "learner", session: "s", course: "c" } as const;
  const hour = 3_600_000;
  const start = Date.parse("2026-01-01T11:59:00Z");
  const token = await mintNoticeToken(env.AUTH_SECRET, listener, start);
  expect(await mintNoticeToken(env.AUTH_SECRET, listener, start - hour)).toBe(token);
  expect(await verifyNoticeToken(env.AUTH_SECRET, token, start + hour)).toEqual(listener);
  expect(periodOf(start + hour)).toBe(periodOf(start) + 1);
  expect(await mintNoticeToken(env.AUTH_SECRET, listener, start + hour)).not.toBe(token);
  expect(await verifyNoticeToken(env.AUTH_SECRET, token, start + 13 * hour)).toBeNull();
  const { access_token, user } = await signedIn();
  const { slug } = await course(user.id);
  const answer = await ask({ targetingKey: user.id, course: slug }, { token: access_token });
  expect(answer.headers.get("etag")).toContain(`-${periodOf(Date.now())}"`);
});

it("names no stream for another learner's flags, nor to a caller without a session", async () => {
  const { slug } = await course("ada");
  const context = { targetingKey: "ada", course: slug };
  for (const token of [await author(), await tokenOf("ada")]) {
    expect(await read(await ask(context, { token }), 200, flagsSchema)).not.toHaveProperty("eventStreams");
  }
});
