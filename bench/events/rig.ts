import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { cpuOf, treeOf } from "../lib/cpu.ts";
import { LoadProcess } from "./process.ts";
import { type Command, type Opened, openedSchema, type Published, publishedSchema, reportSchema } from "./protocol.ts";
import type { Running } from "./servers.ts";

const READERS = 2;
/** Streams opened at the same time, by all load processes together. */
const RAMP = 50;
/** What was published has arrived when nothing new has come for this long. */
const QUIET_MS = 1_500;
const POLL_MS = 250;
/** Longest wait for the last of a load. */
const DRAIN_MS = 60_000;

/** A server that uses less than this share of its core has settled; looked at in steps, for so long at most. */
const IDLE_SHARE = 0.3;
const SETTLE_STEP_MS = 500;
const SETTLE_MS = 30_000;

const DONE = z.unknown();

/** All load processes' reports together. */
export interface Heard {
  open: number;
  back: number;
  lastBackAt: number;
  lastAt: number;
  unique: number;
  duplicate: number;
  latencies: number[];
  /** How long the last receiver of each broadcast waited. */
  lasts: number[];
  told: Record<string, number>;
}

/** What one load came to. */
export interface Measured {
  /** Deliveries a second, from the first text's publishing to the last one's arrival. */
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  lost: number;
  duplicate: number;
  repeated: number;
  /** Streams that ended meanwhile and came back. */
  back: number;
  /** CPU seconds of the server for 1,000 deliveries. */
  cpuPer1000: number;
  lasts: number[];
}

/** A server, the processes that read from it and the one that publishes to it. */
export class Rig {
  readonly server: Running;
  readonly #readers: LoadProcess[];
  readonly #publisher: LoadProcess;
  readonly #second: LoadProcess;
  #users = 0;

  constructor(server: Running, prefix: readonly string[]) {
    this.server = server;
    this.#readers = Array.from({ length: READERS }, () => new LoadProcess(server.address, prefix));
    this.#publisher = new LoadProcess(server.address, prefix);
    this.#second = new LoadProcess(server.address, prefix);
  }

  /** Streams opened so far; their users are 0 to one less. */
  get users(): number {
    return this.#users;
  }

  /** Opens streams until there are `total`. */
  async openUpTo(total: number): Promise<Opened & { seconds: number }> {
    const started = performance.now();
    const more = total - this.#users;
    const share = Math.ceil(more / READERS);
    const parts = await Promise.all(
      this.#readers.map((reader, at) => {
        const from = this.#users + at * share;
        const count = Math.max(Math.min(share, total - from), 0);
        return reader.ask({ do: "open", from, count, width: Math.ceil(RAMP / READERS) }, openedSchema);
      }),
    );
    this.#users = total;
    return {
      tokenMs: parts.flatMap(({ tokenMs }) => tokenMs),
      connectMs: parts.flatMap(({ connectMs }) => connectMs),
      failed: parts.reduce((sum, { failed }) => sum + failed, 0),
      seconds: (performance.now() - started) / 1_000,
    };
  }

  /** Opens a stream of a user of its own that nobody reads. */
  async freeze(): Promise<number> {
    const user = 1_000_000;
    await this.#readers[0]?.ask({ do: "freeze", user }, DONE);
    return user;
  }

  publish(command: Command): Promise<Published> {
    return this.#publisher.ask(command, publishedSchema);
  }

  /** Publishes beside another load. */
  publishBeside(command: Command): Promise<Published> {
    return this.#second.ask(command, publishedSchema);
  }

  async begin(run: string): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.ask({ do: "begin", run }, DONE)));
  }

  /** Waits until the server has done what earlier loads have left it to do: archiving, collecting garbage. */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLE_MS;
    for (let busy = 1; busy > IDLE_SHARE && performance.now() < deadline; ) {
      const before = this.cpu();
      await sleep(SETTLE_STEP_MS);
      busy = (this.cpu() - before) / (SETTLE_STEP_MS / 1_000);
    }
  }

  /** Publishes and waits for the last to arrive. `receivers` is how many get each text. */
  async load(command: Command & { run: string }, receivers: number): Promise<Measured> {
    await this.settle();
    await this.begin(command.run);
    const cpu = cpuOf(this.server.pid());
    const published = await this.publish(command);
    const expected = published.published * receivers;
    const heard = await this.drain(expected);
    const used = cpuOf(this.server.pid()) - cpu;
    const sorted = heard.latencies.sort((a, b) => a - b);
    return {
      perSecond: (heard.unique * 1_000) / (heard.lastAt - published.startedAt),
      p50: quantile(sorted, 0.5),
      p95: quantile(sorted, 0.95),
      p99: quantile(sorted, 0.99),
      max: sorted.at(-1) ?? Number.NaN,
      lost: expected - heard.unique,
      duplicate: heard.duplicate,
      repeated: published.repeated,
      back: heard.back,
      cpuPer1000: (used / Math.max(heard.unique, 1)) * 1_000,
      lasts: heard.lasts,
    };
  }

  /** Waits until `expected` texts have arrived, or nothing comes any more. */
  async drain(expected: number): Promise<Heard> {
    const deadline = performance.now() + DRAIN_MS;
    let heard = await this.heard();
    let quietSince = performance.now();
    while (heard.unique < expected && performance.now() < deadline && performance.now() - quietSince < QUIET_MS) {
      await sleep(POLL_MS);
      const next = await this.heard();
      if (next.unique !== heard.unique || next.back !== heard.back) quietSince = performance.now();
      heard = next;
    }
    // A duplicate comes after what it repeats.
    await sleep(POLL_MS);
    return this.heard();
  }

  async heard(): Promise<Heard> {
    const parts = await Promise.all(this.#readers.map((reader) => reader.ask({ do: "report" }, reportSchema)));
    const sum = (of: (part: (typeof parts)[number]) => number) => parts.reduce((total, part) => total + of(part), 0);
    const lasts = new Map<number, number>();
    const told: Record<string, number> = {};
    for (const part of parts) {
      for (const { n, lastMs } of part.broadcasts) lasts.set(n, Math.max(lasts.get(n) ?? 0, lastMs));
      for (const [name, count] of Object.entries(part.told)) told[name] = (told[name] ?? 0) + count;
    }
    return {
      open: sum(({ open }) => open),
      back: sum(({ back }) => back),
      lastBackAt: Math.max(...parts.map(({ lastBackAt }) => lastBackAt)),
      lastAt: Math.max(...parts.map(({ lastAt }) => lastAt)),
      unique: sum(({ unique }) => unique),
      duplicate: sum(({ duplicate }) => duplicate),
      latencies: parts.flatMap(({ latenciesMs }) => latenciesMs),
      lasts: [...lasts.values()],
      told,
    };
  }

  /** Resident memory of all processes that serve, bytes. */
  memory(): number {
    return treeOf(this.server.pid()).reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  }

  cpu(): number {
    return cpuOf(this.server.pid());
  }

  async end(): Promise<void> {
    for (const process of [...this.#readers, this.#publisher, this.#second]) process.end();
    await this.server.stop();
  }
}

/** A quantile of sorted values. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}
