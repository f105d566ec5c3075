import { setTimeout as sleep } from "node:timers/promises";
import { now, type Published } from "./protocol.ts";
import { type Measured, quantile, Rig } from "./rig.ts";
import type { Contender } from "./servers.ts";

/** How long and how large; `--quick` shrinks all of it. */
export interface Sizes {
  stages: number[];
  unicastRates: number[];
  seconds: number;
  idleSeconds: number;
  /** Broadcasts one by one, then in a row. */
  broadcasts: number;
  sustained: { perSecond: number; seconds: number };
  restart: { perSecond: number; seconds: number };
  /** Others beside a reader that never reads, and kilobytes sent to it. */
  frozen: { others: number; kilobytes: number };
}

export const FULL: Sizes = {
  stages: [500, 1_500, 2_000],
  unicastRates: [500, 2_000, 5_000],
  seconds: 6,
  idleSeconds: 25,
  broadcasts: 8,
  sustained: { perSecond: 5, seconds: 8 },
  restart: { perSecond: 500, seconds: 6 },
  frozen: { others: 200, kilobytes: 20_000 },
};

export const QUICK: Sizes = {
  stages: [50, 100],
  unicastRates: [200],
  seconds: 2,
  idleSeconds: 2,
  broadcasts: 2,
  sustained: { perSecond: 5, seconds: 2 },
  restart: { perSecond: 100, seconds: 2 },
  frozen: { others: 20, kilobytes: 2_000 },
};

export interface Stage {
  streams: number;
  tokenMs: number[];
  connectMs: number[];
  failed: number;
  perSecond: number;
  /** Resident bytes for each stream so far. */
  bytesPerStream: number;
  unicast: Measured;
}

export interface Live {
  stages: Stage[];
  /** CPU milliseconds a second for 1,000 streams on which nothing happens. */
  idleCpuMs: number;
  unicast: Measured[];
  broadcast: Measured;
  sustained: Measured;
}

/** Ramp, idle cost, and loads at rising rates, on one server. */
export async function runLive(contender: Contender, prefix: readonly string[], sizes: Sizes): Promise<Live> {
  const rig = new Rig(await contender.start(), prefix);
  try {
    // What the first request makes it load is no stream's cost.
    await rig.openUpTo(1);
    await rig.load({ do: "unicast", run: "uwarm", users: 1, perSecond: 20, seconds: 1 }, 1);
    const empty = rig.memory();
    const stages: Stage[] = [];
    for (const streams of sizes.stages) {
      const opened = await rig.openUpTo(streams);
      await sleep(1_000);
      const bytesPerStream = (rig.memory() - empty) / streams;
      const run = `us${streams}`;
      const rate = sizes.unicastRates[0] ?? 1;
      const { seconds } = sizes;
      const unicast = await rig.load({ do: "unicast", run, users: streams, perSecond: rate, seconds }, 1);
      const { tokenMs, connectMs, failed } = opened;
      const perSecond = connectMs.length / opened.seconds;
      stages.push({ streams, tokenMs, connectMs, failed, perSecond, bytesPerStream, unicast });
    }
    const { users } = rig;
    const cpu = rig.cpu();
    await sleep(sizes.idleSeconds * 1_000);
    const idleCpuMs = (((rig.cpu() - cpu) * 1_000) / sizes.idleSeconds / users) * 1_000;
    const unicast: Measured[] = [];
    for (const perSecond of sizes.unicastRates) {
      unicast.push(
        await rig.load({ do: "unicast", run: `ur${perSecond}`, users, perSecond, seconds: sizes.seconds }, 1),
      );
    }
    const { broadcasts, sustained } = sizes;
    const broadcast = await rig.load({ do: "broadcast", run: "bone", perSecond: 1, count: broadcasts }, users);
    const count = sustained.perSecond * sustained.seconds;
    const many = await rig.load({ do: "broadcast", run: "bmany", perSecond: sustained.perSecond, count }, users);
    return { stages, idleCpuMs, unicast, broadcast, sustained: many };
  } finally {
    await rig.end();
  }
}

export interface Restart {
  /** From the kill to the moment the server answers again. */
  downMs: number;
  /** From that moment until the last stream is open again. */
  backMs: number;
  back: number;
  streams: number;
  lost: number;
  duplicate: number;
  resets: number;
}

/** Kills the server while texts are published to every stream; publishers repeat what was not answered. */
export async function runRestart(contender: Contender, prefix: readonly string[], sizes: Sizes): Promise<Restart> {
  const rig = new Rig(await contender.start(), prefix);
  try {
    const streams = sizes.stages.at(-1) ?? 1;
    const { perSecond, seconds } = sizes.restart;
    await rig.openUpTo(streams);
    // Each stream has a cursor of its own making before the end.
    const first = { do: "unicast", run: "ufirst", users: streams, perSecond: streams / 2, seconds: 2 } as const;
    await rig.load(first, 1);
    await rig.begin("ucrash");
    const publishing: Promise<Published> = rig.publish({
      do: "unicast",
      run: "ucrash",
      users: streams,
      perSecond,
      seconds,
    });
    await sleep((seconds * 1_000) / 2);
    const killed = now();
    await rig.server.crash();
    const up = now();
    const { published } = await publishing;
    const heard = await untilBack(rig, streams, published);
    return {
      downMs: up - killed,
      backMs: Math.max(heard.lastBackAt - up, 0),
      back: heard.back,
      streams,
      lost: published - heard.unique,
      duplicate: heard.duplicate,
      resets: heard.told["stream.reset"] ?? 0,
    };
  } finally {
    await rig.end();
  }
}

async function untilBack(rig: Rig, streams: number, published: number) {
  const deadline = performance.now() + 90_000;
  while ((await rig.heard()).open < streams && performance.now() < deadline) await sleep(200);
  return rig.drain(published);
}

export interface Frozen {
  /** Growth of the server's memory while as much is published to a user without a stream. */
  controlBytes: number;
  /** Growth of the server's memory while a reader does not read what is sent to it. */
  grownBytes: number;
  sentBytes: number;
  aloneP99: number;
  besideP99: number;
  lost: number;
}

/** Sends kilobytes to a reader that never reads, while others receive at a slow rate. */
export async function runFrozen(contender: Contender, prefix: readonly string[], sizes: Sizes): Promise<Frozen> {
  const rig = new Rig(await contender.start(), prefix);
  try {
    const { others, kilobytes } = sizes.frozen;
    await rig.openUpTo(others);
    const load = { do: "unicast", users: others, perSecond: 200, seconds: sizes.seconds } as const;
    const alone = await rig.load({ ...load, run: "ualone" }, 1);
    const empty = rig.memory();
    await rig.publishBeside({ do: "flood", user: 2_000_000, count: kilobytes });
    await sleep(1_000);
    const controlBytes = rig.memory() - empty;
    const user = await rig.freeze();
    await sleep(500);
    const before = rig.memory();
    const slices = 8;
    const latencies: number[] = [];
    let lost = 0;
    for (let slice = 0; slice < slices; slice += 1) {
      const run = `ubeside${slice}`;
      await rig.begin(run);
      const flooding = rig.publishBeside({ do: "flood", user, count: Math.round(kilobytes / slices) });
      const command = { ...load, run, seconds: Math.max(sizes.seconds / 4, 1) } as const;
      const { published } = await rig.publish(command);
      const heard = await rig.drain(published);
      latencies.push(...heard.latencies);
      lost += published - heard.unique;
      await flooding;
    }
    await sleep(1_000);
    const grownBytes = rig.memory() - before;
    latencies.sort((a, b) => a - b);
    const besideP99 = quantile(latencies, 0.99);
    return { controlBytes, grownBytes, sentBytes: kilobytes * 1_000, aloneP99: alone.p99, besideP99, lost };
  } finally {
    await rig.end();
  }
}
