import { setTimeout as sleep } from "node:timers/promises";
import type { Case, CaseContext } from "../lib/case.ts";
import { check, difference, same, series, textsOf } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";

const CLIENTS = 200;
const BEFORE = 5;
const AFTER = 5;
const WIDTH = 20;

/** Everybody comes back at once after a crash, and ends with everything, once, in order. */
export const stormCases: readonly Case[] = [
  {
    group: "restart",
    name: `${CLIENTS} clients come back after a crash and have everything, once, in order`,
    needs: ["cursor", "crash"],
    isViolent: true,
    limitMs: 240_000,
    run: storm,
  },
];

interface Client {
  user: string;
  stream: SseStream;
  got: string[];
  cursor: string;
}

async function storm({ user, open, target }: CaseContext): Promise<void> {
  const clients: Client[] = [];
  for (let start = 0; start < CLIENTS; start += WIDTH) {
    const some = Array.from({ length: WIDTH }, async () => {
      const own = user("storm");
      return { user: own, stream: await open(own), got: [], cursor: "" };
    });
    clients.push(...(await Promise.all(some)));
  }
  const toAll = (texts: readonly string[]) =>
    target.publish(texts.flatMap((text) => clients.map((client) => ({ to: { user: client.user }, text }))));
  await toAll(series("s", BEFORE));
  for (const { stream } of clients) {
    await stream.until(() => textsOf(target, stream).length >= BEFORE, "the events before", 30_000);
  }
  for (const client of clients) take(target, client);
  // Stored, and perhaps not yet sent when the end comes.
  await toAll(series("s", 1, BEFORE + 1));
  await target.crash?.();
  for (const client of clients) {
    // What still came after the last look is part of what the client has.
    client.got.length = 0;
    take(target, client);
    client.stream.cut();
  }
  await toAll(series("s", AFTER, BEFORE + 2));
  await Promise.all(
    clients.map(async (client) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          client.stream = await open(client.user, { cursor: client.cursor });
          return;
        } catch (fault) {
          if (attempt === 8) throw fault;
          await sleep(100 * 2 ** attempt * (0.5 + Math.random() / 2));
        }
      }
    }),
  );
  const all = series("s", BEFORE + 1 + AFTER);
  const wrong: string[] = [];
  for (const client of clients) {
    const { stream, got } = client;
    const wanted = all.length - got.length;
    await stream
      .until(() => textsOf(target, stream).length >= wanted, "the rest", wrong.length > 0 ? 0 : 10_000)
      .catch(() => {});
    const text = difference([...got, ...textsOf(target, stream)], all);
    if (text !== "") wrong.push(text);
    else if (target.features.has("contract")) same(target.claim(stream), "recovered", "word about the resume");
  }
  check(wrong.length === 0, `${wrong.length} of ${CLIENTS} clients: ${wrong[0]}`);
}

function take(target: CaseContext["target"], client: Client): void {
  const received = target.received(client.stream);
  client.got.push(...textsOf(target, client.stream));
  client.cursor = received.at(-1)?.id ?? client.cursor;
}
