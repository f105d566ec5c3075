import { logFault } from "../platform/log.ts";
import { ok, type Result } from "../platform/results.ts";
import type { StreamRequest } from "./live-stream.ts";
import { close } from "./readers.ts";
import { join, NO_ROOM, NOT_REACHED } from "./stream.ts";
import { stats } from "./stream-counts.ts";
import { channelStub } from "./stubs.ts";
import { STREAM_TOKEN_REFUSED } from "./tokens.ts";

/**
 * Opens a stream over a WebSocket, from the client to the user's channel. Nothing of it stays in the Worker.
 * @returns the answer that switches protocols.
 */
export async function openSocket(
  env: Env,
  { token, cursor, client, ifRoom, standing }: Omit<StreamRequest, "address" | "signal">,
): Promise<Result<Response>> {
  let socket: WebSocket | null = null;
  try {
    const { id, expires_at, session, role, user, asked_at, topics } = token;
    const channel = await join(channelStub(env, user), {
      after: null,
      token: { id, expires_at, session, asked_at },
      topics,
      client,
      if_room: ifRoom,
      direct: { role, cursor },
    });
    socket = channel.webSocket;
    // The answer that was requested: no client was refused that needed a place.
    if (channel.status === 429) return NO_ROOM;
    if (channel.status === 401) return abandon(STREAM_TOKEN_REFUSED);
    if (socket === null) return abandon(NOT_REACHED);
    // Checked again now that the stream is joined: if the user loses a right after this, the change finds the stream
    // and ends it.
    const now = await standing();
    if (!now.ok) return abandon(now);
    if (now.value !== role) return abandon(NOT_REACHED);
    return ok(new Response(null, { status: 101, webSocket: socket }));
  } catch (fault) {
    logFault("stream_not_opened", fault);
    return abandon(NOT_REACHED);
  }

  function abandon<T>(refusal: T): T {
    if (socket !== null) {
      socket.accept();
      close(socket);
    }
    stats.counts.refused += 1;
    return refusal;
  }
}
