import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { LiveStream, type StreamRequest } from "./live-stream.ts";
import { close } from "./sockets.ts";
import { admission, stats } from "./stream-counts.ts";
import { broadcastShardStub, channelStub, shardOf } from "./stubs.ts";
import { STREAM_TOKEN_REFUSED } from "./tokens.ts";
import { JOIN_HEADER, type JoinRequest } from "./wire.ts";

/** Who wanted a place only if there is room comes back after that. */
const NO_ROOM_SECONDS = 30;

/**
 * Opens a stream: joins the user's channel (which burns the token) and the user's share of the broadcasts, and answers
 * with the response whose body is the stream.
 */
export async function openStream(env: Env, request: StreamRequest): Promise<Result<Response>> {
  const now = Date.now();
  const { token, cursor } = request;
  const place = admission.enter(env, { user: token.user, address: request.address }, now);
  if (!place.ok) return place;
  const sockets: WebSocket[] = [];
  try {
    const start = cursor === "unknown" ? null : cursor;
    const { id, expires_at, session } = token;
    const [channel, broadcasts] = await Promise.all([
      join(channelStub(env, token.user), {
        after: start?.user ?? null,
        token: { id, expires_at, session },
        client: request.client,
        if_room: request.ifRoom,
      }),
      join(broadcastShardStub(env, shardOf(env, token.user)), { after: start?.broadcast ?? null }),
    ]);
    for (const { webSocket } of [channel, broadcasts]) if (webSocket !== null) sockets.push(webSocket);
    if (channel.status === 401) return abandon(STREAM_TOKEN_REFUSED);
    if (channel.status === 429) {
      const detail = "Other streams of this user are open and answer.";
      // As asked: nobody was refused who had to have a place.
      return abandon(refuse("rate_limited", { detail, retry_after: NO_ROOM_SECONDS }), { isCounted: false });
    }
    const [own, all] = sockets;
    if (own === undefined || all === undefined) {
      return abandon(refuse("unavailable", { detail: "The events could not be reached.", retry_after: 1 }));
    }
    // Asked once more now that the stream is joined: what is taken from the user after this finds the stream and ends it.
    const role = await request.standing();
    if (!role.ok) return abandon(role);
    const opened = { ...request, token: { ...token, role: role.value } };
    const stream = new LiveStream(env, opened, { user: own, broadcast: all }, place.value.leave);
    return ok(stream.response());
  } catch (fault) {
    logFault("stream_not_opened", fault);
    return abandon(refuse("unavailable", { detail: "The events could not be reached.", retry_after: 1 }));
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

async function join(
  stub: DurableObjectStub,
  request: JoinRequest,
): Promise<{ status: number; webSocket: WebSocket | null }> {
  const headers = { upgrade: "websocket", [JOIN_HEADER]: JSON.stringify(request) };
  return stub.fetch("https://log/join", { headers });
}
