import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { processes } from "../../../scripts/lib/proc.ts";
import type { Runtime } from "../../../scripts/lib/runtime.ts";

const usageSchema = z.object({ usedSize: z.number(), backingStorageSize: z.number() });
const answerSchema = z.object({ id: z.int(), result: z.unknown() });
const targetsSchema = z.array(z.object({ webSocketDebuggerUrl: z.string() })).min(1);

/** What an isolate holds: the largest of what was looked at, bytes. */
export interface HeapPeak {
  /** JavaScript objects and the buffers outside the heap, after a collection of garbage. */
  held: number;
  /** Resident memory of the whole runtime, which holds the local database and bucket too. */
  resident: number;
}

/** Looks at the memory of the Worker's isolate by the inspector of the local runtime. */
export class HeapWatch {
  readonly peak: HeapPeak = { held: 0, resident: 0 };
  readonly #runtime: Runtime;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #asked = 0;
  #isOver = false;
  readonly #looking: Promise<void>;

  private constructor(runtime: Runtime, socket: WebSocket, everyMs: number) {
    this.#runtime = runtime;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = answerSchema.safeParse(JSON.parse(String(data)));
      if (!answer.success) return;
      this.#waiting.get(answer.data.id)?.(answer.data.result);
      this.#waiting.delete(answer.data.id);
    });
    this.#looking = this.#look(everyMs);
  }

  /** @param everyMs between two looks. Each collects the garbage first, so that only what is in use counts. */
  static async of(runtime: Runtime, everyMs: number): Promise<HeapWatch> {
    const targets = await fetch(`http://127.0.0.1:${inspectorPort(runtime)}/json`);
    const [target] = targetsSchema.parse(await targets.json());
    const socket = await opened(target?.webSocketDebuggerUrl ?? "");
    return new HeapWatch(runtime, socket, everyMs);
  }

  /** CPU seconds of the whole runtime, with the local database and bucket. */
  cpu(): number {
    return runtimes(this.#runtime).reduce((sum, { cpu }) => sum + cpu, 0);
  }

  async end(): Promise<HeapPeak> {
    this.#isOver = true;
    await this.#looking;
    this.#socket.close();
    return this.peak;
  }

  async #look(everyMs: number): Promise<void> {
    while (!this.#isOver) {
      await this.#ask("HeapProfiler.collectGarbage");
      const usage = usageSchema.safeParse(await this.#ask("Runtime.getHeapUsage"));
      if (usage.success) this.peak.held = Math.max(this.peak.held, usage.data.usedSize + usage.data.backingStorageSize);
      const resident = Math.max(0, ...runtimes(this.#runtime).map(({ residentBytes }) => residentBytes));
      this.peak.resident = Math.max(this.peak.resident, resident);
      await sleep(everyMs);
    }
  }

  /** @returns null where the runtime is too busy to answer. */
  #ask(method: string): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method }));
    return Promise.race([promise, sleep(10_000, null)]);
  }
}

function runtimes({ pid }: Runtime) {
  return [...processes().values()].filter(({ group, name }) => group === pid && name === "workerd");
}

/** The port that the runtime was told to open its inspector on. */
function inspectorPort({ pid }: Runtime): string {
  for (const process of processes().values()) {
    if (process.group !== pid) continue;
    const words = readFileSync(`/proc/${process.pid}/cmdline`, "utf8").split("\0");
    const at = words.indexOf("--inspector-port");
    if (at >= 0) return words[at + 1] ?? "";
  }
  throw new Error("the runtime has no inspector");
}

async function opened(url: string): Promise<WebSocket> {
  // The inspector answers pages of this machine alone.
  // Node's own constructor takes headers, which the browser's types do not know.
  const socket: WebSocket = Reflect.construct(WebSocket, [url, { headers: { origin: "http://localhost" } }]);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), { once: true });
  });
  return socket;
}
