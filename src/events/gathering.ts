import { callObject } from "../platform/cell/call.ts";
import type { Commit } from "../platform/cell/cell.ts";
import { logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Result } from "../platform/results.ts";
import { WINDOW_MS } from "./log.ts";
import type { NewEvent } from "./types.ts";

/** Enrollments of one user that may keep events back; further ones publish theirs. */
const MAX_SOURCES = 200;
/**
 * The note about an enrollment is renewed this often: the enrollment asks every ten minutes while something happens.
 */
const NOTE_MS = 3_600_000;
/** An enrollment that has not asked for so long has kept nothing that could still be sent. */
const FORGET_MS = WINDOW_MS + 2 * NOTE_MS;
const PARALLEL = 8;
/** How long a reader waits for the kept events; those that arrive later are sent then. */
const PATIENCE_MS = 2_000;

/** The events that an enrollment has kept, and the mark that confirms them. */
export interface KeptBack {
  events: NewEvent[];
  up_to: number;
}

/** The methods of an enrollment that keeps events back. */
interface EventSource extends Rpc.DurableObjectBranded {
  /** From here on it asks again whether somebody listens. Null: it does not keep events any more. */
  keptEvents(): Promise<Result<KeptBack | null>>;
  confirmEvents(upTo: number): Promise<Result<null>>;
}

/** The parts of its channel that this class needs. */
interface Channel {
  sql: SqlStorage;
  commit: Commit;
  env(): Env;
  /** Whether a stream is open. */
  isListening(): boolean;
  publish(events: readonly NewEvent[]): Promise<unknown>;
}

/**
 * Events of enrollments whose user does not listen: the enrollments keep them, and the channel fetches them when a
 * stream opens or the history is read. So a learner without a stream costs the channel nothing. Enrollments that were
 * told that nobody listens are stored first, so that none is forgotten.
 */
export class Gathering {
  readonly #channel: Channel;
  /** Enrollments that were told that nobody listens since the last fetch; null: not known, so all stored ones count. */
  #toAsk: Set<string> | null = null;
  #underWay: Promise<void> | null = null;
  #arriving = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Whether an enrollment must send its events now. If not, it is stored that it may keep them.
   * @param isErased nothing is stored about an erased user.
   */
  async hears(enrollment: string, isErased: boolean): Promise<boolean> {
    // The kept events come before the new ones.
    await patient(this.#underWay);
    if (this.#arriving > 0 || this.#channel.isListening()) return true;
    if (isErased) return false;
    if (!this.#note(enrollment, Date.now())) return true;
    this.#toAsk?.add(enrollment);
    return false;
  }

  /** Accepts a stream, and all kept events before it. */
  async arriving<T>(exists: boolean, takeUp: () => Promise<T>): Promise<T> {
    // From here on every enrollment is told that somebody listens.
    this.#arriving += 1;
    try {
      await this.gather(exists);
      return await takeUp();
    } finally {
      this.#arriving -= 1;
    }
  }

  /** Fetches the kept events. Those that could not be fetched are fetched for the next reader. */
  async gather(exists: boolean): Promise<void> {
    if (!exists) return;
    this.#underWay ??= this.#gather().finally(() => {
      this.#underWay = null;
    });
    await patient(this.#underWay);
  }

  async #gather(): Promise<void> {
    const asked = [...(this.#toAsk ?? this.#noted())];
    this.#toAsk = new Set();
    await inParallel(asked, PARALLEL, async (enrollment) => {
      try {
        await this.#take(enrollment);
      } catch (fault) {
        this.#toAsk?.add(enrollment);
        logFault("events_not_gathered", fault, { enrollment_id: enrollment });
      }
    });
  }

  async #take(id: string): Promise<void> {
    // SAFETY: wrangler.toml binds ENROLLMENTS to EnrollmentObject, which has these methods.
    const namespace = this.#channel.env().ENROLLMENTS as DurableObjectNamespace<EventSource>;
    const target = { kind: "enrollment", id };
    const kept = await callObject(target, () => namespace.get(namespace.idFromName(id)).keptEvents());
    if (!kept.ok) throw new Error(kept.refusal.code);
    if (kept.value === null) {
      this.#channel.commit(() => this.#channel.sql.exec("DELETE FROM sources WHERE enrollment = ?", id));
      return;
    }
    const { events, up_to } = kept.value;
    if (events.length === 0) return;
    await this.#channel.publish(events);
    // Events that are not confirmed come again, and their keys are known.
    await callObject(target, () => namespace.get(namespace.idFromName(id)).confirmEvents(up_to));
  }

  /** @returns false when there are too many. */
  #note(enrollment: string, now: number): boolean {
    const { sql, commit } = this.#channel;
    return commit(() => {
      const [known] = sql.exec<{ at: number }>("SELECT at FROM sources WHERE enrollment = ?", enrollment).toArray();
      if (known !== undefined && known.at > now - NOTE_MS) return true;
      sql.exec("DELETE FROM sources WHERE at < ?", now - FORGET_MS);
      const { n } = sql.exec<{ n: number }>("SELECT count(*) AS n FROM sources").one();
      if (known === undefined && n >= MAX_SOURCES) return false;
      sql.exec("INSERT OR REPLACE INTO sources (enrollment, at) VALUES (?, ?)", enrollment, now);
      return true;
    });
  }

  #noted(): string[] {
    return this.#channel.sql
      .exec<{ enrollment: string }>("SELECT enrollment FROM sources WHERE at >= ?", Date.now() - FORGET_MS)
      .toArray()
      .map(({ enrollment }) => enrollment);
  }
}

/** Waits for it, but not without a limit. */
async function patient(work: Promise<void> | null): Promise<void> {
  if (work === null) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PATIENCE_MS);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
