import { utf8Length } from "./bytes.ts";
import { formatCursor } from "./cursor.ts";
import { FULL_BYTES, ROOMY_BYTES } from "./frame-queue.ts";
import { frameMessage } from "./frames.ts";
import { type Direct, type Readers, send } from "./readers.ts";
import type { Position } from "./types.ts";

/** A receipt is requested each time that so many bytes were sent. */
const RECEIPT_BYTES = 32 * 1_024;

interface Frame {
  event: string;
  id: string;
  /** JSON. */
  data: string;
  retryMs?: number;
  /** Requests a receipt, even if few bytes were sent. */
  wantsReceipt?: boolean;
}

/** Whether a client has so much to confirm that nothing more is sent. */
export function isFull({ sent, taken }: Direct): boolean {
  return sent - taken > FULL_BYTES;
}

/** Whether it has confirmed enough to get the next page. */
export function hasRoom({ sent, taken }: Direct): boolean {
  return sent - taken <= ROOMY_BYTES;
}

/** Sends a frame and counts its bytes in `direct`, which the caller stores. */
export function write(socket: WebSocket, direct: Direct, frame: Frame): void {
  const { event, id, data, wantsReceipt = false } = frame;
  const retry = frame.retryMs === undefined ? {} : { retryMs: frame.retryMs };
  const message = frameMessage(event, id, data, retry);
  direct.sent += utf8Length(message);
  const isDue = wantsReceipt || direct.sent - direct.asked >= RECEIPT_BYTES;
  if (isDue) direct.asked = direct.sent;
  send(socket, isDue ? frameMessage(event, id, data, { ...retry, ack: direct.sent }) : message);
}

/**
 * The position of this stream, as a heartbeat. It names the same place as the head: a client need not look for gaps,
 * because the sender of a socket knows what it has sent.
 */
export function beat(socket: WebSocket, direct: Direct, now: number): void {
  const id = formatCursor(direct);
  const data = JSON.stringify({ head: id, at: new Date(now).toISOString() });
  write(socket, direct, { event: "stream.heartbeat", id, data });
}

/** A reader has passed events in a log that are not for it. */
export function notePlace(readers: Readers, socket: WebSocket, log: "user" | "broadcast", place: Position): void {
  const reader = readers.directOf(socket);
  if (reader !== null) readers.remember(socket, { ...reader, direct: { ...reader.direct, [log]: place } });
}
