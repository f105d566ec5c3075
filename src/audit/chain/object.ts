import { DurableObject } from "cloudflare:workers";
import { Cell, type Commit } from "../../platform/cell/cell.ts";
import { describeFault, logFault } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { NewEntry } from "../entry.ts";
import { auditKeys } from "../keys.ts";
import { pseudonyms } from "../people.ts";
import { append } from "./append.ts";
import {
  type ChainPage,
  type ChainPosition,
  type ChainRows,
  copyChain,
  openChain,
  restoreChainPage,
} from "./backup.ts";
import type { ChainContext } from "./context.ts";
import type { AppendOutcome, ChainState, EntryRow, PurgeRequest, SignedPurge } from "./contract.ts";
import { signHead } from "./heads.ts";
import { projectChain } from "./projection.ts";
import { carryOutPurge, orderPurge } from "./purge.ts";
import { CHAIN_DUE_NAMES, CHAIN_SCHEMA, type ChainDueName } from "./schema.ts";
import { ChainStore } from "./store.ts";
import { unusedState } from "./unused.ts";

/** Longest wait between two tries while D1 or the bucket does not answer. */
const MAX_BACKOFF_MS = 60_000;

/**
 * One audit chain: the single writer of its entries, each of which has the hash of the entry before. An acknowledged
 * entry is durable here. The alarm brings it to the search database later, and a head signed every hour to the bucket,
 * where nobody overwrites it.
 */
export class AuditChain extends DurableObject<Env> {
  readonly #store: ChainStore;
  readonly #cell: Cell<ChainDueName>;
  #purging: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new ChainStore(ctx.storage.sql);
    const begin = () => this.#store.create();
    this.#cell = new Cell(ctx, { called: "an audit chain", schema: CHAIN_SCHEMA, dues: CHAIN_DUE_NAMES, begin });
    this.#cell.wake();
  }

  /** Adds entries in one transaction. An entry with a known key is not added again, so a repeat does no harm. */
  async append(entries: readonly NewEntry[]): Promise<Result<AppendOutcome[]>> {
    const nameUser = await pseudonyms(this.env);
    return this.#cell.commit(() => ok(append(this.#context(), entries, nameUser, Date.now())));
  }

  /** A user is erased: their entries keep the pseudonym, and the chain forgets the user behind it. */
  async forget(user: string): Promise<Result<{ forgotten: true }>> {
    this.#cell.commit(() => this.#store.forget(user));
    return ok({ forgotten: true });
  }

  /** Whether any entry is about a user who was not forgotten. */
  async knows(user: string): Promise<Result<boolean>> {
    return ok(this.#cell.exists && this.#store.knows(user));
  }

  /** A page of the users whom entries are about and who were not forgotten, after one and in order. */
  async users(after: string, take: number): Promise<Result<string[]>> {
    return ok(this.#cell.exists ? this.#store.users(after, take) : []);
  }

  /** Entries after a place, in order, for the verifier. */
  async entries(after: number, take: number): Promise<Result<EntryRow[]>> {
    if (!this.#cell.exists) return ok([]);
    return this.#cell.commit(() => ok(this.#store.entries(after, take)));
  }

  /** The chain in numbers. A chain that was never used stays unused, so that a backup can be restored into it. */
  async state(): Promise<Result<ChainState>> {
    if (!this.#cell.exists) return ok(unusedState(this.#cell.name));
    return this.#cell.commit(() => ok(this.#store.state(this.#cell.name, Date.now())));
  }

  /**
   * Removes the oldest entries, up to a signed head. The removal is recorded in the chain and, signed, in the bucket
   * before any entry is removed. After a crash in between, the alarm does the rest.
   */
  async purge(request: PurgeRequest): Promise<Result<{ purge: SignedPurge | null }>> {
    const keys = await auditKeys(this.env);
    const nameUser = await pseudonyms(this.env);
    const purge = this.#cell.commit((): SignedPurge | null => {
      if (this.#store.pendingPurge() !== null) return null;
      const cut = this.#store.cutBefore(request.before);
      return cut === null ? null : orderPurge(this.#context(), request, cut, keys, nameUser);
    });
    try {
      await this.#purge();
    } catch (fault) {
      logFault("audit_purge_delayed", fault);
      return refuse("unavailable", { detail: "The purge is recorded and will be done.", retry_after: 5 });
    }
    return ok({ purge });
  }

  /** A page of a copy of everything. */
  async backUp(from: ChainPosition | null, since: number | null = null): Promise<Result<ChainPage>> {
    return ok(copyChain(this.ctx.storage.sql, from, since));
  }

  /** Writes a page of a copy into the empty chain. */
  async restore(page: ChainRows): Promise<Result<{ rows: number }>> {
    return restoreChainPage(this.ctx.storage, page);
  }

  /**
   * After the last page: opens the chain, which then sends its entries to the search database and its heads to the
   * bucket again.
   */
  async open(): Promise<Result<{ opened: boolean }>> {
    const opened = openChain(this.ctx.storage);
    if (!opened.ok || !opened.value.opened) return opened;
    this.#cell.takeUp();
    const now = Date.now();
    this.#cell.commit(() => {
      for (const name of CHAIN_DUE_NAMES) this.#cell.scheduler.schedule(name, now);
    });
    return opened;
  }

  /** The cron calls this: it sets the alarm again if it was lost. */
  async sweep(): Promise<Result<ChainState>> {
    if (!this.#cell.exists) return refuse("not_found");
    const { scheduler } = this.#cell;
    const state = this.#cell.commit(() => {
      const now = Date.now();
      const seen = this.#store.state(this.#cell.name, now);
      if (seen.unprojected > 0 && !scheduler.has("project")) scheduler.schedule("project", now);
      if (seen.seq > (seen.head?.seq ?? 0) && !scheduler.has("head")) scheduler.schedule("head", now);
      if (seen.is_purging && !scheduler.has("purge")) scheduler.schedule("purge", now);
      return seen;
    });
    await this.#cell.rearm();
    return ok(state);
  }

  override async alarm(): Promise<void> {
    await this.#cell.runDue({
      run: (job) => this.#runDue(job),
      fault: "audit_job_failed",
      fields: () => ({ chain: this.#cell.name }),
      most: MAX_BACKOFF_MS,
      note: (job, fault) => {
        if (job === "project") this.#store.projectionFailed(describeFault(fault).slice(0, 200));
      },
    });
  }

  #runDue(name: ChainDueName): Promise<void> {
    if (name === "project") return projectChain(this.#context());
    return name === "head" ? signHead(this.#context()) : this.#purge();
  }

  /** Only one purge runs at a time. */
  #purge(): Promise<void> {
    this.#purging ??= carryOutPurge(this.#context()).finally(() => {
      this.#purging = null;
    });
    return this.#purging;
  }

  #context(): ChainContext {
    const { name, scheduler } = this.#cell;
    const commit: Commit = (change) => this.#cell.commit(change);
    return { name, env: this.env, store: this.#store, commit, scheduler };
  }
}
