import { type Case, type CaseContext, NotOffered, Refused } from "../lib/case.ts";
import { check, difference, same, textsOf } from "../lib/expect.ts";
import { SseStream } from "../lib/sse-stream.ts";
import { contractOf } from "./contract-of.ts";

// What the standard's line parser could trip over, sent as somebody's text. It arrives as it was, or is refused; the
// event behind it arrives either way.

const PAYLOADS: readonly [string, string][] = [
  ["a line feed", "a\nb"],
  ["a carriage return", "a\rb"],
  ["both together", "a\r\nb"],
  ["empty lines", "a\n\n\nb\r\r\rc"],
  ["only a line feed", "\n"],
  ["line feeds at the end", "a\n\n"],
  ["NUL", "a\u0000b"],
  ["a byte order mark first", "\ufeffa"],
  ["a leading space", " a"],
  ["two leading spaces", "  a"],
  ["a colon first", ": a"],
  ["a field name", "data: a"],
  ["nothing", ""],
  ["letters beyond the basic plane", "👩‍🚀 é ß 漢字 🏳️‍🌈"],
  ["U+2028 and U+2029", "a\u2028b\u2029c\u0085d"],
  ["64 KiB in one line", "x".repeat(65_536)],
  ["four-byte letters over many chunks", "𝄞".repeat(3_000)],
  ["what looks like frames", "data: x\nid: 7\nevent: forged\n\ndata: y\n\n"],
];

const ATTACKS: readonly [string, string][] = [
  ["LF", "\n\nevent: forged\nid: 9999\ndata: x\n\n"],
  ["CR", "\r\revent: forged\rid: 9999\rdata: x\r\r"],
  ["CRLF", "\r\n\r\nevent: forged\r\nid: 9999\r\nretry: 1\r\ndata: x\r\n\r\n"],
  ["NUL", "\u0000"],
];
const FIELDS = ["data", "event name", "key or id", "level", "receiver"] as const;

/** What a server writes, read by a parser that is not its own. */
export const framingCases: readonly Case[] = [
  ...PAYLOADS.map(
    ([what, text]): Case => ({
      group: "framing",
      name: `text with ${what} arrives unaltered`,
      needs: [],
      run: (context) => arrivesUnaltered(context, text),
    }),
  ),
  ...FIELDS.map(
    (field): Case => ({
      group: "framing",
      name: `nothing can be forged through the ${field}`,
      needs: [],
      async run(context) {
        const inject = context.target.inject[field];
        if (inject === undefined) throw new NotOffered(field);
        for (const [what, text] of ATTACKS) await forgesNothing(context, inject, what, text);
      },
    }),
  ),
  {
    group: "framing",
    name: "the answer says what it is, is not stored and not compressed",
    needs: ["sse"],
    async run({ open, user }) {
      const { headers } = await open(user());
      check(/^text\/event-stream\b/.test(headers["content-type"] ?? ""), `content-type is ${headers["content-type"]}`);
      check(/no-cache|no-store/.test(headers["cache-control"] ?? ""), `cache-control is ${headers["cache-control"]}`);
      same(headers["content-encoding"], undefined, "content-encoding");
    },
  },
  {
    group: "framing",
    name: "the first byte comes at once, before any event",
    needs: [],
    async run({ open, user }) {
      const stream = await open(user());
      await stream.until(() => stream.firstByteMs !== null, "the first byte", 2_000);
      check((stream.firstByteMs ?? 0) < 1_000, `the first byte came after ${stream.firstByteMs} ms`);
    },
  },
  {
    group: "framing",
    name: "opens with :ok and retry, uncompressed even for those who ask",
    needs: ["contract", "sse"],
    async run(context) {
      const contract = contractOf(context);
      const token = await contract.streamToken(context.user());
      const stream = context.keep(await contract.openWith(token, { "accept-encoding": "gzip, br, zstd" }));
      await stream.until(() => stream.frames.length > 0, "a first frame");
      same(stream.raw.subarray(0, 3).toString(), ":ok", "the first bytes");
      check((stream.retry ?? 0) > 0, "no retry field");
      same(stream.headers["content-encoding"], undefined, "content-encoding");
      check(/no-transform/.test(stream.headers["cache-control"] ?? ""), "cache-control lacks no-transform");
    },
  },
  {
    group: "framing",
    name: "each event is one line of JSON, whose id is the frame's and whose type is the event's",
    needs: ["contract"],
    async run({ open, user, target }) {
      const own = user();
      const stream = await open(own);
      await target.publish([{ to: { user: own }, text: "one\ntwo" }]);
      const frame = await stream.frame(({ event }) => event === "system.notification", "the event");
      const envelope: unknown = JSON.parse(frame.data);
      check(typeof envelope === "object" && envelope !== null, "the envelope is no object");
      same(Reflect.get(envelope, "id"), frame.id, "the envelope's id");
      same(Reflect.get(envelope, "type"), frame.event, "the envelope's type");
      check(!frame.data.includes("\n"), "data has more than one line");
      check(
        stream.frames.every(({ id }) => id !== undefined && id !== ""),
        "a frame has no id",
      );
    },
  },
  {
    group: "framing",
    name: "other methods on the stream's address open nothing and use up no token",
    needs: ["contract"],
    async run(context) {
      const contract = contractOf(context);
      const token = await contract.streamToken(context.user());
      const url = `${contract.url}/api/v1/events/stream?sse_token=${token}`;
      for (const method of ["POST", "PUT", "OPTIONS"]) {
        const answer = await fetch(url, { method, signal: AbortSignal.timeout(3_000) });
        check(!(answer.headers.get("content-type") ?? "").startsWith("text/event-stream"), `${method} opened a stream`);
        await answer.body?.cancel();
      }
      const stream = context.keep(await SseStream.open(url));
      same(stream.status, 200, "the token afterwards");
    },
  },
];

async function arrivesUnaltered({ open, user, target }: CaseContext, text: string): Promise<void> {
  const own = user();
  const stream = await open(own);
  const expected = ["behind"];
  try {
    await target.publish([{ to: { user: own }, text }]);
    expected.unshift(text);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
  }
  await target.publish([{ to: { user: own }, text: "behind" }]);
  await stream.until(() => textsOf(target, stream).includes("behind"), "the event behind it");
  same(difference(textsOf(target, stream), expected), "", "what arrived");
}

async function forgesNothing(
  { open, user, target }: CaseContext,
  inject: (user: string, text: string) => Promise<void>,
  what: string,
  text: string,
): Promise<void> {
  const own = user();
  const stream = await open(own);
  const { retry } = stream;
  const before = stream.frames.length;
  let most = 2;
  try {
    await inject(own, text);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    most = 1;
  }
  await target.publish([{ to: { user: own }, text: "behind" }]);
  await stream.until(() => stream.frames.some(({ data }) => data.includes("behind")), `${what}: the event behind it`);
  const extra = stream.frames.slice(before);
  check(!extra.some(({ event }) => event === "forged"), `${what}: a forged event name was read`);
  check(!extra.some(({ id }) => id === "9999"), `${what}: a forged id was read`);
  check(retry === stream.retry || stream.retry !== 1, `${what}: a forged retry was read`);
  check(extra.length <= most, `${what}: ${extra.length} frames were read of ${most} published`);
  check(!stream.raw.includes(0), `${what}: NUL is on the wire; an id with it is ignored by clients`);
}
