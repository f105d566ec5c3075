import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Duplex, Readable } from "node:stream";
import { z } from "zod";
import { CLOSE, clientFrame, PING, PONG, ServerFrames, TEXT } from "../../../bench/lib/web-socket.ts";

const messageSchema = z.strictObject({
  event: z.string(),
  id: z.string().optional(),
  retry: z.int().optional(),
  ack: z.int().optional(),
  data: z.unknown(),
});

/** An answer as a stream of Server-Sent Events. */
export interface StreamAnswer extends Readable {
  statusCode?: number | undefined;
  headers: IncomingHttpHeaders;
}

/**
 * What comes over a WebSocket, as the stream of Server-Sent Events that says the same: so that every case asks both. It
 * confirms what it reads, and nothing while it is paused.
 */
export function asEventStream({ headers }: IncomingMessage, socket: Duplex, first: Buffer): StreamAnswer {
  const frames = new ServerFrames();
  const take = (chunk: Buffer) => {
    frames.push(chunk);
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      if (frame.kind === PING) socket.write(clientFrame(PONG, frame.text));
      else if (frame.kind === CLOSE) socket.end();
      else if (frame.kind === TEXT) say(frame.text);
    }
  };
  const say = (text: string) => {
    const { event, id, retry, ack, data } = messageSchema.parse(JSON.parse(text));
    const lines = [
      ...(retry === undefined ? [] : [`retry: ${retry}\n`]),
      `event: ${event}\n`,
      ...(id === undefined ? [] : [`id: ${id}\n`]),
      `data: ${JSON.stringify(data)}\n\n`,
    ];
    if (event !== "stream.probe") answer.push(lines.join(""));
    if (ack !== undefined) socket.write(clientFrame(TEXT, `ack ${ack}`));
  };
  const answer = Object.assign(
    new Readable({
      read: () => undefined,
      destroy: (_, done) => {
        socket.destroy();
        done(null);
      },
    }),
    { statusCode: 200, headers: { ...headers, "content-type": "text/event-stream" } },
  );
  socket.on("data", take);
  socket.on("error", () => answer.push(null));
  socket.on("close", () => answer.push(null));
  answer.on("pause", () => socket.pause());
  answer.on("resume", () => socket.resume());
  if (first.length > 0) take(first);
  return answer;
}
