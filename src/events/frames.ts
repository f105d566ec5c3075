/** Line ends of the event-stream format: a bare CR ends a line too. */
const LINE_END = /\r\n|\r|\n/;
/**
 * Characters that a field of one line must not contain: CR and LF end it, and a NUL in an id makes clients ignore the
 * id.
 */
const FORBIDDEN = /[\r\n\0]/g;

const BREAKING = /[\r\n\0]/;

const encoder = new TextEncoder();

/**
 * One frame of `text/event-stream` (WHATWG HTML, "server-sent events"). Safe for any input: data is split at every kind
 * of line end, and what could end a line is taken out of the other fields.
 * @param retryMs how long the client should wait before it returns, from now on.
 */
export function frame(event: string, id: string, data: string, retryMs?: number): Uint8Array {
  const retry = retryMs === undefined ? "" : `retry: ${Math.round(retryMs)}\n`;
  if (!BREAKING.test(event) && !BREAKING.test(id) && !BREAKING.test(data)) {
    return encoder.encode(`event: ${event}\n${idLine(id)}${retry}data: ${data}\n\n`);
  }
  const lines = data
    .split(LINE_END)
    .map((line) => `data: ${line}\n`)
    .join("");
  const start = `event: ${event.replace(FORBIDDEN, "")}\n${idLine(id.replace(FORBIDDEN, ""))}${retry}`;
  return encoder.encode(`${start}${lines}\n`);
}

/** An empty id would make the client forget its cursor; without the line it keeps its cursor. */
function idLine(id: string): string {
  return id === "" ? "" : `id: ${id}\n`;
}

/**
 * The first bytes of a stream: a comment, so that headers are sent at once, and how long a client waits before it comes
 * back.
 */
export function preamble(retryMs: number): Uint8Array {
  return encoder.encode(`:ok\nretry: ${Math.round(retryMs)}\n\n`);
}

/**
 * The same frame as a message of a socket: JSON. Any input is safe except `data`, which must be JSON already.
 * @param ack the mark that the client sends back when it has the message.
 */
export function frameMessage(
  event: string,
  id: string,
  data: string,
  { retryMs, ack }: { retryMs?: number; ack?: number } = {},
): string {
  const head = JSON.stringify({
    event,
    ...(id === "" ? {} : { id }),
    ...(retryMs === undefined ? {} : { retry: Math.round(retryMs) }),
    ...(ack === undefined ? {} : { ack }),
  });
  return `${head.slice(0, -1)},"data":${data}}`;
}
