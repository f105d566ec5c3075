import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { LiveStream, type StreamRequest } from "./live-stream.ts";
import { close } from "./readers.ts";
import { shardOf } from "./shard-of.ts";
import { admission, stats } from "./stream-counts.ts";
import { broadcastShardStub, channelStub } from "./stubs.ts";
import { STREAM_TOKEN_REFUSED } from "./tokens.ts";
import { JOIN_HEADER, type JoinRequest } from "./wire.ts";

/** A client that wanted only a free place comes back after this time. */
const NO_ROOM_SECONDS = 30;

/** Answers for a stream that is not opened. */
export const NO_ROOM = refuse("rate_limited", {
  detail: "Other streams of this user are open and answer.",
  retry_after: NO_ROOM_SECONDS,
});
export const NOT_REACHED = refuse("unavailable", { detail: "The event log does not answer.", retry_after: 1 });

/**
 * Opens a stream: joins the user's channel (which uses up the token) and the user's broadcast shard, and returns the
 * response whose body is the stream.
 */
export async function openStream(env: Env, request: StreamRequest): Promise<Result<Response>> {
  const now = Date.now();
  const { token, cursor } = request;
  const place = admission.enter(env, { user: token.user, address: request.address }, now);
  if (!place.ok) return place;
  const sockets: WebSocket[] = [];
  try {
    const start = cursor === "unknown" ? null : cursor;
    const { id, expires_at, session, asked_at, topics } = token;
    const [channel, broadcasts] = await Promise.all([
      join(channelStub(env, token.user), {
        after: start?.user ?? null,
        token: { id, expires_at, session, asked_at },
        topics,
        client: request.client,
        if_room: request.ifRoom,
      }),
      join(broadcastShardStub(env, shardOf(env, token.user)), { after: start?.broadcast ?? null, topics }),
    ]);
    for (const { webSocket } of [channel, broadcasts]) if (webSocket !== null) sockets.push(webSocket);
    if (channel.status === 401) return abandon(STREAM_TOKEN_REFUSED);
    // The answer that was requested: no client was refused that needed a place.
    if (channel.status === 429) return abandon(NO_ROOM, { isCounted: false });
    const [own, all] = sockets;
    if (own === undefined || all === undefined) return abandon(NOT_REACHED);
    // Checked again now that the stream is joined: if the user loses a right after this, the change finds the stream
    // and ends it.
    const role = await request.standing();
    if (!role.ok) return abandon(role);
    const opened = { ...request, token: { ...token, role: role.value } };
    const stream = new LiveStream(env, opened, { user: own, broadcast: all }, place.value.leave);
    return ok(stream.response());
  } catch (fault) {
    logFault("stream_not_opened", fault);
    return abandon(NOT_REACHED);
  }

  function abandon<T>(refusal: T, { isCounted } = { isCounted: true }): T {
    if (place.ok) place.value.leave();
    for (const socket of sockets) {
      socket.accept();
      close(socket);
    }
    if (isCounted) stats.counts.refused += 1;
    return refusal;
  }
}

/** Asks a log's object to accept a reader. */
export async function join(
  stub: DurableObjectStub,
  request: JoinRequest,
): Promise<{ status: number; webSocket: WebSocket | null }> {
  const headers = { upgrade: "websocket", [JOIN_HEADER]: JSON.stringify(request) };
  return stub.fetch("https://log/join", { headers });
}
