import { z } from "@hono/zod-openapi";
import { cursorOf, openStream } from "../../events/index.ts";
import { standsNow } from "../../identity/index.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { namesTag } from "../../platform/http/etag.ts";
import { zodErrors } from "../../platform/http/field-errors.ts";
import { courseOfItem, itemIdSchema } from "../../platform/ids.ts";
import { type Refusal, refuse } from "../../platform/results.ts";
import { ROLES } from "../../platform/roles.ts";
import { acceptedSecrets, withAnySecret } from "../../platform/secrets.ts";
import { recordLooks } from "../looks.ts";
import { flagOf, flagsOf } from "./evaluate.ts";
import { mintNoticeToken, periodOf, verifyNoticeToken } from "./notice-token.ts";
import { noticesFrom } from "./notices.ts";
import { eventStream, flagRequestSchema, flagSchema, flagsRequestSchema, flagsSchema } from "./schemas.ts";

const NOTICES_PATH = "/ofrep/v1/notices";
const TAGS = ["unlock reads"];
const RULE = "About yourself; staff of a course about its learners; observers about their learners.";

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const flagsRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    keyCourses: "handler",
    rule: RULE,
    refuses: ["course_not_found", "course_unpublished", "not_enrolled", "sequence_ahead"],
  },
  {
    method: "post",
    path: "/ofrep/v1/evaluate/flags",
    operationId: "evaluateFlags",
    tags: TAGS,
    summary: "All items of a course as flags that say whether the learner may open them (OpenFeature's OFREP)",
    request: {
      query: z.object({
        flagConfigEtag: z
          .string()
          .max(200)
          .optional()
          .openapi({ description: "What a notice said. Nothing depends on it." }),
        flagConfigLastModified: z.string().max(40).optional().openapi({
          description: "What a notice said. Nothing depends on it.",
        }),
      }),
      body: { required: true, content: json(flagsRequestSchema) },
    },
    responses: {
      200: { description: "A flag for each item that the learner sees.", content: json(flagsSchema) },
      304: { description: "The flags are those of the ETag in If-None-Match." },
    },
  },
);

const flagRoute = defineRoute(
  {
    roles: ROLES,
    scope: "read",
    keyCourses: "handler",
    rule: RULE,
    refuses: ["course_not_found", "course_unpublished", "item_not_found", "sequence_ahead"],
  },
  {
    method: "post",
    path: "/ofrep/v1/evaluate/flags/{key}",
    operationId: "evaluateFlag",
    tags: TAGS,
    summary: "One item as a flag that says whether the learner may open it, and if not, why (OpenFeature's OFREP)",
    request: {
      params: z.object({ key: itemIdSchema }),
      body: { required: true, content: json(flagRequestSchema) },
    },
    responses: { 200: { description: "The flag.", content: json(flagSchema) } },
  },
);

const noticesRoute = defineRoute(
  {
    roles: "public",
    rule: "The token in the address names the user, and lasts no longer than their session.",
    refuses: ["unauthenticated", "rate_limited"],
  },
  {
    method: "get",
    path: NOTICES_PATH,
    operationId: "openFlagNotices",
    tags: ["events"],
    summary: "Says when to ask for the flags again (Server-Sent Events)",
    request: { query: z.object({ token: z.string() }) },
    responses: {
      200: {
        description: 'Events `message` with `{"type":"refetchEvaluation"}`.',
        content: { "text/event-stream": { schema: z.string() } },
      },
    },
  },
);

/** Codes of OpenFeature for what a request may be refused for; whatever is not here is `GENERAL`. */
const ERROR_CODES: Partial<Record<Refusal["code"], string>> = {
  invalid_input: "INVALID_CONTEXT",
  item_not_found: "FLAG_NOT_FOUND",
  course_not_found: "INVALID_CONTEXT",
  course_unpublished: "INVALID_CONTEXT",
  not_enrolled: "INVALID_CONTEXT",
  sequence_ahead: "INVALID_CONTEXT",
};

/** A problem document that is a failure of the protocol, too. */
function fail(c: AppContext, refusal: Refusal, key?: string) {
  const errors = refusal.errors ?? [];
  const isUntargeted = errors.some(({ path }) => path === "context.targetingKey");
  const errorCode = isUntargeted ? "TARGETING_KEY_MISSING" : (ERROR_CODES[refusal.code] ?? "GENERAL");
  const errorDetails =
    errors.map(({ path, message }) => `${path}: ${message}`).join("; ") || (refusal.detail ?? refusal.code);
  const extra = { ...refusal.extra, ...(key === undefined ? {} : { key }), errorCode, errorDetails };
  return respond(c, { ...refusal, extra });
}

/** Flags for front ends and services that speak OpenFeature. Their base address is that of the API. */
export function ofrepRoutes() {
  return newRouter()
    .openapi(
      flagsRoute,
      async (c) => {
        const { targetingKey: user, course, ...consistency } = c.req.valid("json").context;
        const found = await flagsOf(c, course, user, consistency);
        if (!found.ok) return fail(c, found.refusal);
        const recorded = await recordLooks(c, [{ user, course }]);
        if (!recorded.ok) return fail(c, recorded.refusal);
        const now = Date.now();
        const streams = await streamsFor(c, user, course, now);
        const { flags, snapshot } = found.value;
        const etag = streams === null ? found.value.etag : found.value.etag.replace(/"$/, `-${periodOf(now)}"`);
        c.header("etag", etag);
        c.header("cache-control", "private, no-cache");
        if (flags === null || namesTag(c.req.header("if-none-match"), etag)) return c.body(null, 304);
        const { version: snapshot_version, course_version, source } = snapshot;
        const metadata = { course, snapshot_version, course_version, source };
        return c.json({ flags, metadata, ...(streams === null ? {} : { eventStreams: streams }) }, 200);
      },
      (result, c) =>
        result.success
          ? undefined
          : fail(c, {
              code: "invalid_input",
              errors: zodErrors(result.error, result.target === "json" ? "" : result.target),
            }),
    )
    .openapi(
      flagRoute,
      async (c) => {
        const { key } = c.req.valid("param");
        const { targetingKey: user, ...consistency } = c.req.valid("json").context;
        const flag = await flagOf(c, key, user, consistency);
        if (!flag.ok) return fail(c, flag.refusal, key);
        const recorded = await recordLooks(c, [{ user, course: courseOfItem(key) }]);
        if (!recorded.ok) return fail(c, recorded.refusal, key);
        c.header("cache-control", "no-store");
        return c.json(flag.value, 200);
      },
      (result, c) =>
        result.success
          ? undefined
          : fail(
              c,
              { code: "invalid_input", errors: zodErrors(result.error, result.target === "json" ? "" : result.target) },
              c.req.param("key"),
            ),
    )
    .openapi(noticesRoute, async (c) => {
      if (c.req.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
      return openNotices(c, c.req.valid("query").token);
    });
}

/** Only one's own changes come over one's own stream, and only a session can be ended. */
async function streamsFor(c: AppContext, user: string, course: string, now: number) {
  const { id, role, session } = actorOf(c);
  if (id !== user || session === null) return null;
  const token = await mintNoticeToken(c.env.AUTH_SECRET, { user, role, session, course }, now);
  return [eventStream(`${new URL(c.req.url).origin}/api/v1${NOTICES_PATH}?token=${token}`)];
}

const REFUSED = refuse("unauthenticated", { detail: "The address is not valid any more. Ask for the flags again." });

async function openNotices(c: AppContext, token: string): Promise<Response> {
  const now = Date.now();
  const listener = await withAnySecret(
    acceptedSecrets(c.env),
    (secret) => verifyNoticeToken(secret, token, now),
    (found) => found !== null,
  );
  if (listener === null) return respond(c, REFUSED.refusal);
  const { user, role, session, course } = listener;
  const issued_at = Math.floor(now / 1_000);
  const standing = () => standsNow(c.env, user, { session, role, issued_at });
  const stands = await standing();
  if (!stands.ok) return respond(c, stands.refusal.code === "unauthenticated" ? REFUSED.refusal : stands.refusal);
  const opened = await openStream(c.env, {
    token: {
      user,
      role: stands.value,
      session,
      topics: [],
      asked_at: now,
      id: crypto.randomUUID(),
      issued_at,
      expires_at: now + 60_000,
    },
    standing,
    cursor: cursorOf(c.req.header("last-event-id") || undefined),
    address: c.req.header("cf-connecting-ip") ?? "unknown",
    client: null,
    ifRoom: false,
    signal: c.req.raw.signal,
  });
  if (!opened.ok) return respond(c, opened.refusal);
  const { body, headers } = opened.value;
  return body === null ? opened.value : new Response(noticesFrom(body, course), { headers });
}
