import { z } from "@hono/zod-openapi";
import { standsNow } from "../identity/index.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import type { AppContext } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets, withAnySecret } from "../platform/secrets.ts";
import { cursorOf } from "./cursor.ts";
import type { StreamRequest } from "./live-stream.ts";
import { openSocket } from "./socket.ts";
import { openStream } from "./stream.ts";
import { STREAM_TOKEN_REFUSED, verifyStreamToken } from "./tokens.ts";

const TAGS = ["events"];
/** Form of the name that a page or device chooses for itself. */
const CLIENT = /^[\x21-\x7e]{1,64}$/;

const cursorDescription = "Id of the last frame that the client handled; the stream continues after it.";
const openingQuery = z.object({
  sse_token: z.string().optional(),
  last_event_id: z
    .string()
    .optional()
    .openapi({ description: `${cursorDescription} The header wins.` }),
  client: z.string().regex(CLIENT, "1 to 64 visible ASCII characters without spaces").optional().openapi({
    description: "A random name of the page or device. Its earlier stream ends when this one opens.",
  }),
  if_room: z
    .enum(["true", "false"])
    .optional()
    .openapi({ description: "true: answer 429 instead of ending another stream that answers." }),
});
const openingHeaders = z.object({
  "last-event-id": z.string().optional().openapi({ description: cursorDescription }),
});

const streamRoute = defineRoute(
  {
    roles: "public",
    rule: "The stream token names the user. It works once.",
    refuses: ["unauthenticated", "rate_limited"],
  },
  {
    method: "get",
    path: "/events/stream",
    operationId: "openEventStream",
    tags: TAGS,
    summary: "Live events of the token's user (Server-Sent Events)",
    request: { query: openingQuery, headers: openingHeaders },
    responses: {
      200: {
        description: "The stream; its frames are described in docs/developers/events.md.",
        content: { "text/event-stream": { schema: z.string() } },
      },
    },
  },
);

const socketRoute = defineRoute(
  {
    roles: "public",
    rule: "The stream token names the user. It works once.",
    refuses: ["unauthenticated", "rate_limited", "upgrade_required"],
  },
  {
    method: "get",
    path: "/events/socket",
    operationId: "openEventSocket",
    tags: TAGS,
    summary: "Live events of the token's user (WebSocket)",
    request: { query: openingQuery, headers: openingHeaders },
    responses: {
      101: {
        description:
          "The socket. Its text messages are the frames of the stream, each as a JSON object: see SocketMessage and docs/developers/events.md.",
      },
    },
  },
);

/** The two ways to listen: a stream that ends in the Worker, and a socket to the user's channel. */
export function streamRoutes() {
  return newRouter()
    .openapi(streamRoute, async (c) => {
      // Hono answers HEAD by what GET does, which here uses up the token and may end another stream.
      if (c.req.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
      const asked = await openingOf(c, c.req.valid("query"));
      if (!asked.ok) return respond(c, asked.refusal);
      const address = c.req.header("cf-connecting-ip") ?? "unknown";
      const opened = await openStream(c.env, { ...asked.value, address, signal: c.req.raw.signal });
      return opened.ok ? opened.value : respond(c, refuseStream(opened.refusal));
    })
    .openapi(socketRoute, async (c) => {
      if (c.req.method !== "GET") return passOn(new Response(null, { status: 405, headers: { allow: "GET" } }));
      if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
        const refusal = respond(c, refuse("upgrade_required").refusal);
        refusal.headers.set("upgrade", "websocket");
        return refusal;
      }
      const asked = await openingOf(c, c.req.valid("query"));
      if (!asked.ok) return respond(c, asked.refusal);
      const opened = await openSocket(c.env, asked.value);
      return opened.ok ? passOn(opened.value) : respond(c, refuseStream(opened.refusal));
    });
}

/**
 * The client that opens a stream, and its position; a token that is no longer valid is refused before anything else
 * happens.
 */
async function openingOf(
  c: AppContext,
  { sse_token, last_event_id, client, if_room }: z.output<typeof openingQuery>,
): Promise<Result<Omit<StreamRequest, "address" | "signal">>> {
  if (sse_token === undefined) return STREAM_TOKEN_REFUSED;
  const token = await withAnySecret(
    acceptedSecrets(c.env),
    (secret) => verifyStreamToken(secret, sse_token, Date.now()),
    ({ ok: isValid }) => isValid,
  );
  if (!token.ok) return token;
  const { user, session, role, issued_at } = token.value;
  const standing = () => standsNow(c.env, user, { session, role, issued_at });
  // Checked before it joins: a token that is no longer valid must not end another stream.
  const stands = await standing();
  if (!stands.ok) return { ok: false, refusal: refuseStream(stands.refusal) };
  return ok({
    token: { ...token.value, role: stands.value },
    standing,
    cursor: cursorOf(c.req.header("last-event-id") || last_event_id || undefined),
    client: client ?? null,
    ifRoom: if_room === "true",
  });
}

/** A stream token that is no longer valid gets the answer of one that never existed. */
function refuseStream(refusal: Refusal): Refusal {
  return refusal.code === "unauthenticated" ? STREAM_TOKEN_REFUSED.refusal : refusal;
}
