import { setTimeout as sleep } from "node:timers/promises";
import { type Address, clientAddress, now, type Report, readMark, userName } from "./protocol.ts";
import { SseSocket } from "./sse-socket.ts";
import { streamToken } from "./tokens.ts";
import { BareWebSocket } from "./web-socket.ts";

/** First and longest wait before a reconnect; each wait is somewhere in the upper half. */
const RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;
const OPEN_TIMEOUT_MS = 20_000;

/** What one process has received in the current run. */
export class Tally {
  run = "";
  open = 0;
  back = 0;
  lastBackAt = 0;
  lastAt = 0;
  unique = 0;
  duplicate = 0;
  latencies: number[] = [];
  readonly broadcasts = new Map<number, { receivers: number; lastMs: number }>();
  readonly told = new Map<string, number>();
  /** Counts runs, so that readers know when theirs is over. */
  generation = 0;

  begin(run: string): void {
    this.run = run;
    this.generation += 1;
    this.back = 0;
    this.lastBackAt = 0;
    this.lastAt = 0;
    this.unique = 0;
    this.duplicate = 0;
    this.latencies = [];
    this.broadcasts.clear();
    this.told.clear();
  }

  report(): Report {
    return {
      open: this.open,
      back: this.back,
      lastBackAt: this.lastBackAt,
      lastAt: this.lastAt,
      unique: this.unique,
      duplicate: this.duplicate,
      latenciesMs: this.latencies.map((value) => Math.round(value * 100) / 100),
      broadcasts: [...this.broadcasts].map(([n, rest]) => ({ n, ...rest })),
      told: Object.fromEntries(this.told),
    };
  }
}

/** One user's stream, which comes back with its cursor whenever it ends. */
export class Reader {
  readonly #address: Address;
  readonly #user: number;
  readonly #tally: Tally;
  #seen = new Set<number>();
  #generation = 0;
  #cursor = "";
  #socket: SseSocket | BareWebSocket | null = null;

  constructor(address: Address, user: number, tally: Tally) {
    this.#address = address;
    this.#user = user;
    this.#tally = tally;
  }

  /** Opens the stream. @returns how long token and connection took. @throws when it is not opened. */
  async open(isFrozen = false): Promise<{ tokenMs: number; connectMs: number }> {
    const asked = now();
    const token = this.#address.kind === "latchkey" ? await streamToken(this.#address, this.#user) : "";
    const connecting = now();
    await this.#connect(token, isFrozen);
    return { tokenMs: connecting - asked, connectMs: now() - connecting };
  }

  #connect(token: string, isFrozen: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
      const opened = () => {
        if (isOpen) return;
        isOpen = true;
        clearTimeout(timer);
        this.#tally.open += 1;
        if (isFrozen) socket.freeze();
        resolve();
      };
      const Connection = this.#address.overSockets ? BareWebSocket : SseSocket;
      const socket = new Connection(this.#address.port, this.#path(token), this.#headers(), {
        onStatus: (status) => {
          if (status !== 200) socket.close();
          // Latchkey is open when its first frame says from where it goes on; the others say nothing.
          else if (this.#address.kind !== "latchkey") opened();
        },
        onFrame: (event, id, data) => {
          opened();
          this.#onFrame(event, id, data);
        },
        onClose: () => {
          clearTimeout(timer);
          if (!isOpen) {
            reject(new Error("the stream was not opened"));
            return;
          }
          this.#tally.open -= 1;
          if (!isFrozen) void this.#comeBack();
        },
      });
      this.#socket = socket;
    });
  }

  close(): void {
    this.#socket?.close();
  }

  async #comeBack(): Promise<void> {
    for (let wait = RETRY_MS; ; wait = Math.min(wait * 2, MAX_RETRY_MS)) {
      await sleep(wait * (0.5 + Math.random() / 2));
      try {
        await this.open();
        this.#tally.back += 1;
        this.#tally.lastBackAt = now();
        return;
      } catch {
        // The server is not there yet, or full: again, later.
      }
    }
  }

  #onFrame(event: string, id: string, data: string): void {
    const tally = this.#tally;
    if (id !== "") this.#cursor = id;
    const mark = readMark(data);
    if (mark === null) {
      if (event.startsWith("stream.")) tally.told.set(event, (tally.told.get(event) ?? 0) + 1);
      return;
    }
    if (mark.run !== tally.run) return;
    if (this.#generation !== tally.generation) {
      this.#generation = tally.generation;
      this.#seen = new Set();
    }
    if (this.#seen.has(mark.n)) {
      tally.duplicate += 1;
      return;
    }
    this.#seen.add(mark.n);
    tally.unique += 1;
    tally.lastAt = now();
    const took = tally.lastAt - mark.at;
    tally.latencies.push(took);
    if (!mark.run.startsWith("b")) return;
    const broadcast = tally.broadcasts.get(mark.n) ?? { receivers: 0, lastMs: 0 };
    broadcast.receivers += 1;
    broadcast.lastMs = Math.max(broadcast.lastMs, took);
    tally.broadcasts.set(mark.n, broadcast);
  }

  #path(token: string): string {
    const { kind, overSockets } = this.#address;
    if (kind === "latchkey") {
      return `/api/v1/events/${overSockets ? "socket" : "stream"}?sse_token=${encodeURIComponent(token)}`;
    }
    const name = userName(this.#user);
    return kind === "nchan" ? `/sub/${name}` : `/?user=${name}`;
  }

  #headers(): Record<string, string> {
    return {
      ...(this.#cursor === "" ? {} : { "last-event-id": this.#cursor }),
      ...(this.#address.kind === "latchkey" ? { "cf-connecting-ip": clientAddress(this.#user) } : {}),
    };
  }
}
