import { DurableObject } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { callChannel, type NewEvent } from "../../events/index.ts";
import { logEvent, logFault } from "../../ops/logging.ts";
import { type ExportPage, type ExportPosition, exportRows } from "../../privacy/object-rows.ts";
import { AlarmScheduler } from "../../shared/alarm-scheduler.ts";
import { DAY_MS } from "../../shared/instants.ts";
import type { DumpedValue } from "../../shared/object-dump.ts";
import { hasSchema, migrate } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { registryOf } from "../backends/index.ts";
import { query } from "../query.ts";
import { SESSION, type Status, TASK } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import { announcementsOf, withoutOldTicks } from "./announcements.ts";
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
import { FLUSH_ROWS, flushPage, PARK_AFTER } from "./flush.ts";
import { JOURNAL_DUE_NAMES, JOURNAL_SCHEMA, type JournalDueName } from "./schema.ts";
import { JournalStore } from "./store.ts";

/** Longest an item waits for others before it is flushed. */
export const FLUSH_INTERVAL_MS = 30_000;
/** Half a million rows or a billion characters wait at most: far below the 10 GB an object may hold. */
const LIMITS: JournalLimits = { rows: 500_000, characters: 1_000_000_000, write_timeout_ms: 30_000 };
/** Seconds after which a refused writer comes back. */
const BACK_PRESSURE_SECONDS = 5;
/** Answers are replayed for this long; after it, versions still make every repetition harmless. */
const ANSWER_RETENTION_MS = 2 * DAY_MS;
/** Longest wait between two tries while a backend is dark. */
const MAX_BACKOFF_MS = 60_000;
/** Pages a forced flush stores at most: what one request may reasonably wait for. */
const MAX_FORCED_PAGES = 200;
/** Tasks removed from the backends in one step of a deletion. */
const PURGE_PAGE = 1_000;
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
  readonly #scheduler: AlarmScheduler<JournalDueName>;
  /** Replaced by tests. */
  limits: JournalLimits = LIMITS;
  #flushing: Promise<string | null> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new JournalStore(ctx.storage.sql);
    this.#scheduler = new AlarmScheduler(ctx.storage, JOURNAL_DUE_NAMES);
    if (!hasSchema(ctx.storage.sql)) return;
    migrate(ctx.storage, JOURNAL_SCHEMA);
    // Whatever was owed when this object was last seen is owed now, whether or not its alarm survived.
    ctx.waitUntil(this.#scheduler.arm());
  }

  /** Takes a batch in one transaction: each item has its outcome, or nothing was taken and the batch can be sent again. */
  async append(request: AppendRequest): Promise<Result<AppendAnswer>> {
    const { idempotency, items, owner } = request;
    const now = Date.now();
    return this.#commit((): Result<AppendAnswer> => {
      if (this.#store.isDeleted(tombstoneOf(owner))) return refuse("user_not_found");
      const stored = idempotency === null ? null : this.#store.answer(idempotency.key);
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
      for (const event of events) this.#store.announce(owner, event);
      // While a backend is dark its back-off decides, however much comes in meanwhile.
      const isFull = held.rows + changes.length >= FLUSH_ROWS && !held.isDark;
      if (changes.length > 0) this.#scheduler.schedule("flush", isFull ? now : now + FLUSH_INTERVAL_MS);
      if (events.length > 0) this.#scheduler.schedule("announce", now);
      const answer: AppendAnswer = { results, journal_seq: this.#store.seq(), replayed: false };
      if (idempotency !== null) {
        this.#store.saveAnswer(idempotency.key, idempotency.body_hash, JSON.stringify(answer), now);
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
    return ok(exportRows(this.ctx.storage.sql, [{ kind: "pending", query, values: idRange(owner) }], from));
  }

  /**
   * An owner is erased: forgets what is known of their records, then removes what the backends have, and takes nothing
   * of them any more. Harmless to repeat; a crash in the middle leaves the rest to the next call.
   */
  async erase(owner: string): Promise<Result<{ erased: number }>> {
    this.#commit(() => {
      const { sql } = this.ctx.storage;
      const range = idRange(owner);
      this.#store.remove(tombstoneOf(owner), Date.now());
      this.#store.purged(tombstoneOf(owner));
      for (const column of ["pending WHERE id", "known WHERE id", "purges WHERE session"]) {
        sql.exec(`DELETE FROM ${column} >= ? AND ${column.split(" ").at(-1)} < ?`, ...range);
      }
      sql.exec("DELETE FROM announcements WHERE user = ?", owner);
      // Answers to the owner, and those to services that wrote for them: they list the items' ids.
      sql.exec("DELETE FROM answers WHERE key >= ? AND key < ?", `${owner} `, `${owner}!`);
      sql.exec("DELETE FROM answers WHERE instr(answer, ?) > 0", `"id":"${owner}:`);
    });
    // A flush that holds rows of theirs must not write them after they were removed.
    while (this.#flushing !== null) await this.#flushing.catch(() => null);
    const registry = registryOf(this.env);
    let erased = 0;
    for (const type of [TASK, SESSION]) {
      for (const backend of registry.routeOf(type).backends) {
        const next = query(type).where("owner", "=", owner).sortBy("updated_at").limit(PURGE_PAGE).build();
        for (let found = await backend.query(type, next); found.length > 0; found = await backend.query(type, next)) {
          erased += await backend.delete(
            type,
            found.map(({ id }) => id),
          );
        }
      }
    }
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

  async state(): Promise<Result<JournalState>> {
    return this.#commit(() => ok(this.#store.state(Date.now())));
  }

  /** Items that could not be stored though their backend is well, those parked first before the others. */
  async parked(after: ParkedPosition | null, limit: number): Promise<Result<ParkedItem[]>> {
    return this.#commit(() => ok(this.#store.parked(after, limit)));
  }

  /** Takes parked items up again, all or these. */
  async unpark(ids: readonly string[] | null): Promise<Result<{ items: number }>> {
    return this.#commit(() => {
      this.#scheduler.schedule("flush", Date.now());
      return ok({ items: this.#store.unpark(ids) });
    });
  }

  /** The cron's look: re-arms what an alarm may have lost, and leaves a sign of life. */
  async sweep(): Promise<Result<JournalState>> {
    if (!hasSchema(this.ctx.storage.sql)) return refuse("not_found");
    const now = Date.now();
    const state = this.#commit(() => {
      const retried = this.#store.retryParked(now - PARKED_RETRY_MS, PARK_AFTER, PARKED_RETRY_ROWS);
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
      await this.#announce();
    } else {
      this.#commit(() => {
        const isMore = this.#store.prune(now - ANSWER_RETENTION_MS);
        this.#scheduler.reschedule("housekeeping", isMore ? now + ANSWER_RETENTION_MS : null);
      });
    }
  }

  /** One flush at a time: whoever asks while one runs waits for it and then for its own. */
  async #flush(): Promise<string | null> {
    while (this.#flushing !== null) await this.#flushing.catch(() => null);
    this.#flushing = this.#flushAll().finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #flushAll(): Promise<string | null> {
    const context = {
      store: this.#store,
      registry: registryOf(this.env),
      commit: <T>(change: () => T) => this.#commit(change),
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
    // A flush under way may hold tasks of the session: what it writes must be there before it is removed.
    while (this.#flushing !== null) await this.#flushing.catch(() => null);
    const registry = registryOf(this.env);
    for (let session = this.#store.nextPurge(); session !== null; session = this.#store.nextPurge()) {
      const next = query(TASK).where("session_id", "=", session).sortBy("position").limit(PURGE_PAGE).build();
      const tasks = await registry.primary(TASK).query(TASK, next);
      for (const backend of registry.routeOf(TASK).backends)
        await backend.delete(
          TASK,
          tasks.map(({ id }) => id),
        );
      if (tasks.length === PURGE_PAGE) continue;
      for (const backend of registry.routeOf(SESSION).backends) await backend.delete(SESSION, [session]);
      const gone = session;
      this.#commit(() => this.#store.purged(gone));
      logEvent("session_purged", { session: gone });
    }
    this.#commit(() => this.#scheduler.reschedule("purge", null));
  }

  /** Tells each owner what is owed. One that cannot be reached holds up nobody else. */
  async #announce(): Promise<void> {
    const unreached = new Set<string>();
    let after = 0;
    for (let owed = this.#store.announcements(0); owed.length > 0; owed = this.#store.announcements(after)) {
      after = owed.at(-1)?.id ?? after;
      for (const [user, rows] of Map.groupBy(owed, (row) => row.user)) {
        if (unreached.has(user)) continue;
        const events = withoutOldTicks(rows.map(({ event }): NewEvent => event));
        const published = await callChannel(this.env, user, (stub) => stub.publish(events));
        if (published.ok) this.#commit(() => this.#store.announced(rows.map(({ id }) => id)));
        else unreached.add(user);
      }
    }
    if (unreached.size > 0) throw new Error(`the channels of ${unreached.size} owners could not be reached`);
    this.#commit(() => this.#scheduler.reschedule("announce", null));
  }

  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        if (!hasSchema(this.ctx.storage.sql)) {
          migrate(this.ctx.storage, JOURNAL_SCHEMA);
          this.#store.create(Date.now());
        }
        return change();
      });
      this.ctx.waitUntil(this.#scheduler.arm());
      return result;
    } catch (fault) {
      this.#scheduler.forget();
      throw fault;
    }
  }
}

/** What an erased owner is remembered by: a deleted session whose name no session can have and nobody can read. */
function tombstoneOf(owner: string): string {
  return `erased ${createHash("sha256").update(owner).digest("base64url")}`;
}

/** Every id that begins with `<owner>:`; the semicolon is the character after the colon. */
function idRange(owner: string): [string, string] {
  return [`${owner}:`, `${owner};`];
}

function sessionsOf(items: AppendRequest["items"]): string[] {
  return [...new Set(items.map(({ session }) => session))];
}
