import { type Clock, fullJitter, sleep, systemClock } from "../clock.ts";
import { randomId } from "../random-id.ts";
import type { LatchkeyProblem, Result } from "../rest/result.ts";
import { type BatchLimits, cutBatch } from "./batching.ts";
import type { InvalidItem, RecordWriterOptions, WriterStatus } from "./options.ts";
import type { RecordItem, RecordKind, SealedBatch, SpooledItem } from "./spool.ts";

const BATCH_SIZE = 100;
const LARGEST_BATCH = 1_000;
/** Far below the server's limit. */
const BATCH_CHARACTERS = 4_000_000;
const LINGER_MS = 200;
const SPOOL_SIZE = 10_000;
const BACKOFF_BASE = 500;
const BACKOFF_CAP = 60_000;
const STOP_DEADLINE_MS = 10_000;
/** Answers that the same batch gets each time it is sent. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 413, 422]);

interface BatchAnswer {
  results: { id: string; status: string; error?: { rule: string; message: string; path?: string } }[];
}

/**
 * Writes records that must not be lost. An item is in the spool when `write` resolves, and leaves it when the server
 * has acknowledged it. So a new process continues the work of a killed one. Batches are sent one after the other, each
 * with the key it got before its first send, so that nothing is done twice and the order is kept.
 */
export class RecordWriter {
  readonly #options: RecordWriterOptions;
  readonly #clock: Clock;
  readonly #limits: BatchLimits;
  readonly #aborted = new AbortController();
  /** In the spool, but in no batch yet. */
  #loose: SpooledItem[] = [];
  /** In batches, oldest first. */
  #sealed: { batch: SealedBatch; items: SpooledItem[] }[] = [];
  #unsaved: SpooledItem[] = [];
  #spooling: Promise<void> = Promise.resolve();
  #nextSave: Promise<void> | null = null;
  #seq = 0;
  #held = 0;
  #failures = 0;
  #state: WriterStatus["state"] = "running";
  /** Items up to this place do not wait for others to fill their batch. */
  #hurryTo = 0;
  #looseSince = 0;
  #wake: () => void = () => undefined;
  #room: (() => void)[] = [];
  #waiting: { upTo: number; resolve: () => void }[] = [];
  #running: Promise<void> = Promise.resolve();

  private constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#limits = {
      items: Math.min(options.batchSize ?? BATCH_SIZE, LARGEST_BATCH),
      characters: BATCH_CHARACTERS,
    };
  }

  /** Opens the spool, and continues with everything an earlier writer left in it. */
  static async open(options: RecordWriterOptions): Promise<RecordWriter> {
    const writer = new RecordWriter(options);
    const { items, batches } = await options.spool.open();
    writer.#sealed = batches.map((batch) => ({
      batch,
      items: items.filter(({ seq }) => seq >= batch.from && seq <= batch.to),
    }));
    const sealedTo = batches.at(-1)?.to ?? 0;
    writer.#loose = items.filter(({ seq }) => seq > sealedTo);
    writer.#held = items.length;
    writer.#seq = items.at(-1)?.seq ?? 0;
    writer.#hurryTo = writer.#seq;
    writer.#running = writer.#run();
    return writer;
  }

  get status(): WriterStatus {
    return { held: this.#held, failures: this.#failures, state: this.#state };
  }

  /**
   * Adds an item. Resolves when it is in the spool; if the spool is full, it waits for room.
   * @throws if the writer was stopped, or the spool cannot be written: then the item is not accepted.
   */
  async write(kind: RecordKind, item: RecordItem): Promise<void> {
    while (this.#state === "running" && this.#held >= (this.#options.spoolSize ?? SPOOL_SIZE)) {
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    if (this.#state !== "running") throw new Error("this writer was stopped");
    this.#held += 1;
    this.#seq += 1;
    this.#unsaved.push({ seq: this.#seq, kind, item });
    await this.#save();
  }

  /**
   * Sends everything that was written before. Resolves when the server has acknowledged it, however long that takes.
   */
  async flush(): Promise<void> {
    const upTo = this.#seq;
    this.#hurryTo = Math.max(this.#hurryTo, upTo);
    // Items that are not in the spool yet: their own `write` rejects if that fails.
    await this.#nextSave?.catch(() => undefined);
    await this.#spooling;
    if (this.#oldest() > upTo) return;
    this.#wake();
    await new Promise<void>((resolve) => this.#waiting.push({ upTo, resolve }));
  }

  /**
   * Accepts nothing more, sends until the deadline, and closes the spool.
   * @returns how many items stay in the spool, for the next writer.
   */
  async stop({ deadlineMs = STOP_DEADLINE_MS }: { deadlineMs?: number } = {}): Promise<{ left: number }> {
    if (this.#state === "running") {
      this.#state = "stopping";
      for (const resolve of this.#room.splice(0)) resolve();
      const flushed = new AbortController();
      const flushing = this.flush().finally(() => flushed.abort());
      await Promise.race([flushing, sleep(this.#clock, deadlineMs, flushed.signal)]);
      this.#aborted.abort();
      this.#wake();
      await this.#running;
      await this.#spooling;
      await this.#options.spool.close();
      this.#state = "stopped";
    }
    await this.#running;
    return { left: this.#held };
  }

  /** Saves everything in one go that arrived during the last save. */
  #save(): Promise<void> {
    this.#nextSave ??= this.#inTurn(() => this.#saveGroup());
    return this.#nextSave;
  }

  /** Changes the spool one step at a time. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#spooling.then(change);
    this.#spooling = done.catch(() => undefined);
    return done;
  }

  async #saveGroup(): Promise<void> {
    this.#nextSave = null;
    const group = this.#unsaved.splice(0);
    try {
      await this.#options.spool.append(group);
    } catch (fault) {
      this.#release(group.length);
      throw fault;
    }
    if (this.#loose.length === 0) this.#looseSince = this.#clock.now();
    this.#loose.push(...group);
    this.#wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborted;
    while (!signal.aborted) {
      const next = this.#sealed[0] ?? (await this.#seal());
      if (next === null) await this.#untilWoken();
      else await this.#deliver(next.batch, next.items);
    }
  }

  /** The next batch, stored with its key; null while it should wait for more items. */
  async #seal() {
    const { count, isClosed } = cutBatch(this.#loose, this.#limits);
    const [first] = this.#loose;
    const last = this.#loose[count - 1];
    if (first === undefined || last === undefined) return null;
    const hasWaited = this.#clock.now() - this.#looseSince >= this.#linger();
    if (!isClosed && !hasWaited && first.seq > this.#hurryTo) return null;
    const batch: SealedBatch = { key: randomId(), kind: first.kind, from: first.seq, to: last.seq };
    if (!(await this.#attempt(() => this.#options.spool.seal(batch)))) return null;
    const entry = { batch, items: this.#loose.splice(0, count) };
    this.#looseSince = this.#clock.now();
    this.#sealed.push(entry);
    return entry;
  }

  async #deliver(batch: SealedBatch, items: readonly SpooledItem[]): Promise<void> {
    const result = await this.#send(batch, items);
    if (!result.ok) {
      const { problem } = result;
      if (problem.code === "aborted") return;
      if (!FINAL_STATUSES.has(problem.status)) {
        this.#failures += 1;
        this.#complain(problem);
        const wait = (problem.retry_after ?? 0) * 1_000;
        await sleep(
          this.#clock,
          wait + fullJitter(this.#clock, BACKOFF_BASE, BACKOFF_CAP, this.#failures),
          this.#aborted.signal,
        );
        return;
      }
      const [first] = problem.errors ?? [];
      const error = { rule: first?.rule ?? problem.code, message: first?.message ?? problem.detail ?? problem.title };
      for (const { kind, item } of items) await this.#report({ kind, item, error });
    } else {
      for (const [at, { kind, item }] of items.entries()) {
        const { status, error } = result.value.results[at] ?? {};
        if (status === "invalid") {
          await this.#report({ kind, item, error: error ?? { rule: "invalid", message: "" } });
        }
      }
    }
    if (!(await this.#attempt(() => this.#options.spool.remove(batch)))) return;
    this.#failures = 0;
    this.#sealed.shift();
    this.#release(items.length);
  }

  async #send({ kind, key }: SealedBatch, items: readonly SpooledItem[]): Promise<Result<BatchAnswer>> {
    const { client } = this.#options;
    const call = { idempotencyKey: key, signal: this.#aborted.signal };
    const bodies = items.map(({ item }) => item);
    return kind === "sessions"
      ? client.post("/api/v1/translation/sessions/batch", { ...call, body: { sessions: bodies } })
      : client.post("/api/v1/translation/tasks/batch", { ...call, body: { tasks: bodies } });
  }

  /** A handler that throws is not called again: the item still cannot be written. */
  async #report(invalid: InvalidItem): Promise<void> {
    try {
      await this.#options.onInvalid(invalid);
    } catch (fault) {
      console.error("onInvalid has thrown", fault);
    }
  }

  /** A handler that throws must not end the writing. */
  #complain(problem: LatchkeyProblem): void {
    try {
      this.#options.onProblem?.(problem, this.#failures);
    } catch (fault) {
      console.error("onProblem has thrown", fault);
    }
  }

  /**
   * Changes the spool. If that fails (a full disk), it reports this and waits a little. @returns whether it succeeded.
   */
  async #attempt(change: () => Promise<void>): Promise<boolean> {
    try {
      await this.#inTurn(change);
      return true;
    } catch (fault) {
      this.#failures += 1;
      const detail = fault instanceof Error ? fault.message : String(fault);
      this.#complain({ code: "spool_failure", title: "The spool could not be written", status: 0, detail });
      const wait = fullJitter(this.#clock, BACKOFF_BASE, BACKOFF_CAP, this.#failures);
      await sleep(this.#clock, wait, this.#aborted.signal);
      return false;
    }
  }

  #release(count: number): void {
    this.#held -= count;
    for (const resolve of this.#room.splice(0)) resolve();
    const oldest = this.#oldest();
    this.#waiting = this.#waiting.filter(({ upTo, resolve }) => {
      if (oldest <= upTo) return true;
      resolve();
      return false;
    });
  }

  /** Place of the oldest item that is not acknowledged. */
  #oldest(): number {
    return (this.#sealed[0]?.items[0] ?? this.#loose[0] ?? this.#unsaved[0])?.seq ?? Number.POSITIVE_INFINITY;
  }

  #linger(): number {
    return this.#options.lingerMs ?? LINGER_MS;
  }

  /** Waits until there is a new item or request, or the oldest item without a batch has waited long enough. */
  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      const rest = this.#looseSince + this.#linger() - this.#clock.now();
      const cancel = this.#loose.length > 0 ? this.#clock.after(Math.max(0, rest), () => this.#wake()) : undefined;
      this.#wake = () => {
        cancel?.();
        this.#wake = () => undefined;
        resolve();
      };
      if (this.#aborted.signal.aborted) this.#wake();
    });
  }
}
