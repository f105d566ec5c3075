import { z } from "@hono/zod-openapi";
import { idempotent } from "../ops/idempotency.ts";
import {
  type AppContext,
  actorOf,
  defineRoute,
  idempotencyHeader,
  newRouter,
  respond,
  sha256Hex,
} from "../shared/http.ts";
import { pageQuery } from "../shared/pagination.ts";
import { refuse } from "../shared/results.ts";
import { ROLES } from "../shared/roles.ts";
import { acceptedSecrets, withAnySecret } from "../shared/secrets.ts";
import { archiveRoutes } from "./archive-routes.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import { healthOf, healthSchema } from "./health.ts";
import { readHistory } from "./history.ts";
import { type Addressed, publishAll } from "./publishing.ts";
import { MAX_PUBLISH_BODY, publishAnswer, publishBody, publishHeaders, toNewEvent } from "./schemas.ts";
import { openStream } from "./stream.ts";
import { callChannel } from "./stubs.ts";
import { mintStreamToken, STREAM_TOKEN_REFUSED, STREAM_TOKEN_SECONDS, verifyStreamToken } from "./tokens.ts";
import { envelopeSchema, preferencesSchema } from "./types.ts";

const TAGS = ["events"];
const STREAM_PATH = "/api/v1/events/stream";
/** Longest cursor looked at, characters. */
const MAX_CURSOR = 100;

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const tokenRoute = defineRoute(
  { roles: ROLES, rule: "For the caller's own stream.", rate: "write" },
  {
    method: "post",
    path: "/auth/sse-token",
    tags: TAGS,
    summary: "A token that opens one event stream within 60 s",
    responses: {
      200: {
        description: "The token. Do not log it; a new one is needed for each connection.",
        content: json(z.object({ sse_token: z.string(), expires_in: z.int(), stream_url: z.string() })),
      },
    },
  },
);

const cursorDescription = "Id of the last frame handled; the stream goes on after it.";
const streamRoute = defineRoute(
  { roles: "public", rule: "The stream token is the proof, once." },
  {
    method: "get",
    path: "/events/stream",
    tags: TAGS,
    summary: "Live events of the token's user (Server-Sent Events)",
    request: {
      query: z.object({
        sse_token: z.string().optional(),
        last_event_id: z
          .string()
          .optional()
          .openapi({ description: `${cursorDescription} The header wins.` }),
      }),
      headers: z.object({ "last-event-id": z.string().optional().openapi({ description: cursorDescription }) }),
    },
    responses: {
      200: {
        description: "The stream; its frames are described in docs/events.md.",
        content: { "text/event-stream": { schema: z.string() } },
      },
    },
  },
);

const historyRoute = defineRoute(
  { roles: ROLES, rule: "The caller's own events." },
  {
    method: "get",
    path: "/events/history",
    tags: TAGS,
    summary: "What the stream sent, oldest first: for catching up and for polling on the same cursor",
    request: {
      query: z.object({
        limit: pageQuery.limit,
        since_id: z
          .string()
          .max(MAX_CURSOR)
          .optional()
          .openapi({
            description: `${cursorDescription} Default: the oldest kept. "latest": only where to go on from now.`,
          }),
      }),
    },
    responses: {
      200: {
        description: "Events after the cursor; `cursor` is where to go on.",
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
      304: { description: "Nothing new since the answer with this ETag." },
    },
  },
);

const readPreferencesRoute = defineRoute(
  { roles: ROLES, rule: "The caller's own." },
  {
    method: "get",
    path: "/events/preferences",
    tags: TAGS,
    summary: "Which events the caller receives",
    responses: { 200: { description: "The preferences.", content: json(preferencesSchema) } },
  },
);

const writePreferencesRoute = defineRoute(
  { roles: ROLES, rule: "The caller's own.", rate: "write" },
  {
    method: "put",
    path: "/events/preferences",
    tags: TAGS,
    summary: "Set which events the caller receives; open streams follow at once",
    middleware: [idempotent()],
    request: { headers: idempotencyHeader, body: { required: true, content: json(preferencesSchema) } },
    responses: { 200: { description: "The preferences.", content: json(preferencesSchema) } },
  },
);

const publishRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins.", rate: "write", maxBody: MAX_PUBLISH_BODY },
  {
    method: "post",
    path: "/events/publish",
    tags: TAGS,
    summary: "Publish events to users or to everybody, up to 500 at once",
    request: { headers: publishHeaders, body: { required: true, content: json(publishBody) } },
    responses: {
      200: { description: "One outcome for each event and receiver, in order.", content: json(publishAnswer) },
    },
  },
);

const healthRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins." },
  {
    method: "get",
    path: "/events/health",
    tags: TAGS,
    summary: "Streams, delivery lag, what is still to be delivered, what storage says",
    responses: { 200: { description: "Numbers of now.", content: json(healthSchema) } },
  },
);

export function eventRoutes() {
  return newRouter()
    .route("/", archiveRoutes())
    .openapi(tokenRoute, async (c) => {
      const { id, role, session } = actorOf(c);
      const token = await mintStreamToken(c.env.AUTH_SECRET, { user: id, role, session }, Date.now());
      c.header("cache-control", "no-store");
      const body = {
        sse_token: token,
        expires_in: STREAM_TOKEN_SECONDS,
        stream_url: `${STREAM_PATH}?sse_token=${token}`,
      };
      return c.json(body, 200);
    })
    .openapi(streamRoute, async (c) => {
      const { sse_token, last_event_id } = c.req.valid("query");
      if (sse_token === undefined) return respond(c, STREAM_TOKEN_REFUSED.refusal);
      const token = await withAnySecret(
        acceptedSecrets(c.env),
        (secret) => verifyStreamToken(secret, sse_token, Date.now()),
        ({ ok }) => ok,
      );
      if (!token.ok) return respond(c, token.refusal);
      const opened = await openStream(c.env, {
        token: token.value,
        cursor: cursorOf(c.req.header("last-event-id") || last_event_id || undefined),
        address: addressOf(c),
        signal: c.req.raw.signal,
      });
      return opened.ok ? opened.value : respond(c, opened.refusal);
    })
    .openapi(historyRoute, async (c) => {
      const { id, role } = actorOf(c);
      const { since_id, limit } = c.req.valid("query");
      const found = await readHistory(
        c.env,
        { user: id, role },
        since_id === "latest" ? since_id : cursorOf(since_id),
        limit,
      );
      if (!found.ok) return respond(c, found.refusal);
      const { results, cursor, more, reset_reason, preferences } = found.value;
      const etag = `"${(await sha256Hex(JSON.stringify([since_id, cursor, limit, reset_reason, preferences]))).slice(0, 32)}"`;
      const headers = { etag, "cache-control": "private, no-cache", "content-type": "application/json" };
      if (c.req.header("if-none-match") === etag) return new Response(null, { status: 304, headers });
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
        const message = "a key makes a retry harmless; give one here, or an Idempotency-Key for the call";
        return respond(
          c,
          refuse("invalid_input", { errors: [{ path: `events[${keyless}].key`, rule: "required", message }] }).refusal,
        );
      }
      const addressed = events.flatMap((published, index): Addressed[] => {
        const event = toNewEvent(published, published.key ?? (callKey === undefined ? null : `${callKey}:${index}`));
        const { to } = published;
        if ("everyone" in to) return [{ user: null, event }];
        return ("users" in to ? [...new Set(to.users)] : [to.user]).map((user) => ({ user, event }));
      });
      const outcomes = await publishAll(c.env, addressed);
      const results = outcomes.map((outcome, index) => {
        const user = addressed[index]?.user ?? null;
        return { ...outcome, ...(user === null ? {} : { user }) };
      });
      return c.json({ results }, 200);
    })
    .openapi(healthRoute, async (c) => c.json(await healthOf(c.env, Date.now()), 200));
}

function cursorOf(id: string | undefined): Cursor | null | "unknown" {
  if (id === undefined) return null;
  return (id.length <= MAX_CURSOR ? parseCursor(id) : null) ?? "unknown";
}

function addressOf(c: AppContext): string {
  return c.req.header("cf-connecting-ip") ?? "unknown";
}
