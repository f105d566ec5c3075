import { setTimeout as sleep } from "node:timers/promises";
import { now, type Published } from "./protocol.ts";
import { type Measured, quantile, Rig } from "./rig.ts";
import type { Contender } from "./servers.ts";

/** After this the runtime has put to sleep whatever sleeps. */
const SLEEP_MS = 20_000;

/** How long and how large; `--quick` shrinks all of it. */
export interface Sizes {
  stages: number[];
  unicastRates: number[];
  seconds: number;
  idleSeconds: number;
  /** Streams between which memory is compared, and how many come at a time. */
  idle: { from: number; to: number; step: number; stepSeconds: number };
  /** Broadcasts one by one, then in a row. */
  broadcasts: number;
  sustained: { perSecond: number; seconds: number };
  restart: { perSecond: number; seconds: number };
  /** Others beside a reader that never reads, and kilobytes sent to it. */
  frozen: { others: number; kilobytes: number };
}

export const FULL: Sizes = {
  stages: [500, 1_500, 2_000],
  unicastRates: [500, 2_500, 5_000],
  seconds: 4,
  idleSeconds: 20,
  idle: { from: 500, to: 1_500, step: 50, stepSeconds: 5 },
  broadcasts: 6,
  sustained: { perSecond: 5, seconds: 60 },
  restart: { perSecond: 500, seconds: 6 },
  frozen: { others: 200, kilobytes: 20_000 },
};

export const QUICK: Sizes = {
  stages: [50, 100],
  unicastRates: [200],
  seconds: 2,
  idleSeconds: 2,
  idle: { from: 25, to: 50, step: 25, stepSeconds: 1 },
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
    const { broadcasts, sustained } = sizes;
    const broadcast = await rig.load({ do: "broadcast", run: "bone", perSecond: 1, count: broadcasts }, users);
    const count = sustained.perSecond * sustained.seconds;
    const many = await rig.load({ do: "broadcast", run: "bmany", perSecond: sustained.perSecond, count }, users);
    // The lowest rate was measured at the last stage.
    const unicast = stages.slice(-1).map((stage) => stage.unicast);
    for (const perSecond of sizes.unicastRates.slice(1)) {
      unicast.push(
        await rig.load({ do: "unicast", run: `ur${perSecond}`, users, perSecond, seconds: sizes.seconds }, 1),
      );
    }
    return { stages, idleCpuMs, unicast, broadcast, sustained: many };
  } finally {
    await rig.end();
  }
}

/** What streams cost that have been idle for long enough to sleep. */
export interface Idle {
  bytesPerStream: number;
}

/**
 * Memory of idle streams: they come so slowly that those of before sleep already. Whoever comes in a crowd is awake with
 * it, and a process keeps what its busiest moment has taken.
 */
export async function runIdle(contender: Contender, prefix: readonly string[], { idle }: Sizes): Promise<Idle> {
  const rig = new Rig(await contender.start(), prefix);
  try {
    let first = 0;
    for (let streams = idle.step; streams <= idle.to; streams += idle.step) {
      const started = performance.now();
      await rig.openUpTo(streams);
      await sleep(Math.max(idle.stepSeconds * 1_000 - (performance.now() - started), 0));
      if (streams === idle.from) first = rig.memory();
    }
    await sleep(SLEEP_MS);
    return { bytesPerStream: (rig.memory() - first) / (idle.to - idle.from) };
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

/** What publishing to one user does to the server's memory and to others. */
export interface Flood {
  grownBytes: number;
  p99: number;
  lost: number;
}

export interface Frozen {
  /** The others alone. */
  aloneP99: number;
  /** The same to a user without a stream: what storing it costs. */
  nobody: Flood;
  /** To a reader that never reads. */
  frozen: Flood;
}

/** The flood goes in slices, between which is looked whether the others have everything. */
const SLICES = 4;

/** Sends kilobytes to a reader that never reads, while others receive at a slow rate. */
export async function runFrozen(contender: Contender, prefix: readonly string[], sizes: Sizes): Promise<Frozen> {
  const rig = new Rig(await contender.start(), prefix);
  try {
    const { others } = sizes.frozen;
    await rig.openUpTo(others);
    const load = { do: "unicast", run: "ualone", users: others, perSecond: 200, seconds: sizes.seconds } as const;
    const alone = await rig.load(load, 1);
    const nobody = await flood(rig, 2_000_000, "un", sizes);
    const user = await rig.freeze();
    await sleep(500);
    return { aloneP99: alone.p99, nobody, frozen: await flood(rig, user, "uf", sizes) };
  } finally {
    await rig.end();
  }
}

async function flood(rig: Rig, user: number, name: string, { frozen, seconds }: Sizes): Promise<Flood> {
  const before = rig.memory();
  const latencies: number[] = [];
  let lost = 0;
  for (let slice = 0; slice < SLICES; slice += 1) {
    const run = `${name}${slice}`;
    await rig.begin(run);
    const flooding = rig.publishBeside({ do: "flood", user, count: Math.round(frozen.kilobytes / SLICES) });
    const users = frozen.others;
    const { published } = await rig.publish({ do: "unicast", run, users, perSecond: 200, seconds: seconds / 2 });
    const heard = await rig.drain(published);
    latencies.push(...heard.latencies);
    lost += published - heard.unique;
    await flooding;
  }
  await sleep(1_000);
  latencies.sort((a, b) => a - b);
  return { grownBytes: rig.memory() - before, p99: quantile(latencies, 0.99), lost };
}
