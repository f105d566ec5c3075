import { DurableObject } from "cloudflare:workers";
import { Cell, type Commit } from "../../platform/cell/cell.ts";
import type { ExportPage, ExportPosition } from "../../platform/cell/export-rows.ts";
import type { DumpedValue } from "../../platform/cell/object-rows.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { registryOf } from "../backends/index.ts";
import type { Status } from "../translation/types.ts";
import type { StoredRecord } from "../types.ts";
import { adoptSessionsOf, adoptUnknown } from "./adoption.ts";
import { appendBatch } from "./append.ts";
import { BackendWork } from "./backend-work.ts";
import {
  buryDeleted,
  copyPage,
  copyTombstones,
  type JournalPage,
  type JournalPosition,
  type JournalRows,
  openJournal,
  restorePage,
} from "./backup.ts";
import { type JournalContext, type JournalStores, storesOf } from "./context.ts";
import type {
  AppendAnswer,
  AppendRequest,
  JournalLimits,
  JournalState,
  ParkedItem,
  ParkedPosition,
} from "./contract.ts";
import { lookAfter, MAX_BACKOFF_MS, runJob } from "./jobs.ts";
import { LIMITS } from "./limits.ts";
import { forgetOwner, removeOwner } from "./removal.ts";
import { JOURNAL_DUE_NAMES, JOURNAL_SCHEMA, type JournalDueName } from "./schema.ts";
import { idsOf } from "./store.ts";
import { UNUSED } from "./unused.ts";

/**
 * The durable buffer of translation records: accepts batches, acknowledges what is committed, and stores it in the
 * backends behind. There is a fixed number of them; all records of an owner are in one. While a backend does not
 * answer, items wait here, and are stored when it answers again.
 */
export class JournalObject extends DurableObject<Env> {
  readonly #rows: JournalStores;
  readonly #cell: Cell<JournalDueName>;
  readonly #work: BackendWork;
  /** Replaced by tests. */
  limits: JournalLimits = LIMITS;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = storesOf(ctx.storage.sql);
    const begin = () => this.#rows.store.create(Date.now());
    this.#cell = new Cell(ctx, { called: "a journal", schema: JOURNAL_SCHEMA, dues: JOURNAL_DUE_NAMES, begin });
    this.#work = new BackendWork(ctx.id.toString(), () => this.#context());
    this.#cell.wake();
  }

  /**
   * Accepts a batch in one transaction: each item has its outcome, or nothing was stored and the batch can be sent
   * again.
   */
  async append(request: AppendRequest): Promise<Result<AppendAnswer>> {
    const refusal = await adoptSessionsOf(this.#context(), request);
    if (refusal !== null) return refusal;
    const now = Date.now();
    return this.#cell.commit(() => appendBatch(this.#context(), request, now));
  }

  /** Stores everything that waits, now. @returns up to which number of the journal everything is stored. */
  async flush(): Promise<Result<{ journal_seq: number; pending: number }>> {
    const upTo = this.#cell.commit(() => this.#rows.store.pending.seq());
    const error = await this.#work.flush();
    if (error !== null) {
      return refuse("unavailable", { detail: "Storage is not available; the records are kept.", retry_after: 5 });
    }
    return ok({ journal_seq: upTo, pending: this.#rows.store.state(Date.now()).pending });
  }

  /** Those of these records that are newer than what the backends have, and whether their session was deleted. */
  async pending(
    session: string,
    ids: readonly string[],
  ): Promise<Result<{ deleted: boolean; records: StoredRecord[] }>> {
    return this.#cell.commit(() =>
      ok({ deleted: this.#rows.store.isDeleted(session), records: this.#rows.store.pending.pendingOf(ids) }),
    );
  }

  /** Tasks of a session by state, as acknowledged. */
  async progress(session: string): Promise<Result<Record<Status, number>>> {
    await adoptUnknown(this.#context(), session.slice(0, session.indexOf(":")), [session], true);
    return this.#cell.commit(() => ok(this.#rows.store.progress(session)));
  }

  /**
   * Deletes a session with everything in it. The records in the backends are removed right after, also after a crash.
   */
  async remove(session: string): Promise<Result<{ deleted: boolean }>> {
    this.#cell.commit(() => {
      const now = Date.now();
      this.#rows.store.remove(session, now);
      this.#cell.scheduler.schedule("purge", now);
    });
    await this.#work.purge().catch((fault: unknown) => logFault("purge_delayed", fault, { session }));
    return ok({ deleted: true });
  }

  /** A page of an owner's records that the backends do not have yet. */
  async exportOf(owner: string, from: ExportPosition | null): Promise<Result<ExportPage>> {
    const query = "SELECT kind, record FROM pending WHERE id >= ? AND id < ? ORDER BY id";
    return ok(this.#cell.exportOf([{ kind: "pending", query, values: idsOf(owner) }], from));
  }

  /**
   * An owner is erased: forgets their records here, then removes those in the backends, and accepts no more of them. A
   * repeat does no harm; after a crash the next call does the rest.
   */
  async erase(owner: string): Promise<Result<{ erased: number }>> {
    this.#cell.commit(() => forgetOwner(this.#rows, owner, Date.now()));
    await this.#work.raiseFences();
    const erased = await removeOwner(registryOf(this.env), owner);
    return ok({ erased });
  }

  /**
   * A page of the owners of whom anything is known here.
   * @param from where it starts, as the page before said; "" is the beginning.
   */
  async owners(from: string): Promise<Result<{ owners: string[]; next: string | null }>> {
    return ok(this.#cell.exists ? this.#rows.store.owners(from) : { owners: [], next: null });
  }

  /** A page of a copy of everything. */
  async backUp(from: JournalPosition | null): Promise<Result<JournalPage>> {
    return ok(copyPage(this.ctx.storage.sql, from));
  }

  /** A page of the sessions that are deleted by now. */
  async backUpTombstones(after: string): Promise<Result<JournalPage>> {
    return ok(copyTombstones(this.ctx.storage.sql, after));
  }

  /** Writes a page of a copy into the empty journal. */
  async restore(page: JournalRows): Promise<Result<{ rows: number }>> {
    return restorePage(this.ctx.storage, page);
  }

  /** Removes sessions from a journal that is being filled, see {@link buryDeleted}. */
  async bury(tombstones: readonly DumpedValue[][]): Promise<Result<null>> {
    return buryDeleted(this.ctx.storage, this.#rows.store, tombstones);
  }

  /** After the last page: opens the journal, which then continues its pending work. */
  async open(steps: readonly string[], tombstones: readonly DumpedValue[][]): Promise<Result<{ opened: boolean }>> {
    const opened = openJournal(this.ctx.storage, this.#rows.store, steps, tombstones);
    if (!this.#cell.exists) return opened;
    this.#cell.takeUp();
    const now = Date.now();
    this.#cell.commit(() => {
      for (const name of JOURNAL_DUE_NAMES) this.#cell.scheduler.schedule(name, now);
    });
    return opened;
  }

  /** The journal in numbers. One that was never used stays unused. */
  async state(): Promise<Result<JournalState>> {
    if (!this.#cell.exists) return ok(UNUSED);
    return this.#cell.commit(() => ok(this.#rows.store.state(Date.now())));
  }

  /** Items that could not be stored though their backend works, those parked first before the others. */
  async parked(after: ParkedPosition | null, limit: number): Promise<Result<ParkedItem[]>> {
    return this.#cell.commit(() => ok(this.#rows.parked.page(after, limit)));
  }

  /** Tries parked items again, all or these. */
  async unpark(ids: readonly string[] | null): Promise<Result<{ items: number }>> {
    return this.#cell.commit(() => {
      this.#cell.scheduler.schedule("flush", Date.now());
      return ok({ items: this.#rows.parked.unpark(ids) });
    });
  }

  /** The cron calls this: it sets alarms again that were lost, and notes that the journal was looked at. */
  async sweep(): Promise<Result<JournalState>> {
    if (!this.#cell.exists) return refuse("not_found");
    const state = this.#cell.commit(() => lookAfter(this.#context(), Date.now()));
    await this.#cell.rearm();
    return ok(state);
  }

  override async alarm(): Promise<void> {
    const run = (name: JournalDueName, now: number) => runJob(this.#context(), this.#work, name, now);
    await this.#cell.runDue({ run, fault: "journal_job_failed", most: MAX_BACKOFF_MS });
  }

  #context(): JournalContext {
    const { env, limits } = this;
    const commit: Commit = (change) => this.#cell.commit(change);
    return { env, limits, ...this.#rows, scheduler: this.#cell.scheduler, commit };
  }
}
