import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Case, type CaseContext, NotOffered } from "../lib/case.ts";
import { check, difference, same, series, textsOf } from "../lib/expect.ts";
import type { SseStream } from "../lib/sse-stream.ts";
import { addressOf, envelopeSchema, freshKey } from "../targets/contract.ts";
import { contractOf } from "./contract-of.ts";

const GROUP = "limits";
/** The longest pause between heartbeats, and room for a busy machine, milliseconds. */
const BEAT_MS = 25_000;
const BEAT_GRACE_MS = 3_000;
/** Ends of tasks, which must not be lost: 15 MB of them, more than two sockets and any budget of a server hold. */
const FLOOD = 1_900;
const FLOOD_RESULT = 8_000;
const FLOOD_BATCH = 20;
/** The largest call there is: so many events of so many characters. */
const BURST = 500;
const BURST_RESULT = 15_000;
const DEAD = 10;
/** More streams than any sensible limit for one address. */
const MANY = 260;

/** What one client can cost the server and the others. */
export const limitCases: readonly Case[] = [
  {
    group: GROUP,
    name: "a third stream ends the oldest, with the reason; the other two go on",
    needs: ["contract"],
    async run({ open, user, target }) {
      const own = user();
      const [first, second] = [await open(own), await open(own)];
      const third = await open(own);
      const told = await first.frame(({ event }) => event === "stream.evicted", "stream.evicted");
      same(z.looseObject({ reason: z.string() }).parse(JSON.parse(told.data)).reason, "too_many_streams", "reason");
      await first.ended();
      await target.publish([{ to: { user: own }, text: "on" }]);
      for (const [name, stream] of Object.entries({ second, third })) {
        await stream.until(() => textsOf(target, stream).includes("on"), `an event on the ${name}`);
      }
      same(textsOf(target, first), [], "events on the first");
    },
  },
  {
    group: GROUP,
    name: "too many streams from one address are refused with Retry-After, and use up no token",
    needs: ["contract"],
    run: tooManyFromOneAddress,
  },
  {
    group: GROUP,
    name: "heartbeats come in time and name the newest event",
    needs: ["contract", "sse"],
    isSlow: true,
    limitMs: 4 * BEAT_MS,
    async run({ open, user, target }) {
      const own = user();
      const stream = await open(own);
      await target.publish([{ to: { user: own }, text: "newest" }]);
      await stream.until(() => textsOf(target, stream).includes("newest"), "the event");
      const started = performance.now();
      const beats = () => stream.frames.filter(({ event }) => event === "stream.heartbeat");
      await stream.until(() => beats().length >= 2, "two heartbeats", 2 * BEAT_MS + BEAT_GRACE_MS);
      const times = [started, ...beats().map(({ at }) => at)];
      for (const [index, time] of times.slice(1).entries()) {
        const pause = time - (times[index] ?? 0);
        check(pause <= BEAT_MS + BEAT_GRACE_MS, `a pause of ${Math.round(pause)} ms`);
      }
      const { head } = z.looseObject({ head: z.string(), at: z.string() }).parse(JSON.parse(beats()[1]?.data ?? ""));
      const newest = target.received(stream).at(-1)?.id ?? "";
      same(ownPart(head), ownPart(newest), "the own part of head");
    },
  },
  {
    group: GROUP,
    name: "a reader that stops reading for a while loses nothing; nobody else waits for it",
    needs: ["contract"],
    isSlow: true,
    limitMs: 180_000,
    run: slowReader,
  },
  {
    group: GROUP,
    name: "a reader that never reads again is ended",
    needs: ["contract"],
    isSlow: true,
    limitMs: 4 * BEAT_MS + 60_000,
    run: deafReader,
  },
  {
    group: GROUP,
    name: "of three streams, the one that does not read goes, not the oldest",
    needs: ["contract"],
    isSlow: true,
    limitMs: 120_000,
    run: deafBeforeOldest,
  },
  {
    group: GROUP,
    name: "a burst of the largest call reaches every reader that reads, and others are still admitted",
    needs: ["contract"],
    isSlow: true,
    limitMs: 120_000,
    run: burst,
  },
  {
    group: GROUP,
    name: "a connection that died without a word is found within two heartbeats",
    // Only of a server of its own the kit knows that nobody else is there.
    needs: ["contract", "crash"],
    isViolent: true,
    limitMs: 3 * BEAT_MS + 20_000,
    run: deadConnection,
  },
];

async function tooManyFromOneAddress(context: CaseContext): Promise<void> {
  const contract = contractOf(context);
  const [here, elsewhere] = [addressOf(context.user("here")), addressOf(context.user("elsewhere"))];
  for (let opened = 0; opened < MANY; opened += 1) {
    const token = await contract.streamToken(context.user());
    const stream = context.keep(await contract.openWith(token, here));
    if (stream.status === 200) continue;
    check(stream.status === 429 || stream.status === 503, `refused with ${stream.status} ${await stream.body()}`);
    const after = Number(stream.headers["retry-after"]);
    check(after > 0, `Retry-After is ${stream.headers["retry-after"]}`);
    same(context.keep(await contract.openWith(token, elsewhere)).status, 200, "the same token from another address");
    return;
  }
  throw new NotOffered("a limit for an address");
}

async function slowReader(context: CaseContext): Promise<void> {
  const { open, user, target, keep } = context;
  const contract = contractOf(context);
  const [slow, quick] = [user("slow"), user("quick")];
  const first = await open(slow);
  await target.publish([{ to: { user: slow }, text: "start" }]);
  await first.until(() => textsOf(target, first).includes("start"), "the first event");
  const cursor = first.lastId ?? "";
  const other = await open(quick);
  first.pause();
  const filler = "z".repeat(FLOOD_RESULT);
  let worst = 0;
  for (let sent = 0; sent < FLOOD; sent += FLOOD_BATCH) {
    const batch = series("flood", FLOOD_BATCH, sent + 1).map((task) => ({
      key: freshKey(),
      to: { user: slow },
      type: "task.progress-completed",
      data: { task_id: task, result: filler },
    }));
    await contract.publish(batch);
    const asked = performance.now();
    await target.publish([{ to: { user: quick }, text: `quick${sent}` }]);
    await other.until(() => textsOf(target, other).includes(`quick${sent}`), "the other user's event");
    worst = Math.max(worst, performance.now() - asked);
  }
  check(worst < 2_000, `another user's event took ${Math.round(worst)} ms`);
  // Reading again: a server may continue where it was, or end the stream, with or without the word it had no room for.
  await sleep(1_000);
  first.resume();
  await first.until(() => first.isEnded || flood(first).length >= FLOOD, "the rest, or the end", 60_000);
  const before = flood(first);
  if (before.length >= FLOOD) {
    same(difference(before, series("flood", FLOOD)), "", "what the slow stream was sent");
    return;
  }
  const lagged = first.frames.find(({ event }) => event === "stream.lagged");
  const from = lagged === undefined ? (first.lastId ?? cursor) : resumeFrom(lagged.data);
  const after: string[] = [];
  let next: SseStream = keep(await target.open(slow, { cursor: from }));
  // A resume may itself be ended for lagging; each continues where the last one ended.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (target.claim(next) === "reset") break;
    await next.until(
      () => next.isEnded || after.length + flood(next).length + before.length >= FLOOD,
      "the rest",
      30_000,
    );
    after.push(...flood(next));
    if (before.length + after.length >= FLOOD) break;
    next = keep(await target.open(slow, { cursor: next.lastId ?? from }));
  }
  same(difference([...before, ...after], series("flood", FLOOD)), "", "before and after together");
}

/** Publishes ends of tasks of one user until so many are stored. */
async function flow(context: CaseContext, own: string, count: number): Promise<void> {
  const contract = contractOf(context);
  const filler = "z".repeat(FLOOD_RESULT);
  for (let sent = 0; sent < count; sent += FLOOD_BATCH) {
    await contract.publish(
      series("flood", Math.min(FLOOD_BATCH, count - sent), sent + 1).map((task) => ({
        key: freshKey(),
        to: { user: own },
        type: "task.progress-completed",
        data: { task_id: task, result: filler },
      })),
    );
  }
}

async function deafReader(context: CaseContext): Promise<void> {
  const own = context.user("deaf");
  const stream = await context.open(own);
  stream.pause();
  await flow(context, own, FLOOD);
  // Longer than any reader may take nothing of what waits for it.
  await sleep(4 * BEAT_MS);
  stream.resume();
  await stream.until(() => stream.isEnded, "the end of the deaf stream", 30_000);
  check(flood(stream).length < FLOOD, "everything was kept for a reader that did not read");
}

async function deafBeforeOldest(context: CaseContext): Promise<void> {
  const { open, user, target } = context;
  const own = user("three");
  const desktop = await open(own);
  const deaf = await open(own);
  deaf.pause();
  await flow(context, own, FLOOD);
  await desktop.until(() => flood(desktop).length >= FLOOD, "all on the desktop", 60_000);
  const third = await open(own);
  await target.publish([{ to: { user: own }, text: "on" }]);
  for (const [name, stream] of Object.entries({ desktop, third })) {
    await stream.until(() => textsOf(target, stream).includes("on"), `an event on the ${name}`);
  }
  deaf.resume();
  await deaf.until(() => deaf.isEnded, "the end of the deaf stream", 60_000);
}

async function burst(context: CaseContext): Promise<void> {
  const contract = contractOf(context);
  const own = context.user("burst");
  const streams = [await context.open(own), await context.open(own)];
  const filler = "z".repeat(BURST_RESULT);
  await contract.publish(
    series("flood", BURST).map((task) => ({
      key: freshKey(),
      to: { user: own },
      type: "task.progress-completed",
      data: { task_id: task, result: filler },
    })),
  );
  for (const stream of streams) {
    await stream.until(() => stream.isEnded || flood(stream).length >= BURST, "the whole burst", 60_000);
    same(difference(flood(stream), series("flood", BURST)), "", "the burst");
  }
  await context.open(context.user("after"));
}

/** Tasks whose end a stream has received, in order. */
function flood({ frames }: SseStream): string[] {
  return frames.flatMap(({ event, data }) => {
    if (event !== "task.progress-completed") return [];
    return String(envelopeSchema.parse(JSON.parse(data)).data.task_id);
  });
}

/** Counted where the server counts: the health page's number of open streams. */
async function deadConnection(context: CaseContext): Promise<void> {
  const contract = contractOf(context);
  const count = async () => openStreams((await contract.get("/api/v1/events/health", "kit-admin", "admin")).body);
  const streams: SseStream[] = [];
  for (let index = 0; index < DEAD; index += 1) streams.push(await context.open(context.user()));
  check((await count()) >= DEAD, `${DEAD} streams are open, ${await count()} are counted`);
  for (const stream of streams) stream.cut();
  const cut = performance.now();
  // Nobody else has a stream now, and what earlier cases cut is found no later.
  for (let left = DEAD; left > 0; left = await count()) {
    check(performance.now() - cut < 2 * BEAT_MS + BEAT_GRACE_MS, `${left} dead connections still count as open`);
    await sleep(500);
  }
}

/** The number of open streams on the health page: the first number that a name with "streams" holds. */
function openStreams(body: unknown): number {
  const found: number[] = [];
  const walk = (value: unknown, name: string) => {
    if (typeof value === "number" && /streams|open/.test(name)) found.push(value);
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, /streams/.test(name) ? name : key);
    }
  };
  walk(body, "");
  const [first] = found;
  if (first === undefined) throw new Error(`no number of open streams in ${JSON.stringify(body).slice(0, 200)}`);
  return first;
}

function resumeFrom(data: string): string {
  return z.looseObject({ resume_from: z.string() }).parse(JSON.parse(data)).resume_from;
}

/** The user's part of an id; everybody's events may come in between at any time. */
function ownPart(id: string): string {
  return id.slice(0, id.lastIndexOf("."));
}
