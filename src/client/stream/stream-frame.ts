/** A frame, from a socket or from Server-Sent Events. */
export interface StreamFrame {
  event: string;
  /** The id in this frame; null if it has none. */
  ownId: string | null;
  data: unknown;
}

/**
 * Reads a message of a socket. Absent members are left out.
 * @throws if it is not a frame.
 */
export function readMessage(text: string): StreamFrame & { retry?: number; ack?: number } {
  const fields = new Map<string, unknown>(Object.entries(Object(JSON.parse(text))));
  const event = fields.get("event");
  if (typeof event !== "string") throw new Error("a message without an event");
  const id = fields.get("id");
  const retry = fields.get("retry");
  const ack = fields.get("ack");
  return {
    event,
    ownId: typeof id === "string" ? id : null,
    data: fields.get("data"),
    ...(typeof retry === "number" ? { retry } : {}),
    ...(typeof ack === "number" ? { ack } : {}),
  };
}
