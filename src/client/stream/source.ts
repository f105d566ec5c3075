import { retryAfter } from "../clock.ts";
import { type SseFrame, SseParser } from "../sse-parser.ts";
import {
  Leash,
  type SourceContext,
  type SourceEnd,
  type SourceHandlers,
  type SourceRequest,
  takeToken,
} from "./connection.ts";
import type { Timing } from "./options.ts";

/** One connection from its token to its end: gets the token, opens, reads, and notices silence. */
export async function readSource<E>(
  context: SourceContext,
  { cursor, client, ifRoom, firstByte }: SourceRequest,
  handlers: SourceHandlers<E>,
  signal: AbortSignal,
): Promise<SourceEnd | E> {
  const { clock, timing } = context;
  const leash = new Leash(clock, signal);
  try {
    const token = await takeToken(context, leash);
    if (typeof token !== "string") return token;
    leash.arm(firstByte, { kind: "silent" });
    const response = await context.events.openStream(token, cursor, {
      signal: leash.signal,
      client,
      ifRoom,
    });
    const { status, headers } = response;
    const waitMs = retryAfter(headers, clock.now());
    if (status === 204) return { kind: "unusable", forGood: true, waitMs };
    if (!response.ok) return { kind: "refused", status, waitMs };
    const type = headers.get("content-type") ?? "";
    if (status !== 200 || !type.startsWith("text/event-stream")) return { kind: "unusable", forGood: false, waitMs };
    // React Native's fetch only returns complete answers, and a stream has no end.
    if (!response.body) return { kind: "unreadable" };
    return await readBody(response.body, leash, timing, handlers);
  } catch {
    // Browsers word network faults differently; the leash knows the reason better.
    return leash.end ?? { kind: leash.hasRead ? "cut" : "refused", status: 0, waitMs: null };
  } finally {
    leash.close();
  }
}

async function readBody<E>(
  body: ReadableStream<Uint8Array>,
  leash: Leash,
  timing: Timing,
  handlers: SourceHandlers<E>,
): Promise<SourceEnd | E> {
  const frames: SseFrame[] = [];
  const parser = new SseParser({ onFrame: (frame) => frames.push(frame), onRetry: handlers.onRetry });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return leash.end ?? { kind: "cut" };
    leash.hasRead = true;
    // Handlers may take long: that delay is ours, not the server's.
    leash.disarm();
    parser.push(decoder.decode(value, { stream: true }));
    for (const frame of frames.splice(0)) {
      if (leash.end !== null) return leash.end;
      const end = await handlers.onFrame(() => ({
        event: frame.event,
        ownId: frame.ownId,
        data: JSON.parse(frame.data),
      }));
      if (end !== undefined) return end;
    }
    if (leash.end !== null) return leash.end;
    leash.arm(timing.heartbeatLate, { kind: "late" });
  }
}
