import { utf8Length } from "./bytes.ts";
import { formatCursor } from "./cursor.ts";
import { FULL_BYTES, ROOMY_BYTES } from "./frame-queue.ts";
import { frameMessage } from "./frames.ts";
import { type Direct, type Readers, send } from "./readers.ts";
import type { Position } from "./types.ts";

/** A receipt is asked for each time so many bytes were sent. */
const RECEIPT_BYTES = 32 * 1_024;

interface Frame {
  event: string;
  id: string;
  /** JSON. */
  data: string;
  retryMs?: number;
  /** Asks for a receipt however little was sent. */
  wantsReceipt?: boolean;
}

/** Whether a client has so much to confirm that nothing more is sent. */
export function isFull({ sent, taken }: Direct): boolean {
  return sent - taken > FULL_BYTES;
}

/** Whether it has confirmed enough to be sent the next page. */
export function hasRoom({ sent, taken }: Direct): boolean {
  return sent - taken <= ROOMY_BYTES;
}

/** Sends a frame and counts its bytes in `direct`, which the caller remembers. */
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
 * How far this stream is, as a heartbeat. As the head it names the same place: a client need not look for holes, because
 * whoever sends to a socket knows what it has sent.
 */
export function beat(socket: WebSocket, direct: Direct, now: number): void {
  const id = formatCursor(direct);
  const data = JSON.stringify({ head: id, at: new Date(now).toISOString() });
  write(socket, direct, { event: "stream.heartbeat", id, data });
}

/** A reader has come to a place in a log without an event that it could have been sent. */
export function notePlace(readers: Readers, socket: WebSocket, log: "user" | "broadcast", place: Position): void {
  const reader = readers.directOf(socket);
  if (reader !== null) readers.remember(socket, { ...reader, direct: { ...reader.direct, [log]: place } });
}
