import { withTimeOut } from "../../platform/http/time-out.ts";
import { logEvent } from "../../platform/log.ts";
import { registryOf } from "../backends/index.ts";
import { SESSION, TASK } from "../translation/types.ts";
import { FLUSH_INTERVAL_MS } from "./append.ts";
import type { JournalContext } from "./context.ts";
import { Fences } from "./fences.ts";
import { flushPage } from "./flush.ts";
import { removeSession } from "./removal.ts";

/** Pages that a requested flush stores at most: as long as one request can wait. */
const MAX_FORCED_PAGES = 200;

/** The work of a journal in the backends behind it. */
export class BackendWork {
  readonly #context: () => JournalContext;
  readonly #fences: Fences;
  /** The work that may run only once at a time: a flush, or raising a barrier. */
  #busy: Promise<unknown> | null = null;

  /** @param journal whose barriers are raised. @param context read again for each piece of work. */
  constructor(journal: string, context: () => JournalContext) {
    this.#fences = new Fences(journal);
    this.#context = context;
  }

  /**
   * Stores all waiting items. One flush at a time: a call during a flush waits for it and then for its own.
   * @returns the error of a backend that does not answer; null when it answers.
   */
  flush(): Promise<string | null> {
    return this.#alone(() => this.#flushAll());
  }

  /**
   * After this, no row that was sent to a backend earlier can still arrive, whether its flush waits for it or gave it
   * up.
   */
  raiseFences(): Promise<void> {
    const { env, limits } = this.#context();
    const registry = registryOf(env);
    const backends = [SESSION, TASK].flatMap((type) => registry.routeOf(type).backends);
    return this.#alone(() => withTimeOut(this.#fences.raise(backends), limits.write_timeout_ms, "a barrier"));
  }

  /** Removes from the backends what was deleted here. */
  async purge(): Promise<void> {
    const { env, outbox, commit, scheduler } = this.#context();
    for (let session = outbox.nextPurge(); session !== null; session = outbox.nextPurge()) {
      await this.raiseFences();
      await removeSession(registryOf(env), session);
      const gone = session;
      commit(() => outbox.purged(gone));
      logEvent("session_purged", { session: gone });
    }
    commit(() => scheduler.reschedule("purge", null));
  }

  async #flushAll(): Promise<string | null> {
    const { env, store, commit, scheduler, limits } = this.#context();
    const { write_timeout_ms: timeoutMs } = limits;
    const context = { store, registry: registryOf(env), fences: this.#fences, commit, timeoutMs };
    let flushed = 0;
    for (let page = 0; page < MAX_FORCED_PAGES; page += 1) {
      const result = await flushPage(context);
      flushed += result.flushed;
      if (result.error !== null) return result.error;
      if (!result.more) {
        commit(() => scheduler.reschedule("flush", null));
        break;
      }
      // Rows that failed while others were stored: they are tried again later, not at once.
      if (result.flushed === 0) {
        commit(() => scheduler.reschedule("flush", Date.now() + FLUSH_INTERVAL_MS / 10));
        break;
      }
    }
    if (flushed > 0) logEvent("journal_flushed", { rows: flushed });
    return null;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#busy !== null) await this.#busy.catch(() => null);
    const busy = work().finally(() => {
      this.#busy = null;
    });
    this.#busy = busy;
    return busy;
  }
}
