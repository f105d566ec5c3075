import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SseParser } from "../../../src/client/sse-parser.ts";

interface Outcome {
  frames: [event: string, data: string, id: string][];
  retries: number[];
  comments: string[];
}

function parse(pieces: string[]): Outcome {
  const outcome: Outcome = { frames: [], retries: [], comments: [] };
  const parser = new SseParser({
    onFrame: ({ event, data, id }) => outcome.frames.push([event, data, id]),
    onRetry: (milliseconds) => outcome.retries.push(milliseconds),
    onComment: (text) => outcome.comments.push(text),
  });
  for (const piece of pieces) parser.push(piece);
  return outcome;
}

/** What the reference parser makes of it; it names an id only in the block that carries it. */
function reference(text: string): Pick<Outcome, "frames" | "retries"> {
  const outcome: Pick<Outcome, "frames" | "retries"> = { frames: [], retries: [] };
  const parser = createParser({
    onEvent: ({ event, data, id }) => outcome.frames.push([event || "message", data, id ?? ""]),
    onRetry: (milliseconds) => outcome.retries.push(milliseconds),
  });
  parser.feed(text);
  return outcome;
}

function ownIds(pieces: string[]): Pick<Outcome, "frames" | "retries"> {
  const outcome: Pick<Outcome, "frames" | "retries"> = { frames: [], retries: [] };
  const parser = new SseParser({
    onFrame: ({ event, data, ownId }) => outcome.frames.push([event, data, ownId ?? ""]),
    onRetry: (milliseconds) => outcome.retries.push(milliseconds),
  });
  for (const piece of pieces) parser.push(piece);
  return outcome;
}

/** Cases the web platform's own tests describe: [stream, frames]. */
const CASES: Record<string, [string, Outcome["frames"]]> = {
  "one line end of each kind": [
    "data:a\n\ndata:b\r\rdata:c\r\n\r\n",
    [
      ["message", "a", ""],
      ["message", "b", ""],
      ["message", "c", ""],
    ],
  ],
  "several data lines": ["data:a\ndata: b\ndata\n\n", [["message", "a\nb\n", ""]]],
  "only one leading space goes": ["data:  x\n\n", [["message", " x", ""]]],
  "a byte order mark": ["\uFEFFdata:a\n\n", [["message", "a", ""]]],
  "two byte order marks": ["\uFEFF\uFEFFdata:a\n\ndata:b\n\n", [["message", "b", ""]]],
  "a mark in the middle": ["data:a\n\n\uFEFFdata:b\n\n", [["message", "a", ""]]],
  "a block without data": ["event:x\n\ndata:a\n\n", [["message", "a", ""]]],
  "an id of its own block stays": [
    "id:7\n\ndata:a\n\ndata:b\n\n",
    [
      ["message", "a", "7"],
      ["message", "b", "7"],
    ],
  ],
  "an empty id forgets": [
    "id:7\ndata:a\n\nid\ndata:b\n\n",
    [
      ["message", "a", "7"],
      ["message", "b", ""],
    ],
  ],
  "an id with NUL is none": [
    "id:7\ndata:a\n\nid:8\0\ndata:b\n\n",
    [
      ["message", "a", "7"],
      ["message", "b", "7"],
    ],
  ],
  "NUL in data is data": ["data:a\0b\n\n", [["message", "a\0b", ""]]],
  "a field name in capitals is unknown": ["DATA:a\nData:b\ndata:c\n\n", [["message", "c", ""]]],
  "a space before the colon is part of the name": ["data :a\n\ndata:b\n\n", [["message", "b", ""]]],
  "the last event name of a block counts": ["event:x\nevent:y\ndata:a\n\n", [["y", "a", ""]]],
  "an empty event name is message": ["event:x\nevent:\ndata:a\n\n", [["message", "a", ""]]],
  "comments say nothing": [":ok\n:data:a\n\ndata:b\n:\n\n", [["message", "b", ""]]],
  "what the end cuts off is dropped": ["data:a\n\ndata:b\n", [["message", "a", ""]]],
  "empty data is an event": ["data:\n\n", [["message", "", ""]]],
};

describe("the SSE parser", () => {
  it.each(Object.entries(CASES))("%s", (_, [stream, frames]) => {
    expect(parse([stream]).frames).toEqual(frames);
    expect(parse([...stream]).frames).toEqual(frames);
    for (let at = 1; at < stream.length; at += 1) {
      expect(parse([stream.slice(0, at), "", stream.slice(at)]).frames).toEqual(frames);
    }
  });

  it("takes a retry only if it has only digits", () => {
    expect(parse(["retry:10\nretry: 20\nretry:1e3\nretry:-1\nretry:\nretry\n"]).retries).toEqual([10, 20]);
  });

  it("delivers comments", () => {
    expect(parse([":ok\n", ": beat\n\n"]).comments).toEqual(["ok", " beat"]);
  });

  it("reads any stream, cut anywhere, as eventsource-parser reads it", () => {
    const word = fc.constantFrom("data", "data:", "data: ", "event:", "id:", "retry:", ":", " ", "a", "7", "x:y", "é");
    const end = fc.constantFrom("\n", "\r", "\r\n");
    const stream = fc.array(fc.oneof({ weight: 3, arbitrary: word }, { weight: 2, arbitrary: end }), { maxLength: 40 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat(60), { maxLength: 6 }), (tokens, cuts) => {
        // Ends on a block of its own, so that neither parser is left with half a line.
        const text = `${tokens.join("")}\n\ndata:end\n\n`;
        const at = [...new Set(cuts)].sort((a, b) => a - b).filter((cut) => cut < text.length);
        const pieces = [0, ...at].map((from, index) => text.slice(from, at[index]));
        expect(pieces.join("")).toBe(text);
        expect(ownIds(pieces)).toEqual(reference(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe("the last event id", () => {
  const idAfter = (text: string) => {
    const parser = new SseParser({ onFrame: () => undefined });
    parser.push(text);
    return parser.lastEventId;
  };

  it("[fault 41] is the id of the last complete block: a cut block was never delivered", () => {
    expect(idAfter("id: 1\ndata: a\n\nid: 2\ndata: b\n")).toBe("1");
    expect(idAfter("id: 1\ndata: a\n\nid: 2\ndata: b\n\n")).toBe("2");
    expect(idAfter("id: 1")).toBe("");
  });

  it("[fault 41] also comes from a block without data, and an empty id makes it empty", () => {
    expect(idAfter("id: 1\n\n")).toBe("1");
    expect(idAfter("id: 1\ndata: a\n\nid\ndata: b\n\n")).toBe("");
  });
});
