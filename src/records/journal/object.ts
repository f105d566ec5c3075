import { DurableObject } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { logEvent, logFault } from "../../ops/logging.ts";
import { type ExportPage, type ExportPosition, exportRows } from "../../privacy/object-rows.ts";
import { AlarmScheduler } from "../../shared/alarm-scheduler.ts";
import { DAY_MS } from "../../shared/instants.ts";
import type { DumpedValue } from "../../shared/object-dump.ts";
import { hasSchema, migrate } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { withTimeOut } from "../../shared/time-out.ts";
import { registryOf } from "../backends/index.ts";
import { SESSION, type Status, TASK } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import { adoptSessions } from "./adoption.ts";
import { announcementsOf } from "./announcements.ts";
import { AnswerStore } from "./answers.ts";
import {
  copyPage,
  copyTombstones,
  type JournalPage,
  type JournalPosition,
  type JournalRows,
  openJournal,
  restorePage,
} from "./backup.ts";
import type {
  AppendAnswer,
  AppendRequest,
  JournalLimits,
  JournalState,
  ParkedItem,
  ParkedPosition,
} from "./contract.ts";
import { Fences } from "./fences.ts";
import { type Commit, FLUSH_ROWS, flushPage, PARK_AFTER } from "./flush.ts";
import { OwedStore, tellOwners } from "./owed.ts";
import { ParkedStore } from "./parked.ts";
import { removeOwner, removeSession } from "./removal.ts";
import { JOURNAL_DUE_NAMES, JOURNAL_SCHEMA, type JournalDueName } from "./schema.ts";
import { idsOf, JournalStore } from "./store.ts";

/** Longest an item waits for others before it is flushed. */
export const FLUSH_INTERVAL_MS = 30_000;
/** Half a million rows or a billion characters wait at most: far below the 10 GB an object may hold. */
const LIMITS: JournalLimits = { rows: 500_000, characters: 1_000_000_000, write_timeout_ms: 30_000 };
/** Seconds after which a refused writer comes back. */
const BACK_PRESSURE_SECONDS = 5;
/** Answers are replayed for this long; after it, versions still make every repetition harmless. */
const ANSWER_RETENTION_MS = 2 * DAY_MS;
/** Longest a batch of unknown sessions waits for a backend to say whether it has them. */
const ADOPTION_TIMEOUT_MS = 10_000;
/** Longest wait between two tries while a backend is dark. */
const MAX_BACKOFF_MS = 60_000;
/** Pages a forced flush stores at most: what one request may reasonably wait for. */
const MAX_FORCED_PAGES = 200;
/** A parked row has one more try after this long, without anybody asking: the cause may have gone away. */
const PARKED_RETRY_MS = 3_600_000;
const PARKED_RETRY_ROWS = 100;

/**
 * The durable buffer of translation records: takes batches, acknowledges what is committed, and stores it in the
 * backends behind. One of a fixed number; an owner's records are all in one of them. While a backend is dark, items
 * wait here, and everything drains when it returns.
 */
export class JournalObject extends DurableObject<Env> {
  readonly #store: JournalStore;
  readonly #owed: OwedStore;
  readonly #parked: ParkedStore;
  readonly #answers: AnswerStore;
  readonly #scheduler: AlarmScheduler<JournalDueName>;
  /** Replaced by tests. */
  limits: JournalLimits = LIMITS;
  readonly #fences: Fences;
  /** The one thing under way that may not run beside another of its kind: a flush, or the raising of a barrier. */
  #busy: Promise<unknown> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new JournalStore(ctx.storage.sql);
    this.#owed = new OwedStore(ctx.storage.sql);
    this.#parked = new ParkedStore(ctx.storage.sql);
    this.#answers = new AnswerStore(ctx.storage.sql);
    this.#scheduler = new AlarmScheduler(ctx.storage, JOURNAL_DUE_NAMES);
    this.#fences = new Fences(ctx.id.toString());
    if (!hasSchema(ctx.storage.sql)) return;
    migrate(ctx.storage, JOURNAL_SCHEMA);
    // Whatever was owed when this object was last seen is owed now, whether or not its alarm survived.
    this.#scheduler.armBeside(ctx);
  }

  /** Takes a batch in one transaction: each item has its outcome, or nothing was taken and the batch can be sent again. */
  async append(request: AppendRequest): Promise<Result<AppendAnswer>> {
    const { idempotency, items, owner } = request;
    const needed = new Set(items.flatMap(({ kind, session }) => (kind === "task" ? session : [])));
    const untold = await this.#adopt(owner, sessionsOf(items), needed.size === 0);
    if (untold.some((session) => needed.has(session))) {
      const detail = "Whether there is such a session cannot be told now.";
      return refuse("unavailable", { detail, retry_after: BACK_PRESSURE_SECONDS });
    }
    const now = Date.now();
    return this.#commit((): Result<AppendAnswer> => {
      if (this.#store.isDeleted(tombstoneOf(owner))) return refuse("user_not_found");
      const stored = idempotency === null ? null : this.#answers.find(idempotency.key);
      if (stored !== null && idempotency !== null) {
        if (stored.body_hash !== idempotency.body_hash) return refuse("idempotency_key_reused");
        // SAFETY: written below by this method.
        return ok({ ...(JSON.parse(stored.answer) as AppendAnswer), replayed: true });
      }
      const held = this.#store.held();
      if (held.rows + items.length > this.limits.rows || held.characters >= this.limits.characters) {
        const detail = "More records wait to be stored than are taken at a time.";
        return refuse("unavailable", { detail, retry_after: BACK_PRESSURE_SECONDS });
      }
      const before = new Map(sessionsOf(items).map((session) => [session, this.#store.progress(session)]));
      const { results, changes } = this.#store.append(items, now);
      const events = announcementsOf(changes, before, (session) => this.#store.progress(session));
      for (const event of events) this.#owed.announce(owner, event);
      // While a backend is dark its back-off decides, however much comes in meanwhile.
      const isFull = held.rows + changes.length >= FLUSH_ROWS && !held.isDark;
      if (changes.length > 0) this.#scheduler.schedule("flush", isFull ? now : now + FLUSH_INTERVAL_MS);
      if (events.length > 0) this.#scheduler.schedule("announce", now);
      const answer: AppendAnswer = { results, journal_seq: this.#store.seq(), replayed: false };
      if (idempotency !== null) {
        this.#answers.save(idempotency.key, owner, idempotency.body_hash, JSON.stringify(answer), now);
        this.#scheduler.schedule("housekeeping", now + ANSWER_RETENTION_MS);
      }
      return ok(answer);
    });
  }

  /** Stores everything that waits, now. @returns up to which number of the journal everything is stored. */
  async flush(): Promise<Result<{ journal_seq: number; pending: number }>> {
    const upTo = this.#commit(() => this.#store.seq());
    const error = await this.#flush();
    if (error !== null) {
      return refuse("unavailable", { detail: "Storage is not available; the records are kept.", retry_after: 5 });
    }
    return ok({ journal_seq: upTo, pending: this.#store.state(Date.now()).pending });
  }

  /** Those of these records that are newer than what the backends have, and whether their session was deleted. */
  async pending(
    session: string,
    ids: readonly string[],
  ): Promise<Result<{ deleted: boolean; records: StoredRecord[] }>> {
    return this.#commit(() => ok({ deleted: this.#store.isDeleted(session), records: this.#store.pendingOf(ids) }));
  }

  /** Tasks of a session by state, as acknowledged. */
  async progress(session: string): Promise<Result<Record<Status, number>>> {
    await this.#adopt(session.slice(0, session.indexOf(":")), [session], true);
    return this.#commit(() => ok(this.#store.progress(session)));
  }

  /** Deletes a session with everything in it. What the backends have is removed right after, also across crashes. */
  async remove(session: string): Promise<Result<{ deleted: boolean }>> {
    this.#commit(() => {
      const now = Date.now();
      this.#store.remove(session, now);
      this.#scheduler.schedule("purge", now);
    });
    await this.#purge().catch((fault: unknown) => logFault("purge_delayed", fault, { session }));
    return ok({ deleted: true });
  }

  /** A page of what an owner's records are that the backends do not have yet. */
  async exportOf(owner: string, from: ExportPosition | null): Promise<Result<ExportPage>> {
    if (!hasSchema(this.ctx.storage.sql)) return ok({ rows: [], next: null });
    const query = "SELECT kind, record FROM pending WHERE id >= ? AND id < ? ORDER BY id";
    return ok(exportRows(this.ctx.storage.sql, [{ kind: "pending", query, values: idsOf(owner) }], from));
  }

  /**
   * An owner is erased: forgets what is known of their records, then removes what the backends have, and takes nothing
   * of them any more. Harmless to repeat; a crash in the middle leaves the rest to the next call.
   */
  async erase(owner: string): Promise<Result<{ erased: number }>> {
    this.#commit(() => {
      this.#store.remove(tombstoneOf(owner), Date.now());
      this.#owed.purged(tombstoneOf(owner));
      this.#store.forgetOwner(owner);
    });
    await this.#raiseFences();
    const erased = await removeOwner(registryOf(this.env), owner);
    return ok({ erased });
  }

  /** A page of a copy of everything. */
  async backUp(from: JournalPosition | null): Promise<Result<JournalPage>> {
    return ok(copyPage(this.ctx.storage.sql, from));
  }

  /** A page of the sessions that are deleted by now. */
  async backUpTombstones(after: string): Promise<Result<JournalPage>> {
    return ok(copyTombstones(this.ctx.storage.sql, after));
  }

  /** Takes a page of a copy into the empty journal. */
  async restore(page: JournalRows): Promise<Result<{ rows: number }>> {
    return restorePage(this.ctx.storage, page);
  }

  /** Every page is there: opens the journal, which then goes on with what it owes. */
  async open(steps: readonly string[], tombstones: readonly DumpedValue[][]): Promise<Result<{ opened: boolean }>> {
    const opened = openJournal(this.ctx.storage, this.#store, steps, tombstones);
    if (!hasSchema(this.ctx.storage.sql)) return opened;
    this.#scheduler.forget();
    migrate(this.ctx.storage, JOURNAL_SCHEMA);
    const now = Date.now();
    this.#commit(() => {
      for (const name of ["flush", "purge", "announce", "housekeeping"] as const) this.#scheduler.schedule(name, now);
    });
    return opened;
  }

  /** The journal in numbers. One that was never used stays unused. */
  async state(): Promise<Result<JournalState>> {
    if (!hasSchema(this.ctx.storage.sql)) return ok(UNUSED);
    return this.#commit(() => ok(this.#store.state(Date.now())));
  }

  /** Items that could not be stored though their backend is well, those parked first before the others. */
  async parked(after: ParkedPosition | null, limit: number): Promise<Result<ParkedItem[]>> {
    return this.#commit(() => ok(this.#parked.page(after, limit)));
  }

  /** Takes parked items up again, all or these. */
  async unpark(ids: readonly string[] | null): Promise<Result<{ items: number }>> {
    return this.#commit(() => {
      this.#scheduler.schedule("flush", Date.now());
      return ok({ items: this.#parked.unpark(ids) });
    });
  }

  /** The cron's look: re-arms what an alarm may have lost, and leaves a sign of life. */
  async sweep(): Promise<Result<JournalState>> {
    if (!hasSchema(this.ctx.storage.sql)) return refuse("not_found");
    const now = Date.now();
    const state = this.#commit(() => {
      const retried = this.#parked.retry(now - PARKED_RETRY_MS, PARK_AFTER, PARKED_RETRY_ROWS);
      const counted = this.#store.state(now);
      if (retried > 0 || (counted.pending > 0 && !this.#scheduler.has("flush"))) {
        this.#scheduler.schedule("flush", now);
      }
      if (counted.pending === 0) this.#store.beat(now, null);
      return counted;
    });
    this.#scheduler.forget();
    await this.#scheduler.arm();
    return ok(state);
  }

  /** Runs whatever is due. Never throws: an alarm that throws seven times never fires again. */
  override async alarm(): Promise<void> {
    this.#scheduler.fired();
    const now = Date.now();
    for (const name of this.#scheduler.due(now)) {
      try {
        await this.#runDue(name, now);
      } catch (fault) {
        logFault("journal_job_failed", fault, { job: name });
        this.#scheduler.forget();
        this.#scheduler.failed(name, Date.now(), { most: MAX_BACKOFF_MS });
      }
    }
    await this.#scheduler.arm();
  }

  async #runDue(name: JournalDueName, now: number): Promise<void> {
    if (name === "flush") {
      const error = await this.#flush();
      if (error !== null) this.#scheduler.failed("flush", Date.now(), { most: MAX_BACKOFF_MS });
    } else if (name === "purge") {
      await this.#purge();
    } else if (name === "announce") {
      await tellOwners(this.env, this.#owed, this.#commitment);
      this.#commit(() => this.#scheduler.reschedule("announce", null));
    } else {
      this.#commit(() => {
        const isMore = this.#answers.prune(now - ANSWER_RETENTION_MS);
        this.#scheduler.reschedule("housekeeping", isMore ? now + ANSWER_RETENTION_MS : null);
      });
    }
  }

  /**
   * Makes sure that sessions are known which a backend has: a database that was restored without its journals, or a
   * journal that lost its storage.
   *
   * @param mayGuess whether a session may be taken for new while a backend is known to be dark.
   * @returns sessions of which it cannot be told whether a backend has them.
   */
  async #adopt(owner: string, sessions: readonly string[], mayGuess: boolean): Promise<string[]> {
    const isErased = () => this.#store.isDeleted(tombstoneOf(owner));
    const { unknown, isDark } = this.#commit(() => ({
      unknown: isErased() ? [] : this.#store.unknownAmong(sessions),
      isDark: this.#store.held().isDark,
    }));
    if (unknown.length === 0 || (isDark && mayGuess)) return unknown;
    const commit: Commit = (change) =>
      this.#commit(() => {
        if (isErased()) throw new Error("the owner was erased meanwhile");
        return change();
      });
    const adopting = adoptSessions({ store: this.#store, registry: registryOf(this.env), commit }, unknown);
    try {
      await withTimeOut(adopting, ADOPTION_TIMEOUT_MS, "a look for sessions");
      return [];
    } catch (fault) {
      logFault("sessions_unknown", fault, { sessions: unknown.length });
      return unknown;
    }
  }

  /** One flush at a time: whoever asks while one runs waits for it and then for its own. */
  #flush(): Promise<string | null> {
    return this.#alone(() => this.#flushAll());
  }

  /** No row that was sent to a backend before comes to be there after this, whether its flush waits for it or gave it up. */
  #raiseFences(): Promise<void> {
    const registry = registryOf(this.env);
    const backends = [SESSION, TASK].flatMap((type) => registry.routeOf(type).backends);
    return this.#alone(() => withTimeOut(this.#fences.raise(backends), this.limits.write_timeout_ms, "a barrier"));
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#busy !== null) await this.#busy.catch(() => null);
    const busy = work().finally(() => {
      this.#busy = null;
    });
    this.#busy = busy;
    return busy;
  }

  async #flushAll(): Promise<string | null> {
    const context = {
      store: this.#store,
      registry: registryOf(this.env),
      fences: this.#fences,
      commit: this.#commitment,
      timeoutMs: this.limits.write_timeout_ms,
    };
    let flushed = 0;
    for (let page = 0; page < MAX_FORCED_PAGES; page += 1) {
      const result = await flushPage(context);
      flushed += result.flushed;
      if (result.error !== null) return result.error;
      if (!result.more) {
        this.#commit(() => this.#scheduler.reschedule("flush", null));
        break;
      }
      // Rows that failed while others went through: they are tried again later, not at once.
      if (result.flushed === 0) {
        this.#commit(() => this.#scheduler.reschedule("flush", Date.now() + FLUSH_INTERVAL_MS / 10));
        break;
      }
    }
    if (flushed > 0) logEvent("journal_flushed", { rows: flushed });
    return null;
  }

  async #purge(): Promise<void> {
    for (let session = this.#owed.nextPurge(); session !== null; session = this.#owed.nextPurge()) {
      await this.#raiseFences();
      await removeSession(registryOf(this.env), session);
      const gone = session;
      this.#commit(() => this.#owed.purged(gone));
      logEvent("session_purged", { session: gone });
    }
    this.#commit(() => this.#scheduler.reschedule("purge", null));
  }

  readonly #commitment: Commit = (change) => this.#commit(change);

  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        if (!hasSchema(this.ctx.storage.sql)) {
          migrate(this.ctx.storage, JOURNAL_SCHEMA);
          this.#store.create(Date.now());
        }
        return change();
      });
      this.#scheduler.armBeside(this.ctx);
      return result;
    } catch (fault) {
      this.#scheduler.forget();
      throw fault;
    }
  }
}

/** The numbers of a journal that has taken nothing yet. */
const UNUSED: JournalState = {
  pending: 0,
  parked: 0,
  oldest_ms: 0,
  acknowledged: 0,
  duplicates: 0,
  persisted: 0,
  flushed_at: 0,
  error: null,
  purges: 0,
  announcements: 0,
};

/** What an erased owner is remembered by: a deleted session whose name no session can have and nobody can read. */
function tombstoneOf(owner: string): string {
  return `erased ${createHash("sha256").update(owner).digest("base64url")}`;
}

function sessionsOf(items: AppendRequest["items"]): string[] {
  return [...new Set(items.map(({ session }) => session))];
}
