import { z } from "@hono/zod-openapi";
import { recordAudit, recordOncePerDay } from "../audit/index.ts";
import { sha256Hex } from "../platform/hash.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { namesTag } from "../platform/http/etag.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery } from "../platform/http/pagination.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { cursorOf, MAX_CURSOR } from "./cursor.ts";
import { healthOf, healthSchema } from "./health.ts";
import { readHistory } from "./history.ts";
import { loadOf, PublisherAdmission } from "./publisher-admission.ts";
import { type Addressed, publishAll } from "./publishing.ts";
import {
  callKeyOf,
  MAX_PUBLISH_BODY,
  type PublishedEvent,
  publishAnswer,
  publishBody,
  publishHeaders,
  toNewEvent,
} from "./schemas.ts";
import { envelopeSchema, preferencesSchema } from "./shapes.ts";
import { streamRoutes } from "./stream-routes.ts";
import { callChannel } from "./stubs.ts";
import { mintStreamToken, STREAM_TOKEN_SECONDS } from "./tokens.ts";
import { allowTopics, reachesTopic, type TopicRights, topicsIn } from "./topic-rights.ts";
import { MAX_TOPICS_TEXT, topicsSchema } from "./topics.ts";

const TAGS = ["events"];
const STREAM_PATH = "/api/v1/events/stream";
const SOCKET_PATH = "/api/v1/events/socket";
const publishers = new PublisherAdmission();

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const TOPIC_RULE =
  "For the caller's own stream. Topics: courses in which the caller is enrolled or staff, the caller's cohorts, and tasks that name the caller as a reader.";

const tokenRoute = defineRoute(
  { roles: ROLES, scope: null, rule: TOPIC_RULE, rate: "write" },
  {
    method: "post",
    path: "/auth/sse-token",
    operationId: "createStreamToken",
    tags: TAGS,
    summary: "A token that opens one event stream within 60 s",
    request: {
      body: {
        required: false,
        content: json(z.strictObject({ topics: topicsSchema.default([]) }).openapi("StreamTokenRequest")),
      },
    },
    responses: {
      200: {
        description: "The token. Do not log it. Each connection needs a new one.",
        content: json(
          z.object({ sse_token: z.string(), expires_in: z.int(), stream_url: z.string(), socket_url: z.string() }),
        ),
      },
    },
  },
);

const cursorDescription = "Id of the last frame that the client handled; the stream continues after it.";

const historyRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "The caller's own events." },
  {
    method: "get",
    path: "/events/history",
    operationId: "listEventHistory",
    tags: TAGS,
    summary: "Past events, oldest first: to catch up, or to poll with the same cursor",
    request: {
      query: z.object({
        limit: pageQuery.limit,
        topics: z
          .string()
          .max(MAX_TOPICS_TEXT)
          .optional()
          .openapi({ description: "Topics to include, with commas between, as for a stream's token." }),
        since_id: z
          .string()
          .max(MAX_CURSOR)
          .optional()
          .openapi({
            description: `${cursorDescription} Default: the oldest event that is kept. "latest": only the place from which to continue.`,
          }),
      }),
    },
    responses: {
      200: {
        description: "Events after the cursor; `cursor` is the place from which to continue.",
        content: json(
          z.object({
            results: z.array(envelopeSchema),
            cursor: z.string(),
            next_cursor: z.string().nullable(),
            recovered: z.boolean(),
            reset_reason: z.enum(["expired", "unknown", "rewound"]).nullable(),
          }),
        ),
      },
      304: { description: "No new events since the answer with this ETag." },
    },
  },
);

const readPreferencesRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "The caller's own." },
  {
    method: "get",
    path: "/events/preferences",
    operationId: "getEventPreferences",
    tags: TAGS,
    summary: "Which events the caller receives",
    responses: { 200: { description: "The preferences.", content: json(preferencesSchema) } },
  },
);

const writePreferencesRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "The caller's own.", rate: "write" },
  {
    method: "put",
    path: "/events/preferences",
    operationId: "setEventPreferences",
    tags: TAGS,
    summary: "Set which events the caller receives; open streams follow at once",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, body: { required: true, content: json(preferencesSchema) } },
    responses: { 200: { description: "The preferences.", content: json(preferencesSchema) } },
  },
);

const publishRoute = defineRoute(
  {
    roles: ["service", "admin"],
    scope: "publish",
    rule: "Services and admins.",
    rate: "write",
    maxBody: MAX_PUBLISH_BODY,
  },
  {
    method: "post",
    path: "/events/publish",
    operationId: "publishEvents",
    tags: TAGS,
    summary: "Publish events to users or to everybody, up to 500 at once",
    request: { headers: publishHeaders, body: { required: true, content: json(publishBody) } },
    responses: {
      200: { description: "One outcome for each event and receiver, in order.", content: json(publishAnswer) },
    },
  },
);

const healthRoute = defineRoute(
  { roles: ["service", "admin"], scope: "publish", rule: "Services and admins." },
  {
    method: "get",
    path: "/events/health",
    operationId: "getEventHealth",
    tags: TAGS,
    summary: "Open streams, delivery lag, events still to be delivered, state of storage",
    responses: { 200: { description: "The present numbers.", content: json(healthSchema) } },
  },
);

/** @param hears which topics a caller may listen to; the rooms of courses and enrollments provide it. */
export function eventRoutes({ hears }: { hears: TopicRights }) {
  return newRouter()
    .route("/", streamRoutes())
    .openapi(tokenRoute, async (c) => {
      const { id, role, session } = actorOf(c);
      const topics = [...new Set(c.req.valid("json").topics)];
      const asked_at = Date.now();
      const allowed = await allowTopics(c, topics, hears);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const token = await mintStreamToken(c.env.AUTH_SECRET, { user: id, role, session, topics, asked_at }, Date.now());
      c.header("cache-control", "no-store");
      const body = {
        sse_token: token,
        expires_in: STREAM_TOKEN_SECONDS,
        stream_url: `${STREAM_PATH}?sse_token=${token}`,
        socket_url: `${SOCKET_PATH}?sse_token=${token}`,
      };
      return c.json(body, 200);
    })
    .openapi(historyRoute, async (c) => {
      const { id, role } = actorOf(c);
      const { since_id, limit, topics: named = "" } = c.req.valid("query");
      const topics = await topicsIn(c, named, hears);
      if (!topics.ok) return respond(c, topics.refusal);
      const found = await readHistory(
        c.env,
        { user: id, role, topics: topics.value },
        since_id === "latest" ? since_id : cursorOf(since_id),
        limit,
      );
      if (!found.ok) return respond(c, found.refusal);
      const { results, cursor, more, reset_reason, preferences } = found.value;
      const etag = `"${(await sha256Hex(JSON.stringify([since_id, cursor, limit, reset_reason, preferences, named]))).slice(0, 32)}"`;
      const headers = { etag, "cache-control": "private, no-cache", "content-type": "application/json" };
      if (namesTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
      const rest = JSON.stringify({
        cursor,
        next_cursor: more ? cursor : null,
        recovered: reset_reason === null,
        reset_reason,
      });
      return new Response(`{"results":[${results.join(",")}],${rest.slice(1)}`, { headers });
    })
    .openapi(readPreferencesRoute, async (c) => {
      const found = await callChannel(c.env, actorOf(c).id, (stub) => stub.preferences());
      return found.ok ? c.json(found.value, 200) : respond(c, found.refusal);
    })
    .openapi(writePreferencesRoute, async (c) => {
      const wish = c.req.valid("json");
      const saved = await callChannel(c.env, actorOf(c).id, (stub) => stub.setPreferences(wish));
      return saved.ok ? c.json(saved.value, 200) : respond(c, saved.refusal);
    })
    .openapi(publishRoute, async (c) => {
      const { events } = c.req.valid("json");
      const callKey = c.req.valid("header")["idempotency-key"];
      const keyless = events.findIndex(({ key, type }) => key === undefined && type !== "task.progress-updated");
      if (keyless >= 0 && callKey === undefined) {
        const message = "a key makes a retry harmless; send one here, or an Idempotency-Key for the call";
        return respond(
          c,
          refuse("invalid_input", { errors: [{ path: `events[${keyless}].key`, rule: "required", message }] }).refusal,
        );
      }
      const beyond = events.findIndex(({ to }) => "topic" in to && !reachesTopic(c, to.topic));
      if (beyond >= 0) {
        const message = "this key is limited to other courses than the topic's";
        const errors = [{ path: `events[${beyond}].to.topic`, rule: "not_allowed", message }];
        return respond(c, refuse("forbidden", { detail: "The key is limited to other courses.", errors }).refusal);
      }
      const publisher = actorOf(c).id;
      const admitted = publishers.admit(publisher, loadOf(events), Date.now());
      if (!admitted.ok) return respond(c, admitted.refusal);
      const call = await callKeyOf(callKey, events);
      const addressed: Addressed[] = [];
      for (const [index, published] of events.entries()) {
        const event = await toNewEvent(published, { publisher, call, index });
        const { to } = published;
        const users = "everyone" in to || "topic" in to ? [null] : "users" in to ? [...new Set(to.users)] : [to.user];
        for (const user of users) addressed.push({ user, event });
      }
      const recorded = await recordPublishing(c, addressed);
      if (!recorded.ok) return respond(c, recorded.refusal);
      const outcomes = await publishAll(c.env, addressed);
      if (outcomes.every(({ code }) => code === "idempotency_key_reused")) return respond(c, reused(events).refusal);
      const results = outcomes.map((outcome, index) => {
        const { user = null, event } = addressed[index] ?? {};
        const topic = event?.topic ?? null;
        return { ...outcome, ...(user === null ? {} : { user }), ...(topic === null ? {} : { topic }) };
      });
      return c.json({ results }, 200);
    })
    .openapi(healthRoute, async (c) => c.json(await healthOf(c.env, Date.now()), 200));
}

/** The refusal of a call if every event has a key that was used with another body. */
function reused(events: readonly PublishedEvent[]) {
  const message = "this key was used for another body; a new event needs a new key";
  const errors = events.map((_, index) => ({ path: `events[${index}].key`, rule: "idempotency_key_reused", message }));
  return refuse("idempotency_key_reused", { errors });
}

/**
 * A publisher to everybody leaves an entry in the audit log, the same one for the same events. A publisher to others'
 * channels leaves one a day, because jobs send progress all the time and each event is stored at its receiver.
 */
async function recordPublishing(c: AppContext, addressed: readonly Addressed[]): Promise<Result<null>> {
  const broadcast = addressed.filter(({ user, event }) => user === null && event.topic === null);
  if (broadcast.length > 0) {
    const keys = broadcast.map(({ event }) => event.key ?? crypto.randomUUID());
    const recorded = await recordAudit(c, {
      action: "event.broadcast",
      target: { type: "users", id: "everybody" },
      details: { entries: broadcast.length },
      unique: `${actorOf(c).id}:${await sha256Hex(JSON.stringify(keys))}`,
    });
    if (!recorded.ok) return recorded;
  }
  const toOthers = addressed.some(
    ({ user, event }) => event.topic !== null || (user !== null && user !== actorOf(c).id),
  );
  if (!toOthers) return ok(null);
  return recordOncePerDay(c, { action: "event.published", target: { type: "users", id: "channels" } });
}
