import { DurableObject } from "cloudflare:workers";
import { describeFault, logEvent, logFault } from "../../ops/logging.ts";
import { AlarmScheduler } from "../../shared/alarm-scheduler.ts";
import { hasSchema, migrate } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { type NewEntry, ownEntry } from "../entry.ts";
import { type AuditKeys, auditKeys, signed } from "../keys.ts";
import { type NameUser, pseudonyms } from "../people.ts";
import {
  type ChainPage,
  type ChainPosition,
  type ChainRows,
  copyChain,
  openChain,
  restoreChainPage,
} from "./backup.ts";
import { storeStatement } from "./bucket.ts";
import type { AppendOutcome, ChainState, EntryRow, PurgeRequest, SignedHead, SignedPurge } from "./contract.ts";
import { GENESIS } from "./hash.ts";
import { PROJECTION_PAGE, projectEntries, removeEntries } from "./projection.ts";
import { CHAIN_DUE_NAMES, CHAIN_SCHEMA, type ChainDueName } from "./schema.ts";
import { ChainStore } from "./store.ts";

/** Entries wait this long for others before they are projected. */
export const PROJECTION_DELAY_MS = 1_000;
/** A head is signed this long after the first entry it is the first to cover. */
export const HEAD_INTERVAL_MS = 3_600_000;
/** Longest wait between two tries while D1 or the bucket is dark. */
const MAX_BACKOFF_MS = 60_000;
/** Heads that may turn out to be taken in a row; a rewound storage makes as many as it was rewound by. */
const MAX_HEAD_CONFLICTS = 1_000;

/** The state of a chain without entries. */
function unusedState(chain: string): ChainState {
  return {
    chain,
    base_seq: 0,
    seq: 0,
    hash: GENESIS,
    unprojected: 0,
    oldest_unprojected_ms: 0,
    projection_error: null,
    head: null,
    heads_unstored: 0,
    head_conflicts: 0,
    purges: 0,
    is_purging: false,
    actions: [],
  };
}

/**
 * One audit chain: the single writer of its entries, each of which holds the hash of the one before. What it has
 * acknowledged is durable here; the database for searching follows by alarm, and heads signed every hour go to the
 * bucket, where nobody overwrites them.
 */
export class AuditChain extends DurableObject<Env> {
  readonly #store: ChainStore;
  readonly #scheduler: AlarmScheduler<ChainDueName>;
  #purging: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new ChainStore(ctx.storage.sql);
    this.#scheduler = new AlarmScheduler(ctx.storage, CHAIN_DUE_NAMES);
    if (!hasSchema(ctx.storage.sql)) return;
    migrate(ctx.storage, CHAIN_SCHEMA);
    // Whatever was owed when this object was last seen is owed now, whether or not its alarm survived.
    this.#scheduler.armBeside(ctx);
  }

  /** Adds entries in one transaction. One whose key is known is not added again, so repeating is harmless. */
  async append(entries: readonly NewEntry[]): Promise<Result<AppendOutcome[]>> {
    const nameUser = await pseudonyms(this.env);
    return this.#commit(() => ok(this.#append(entries, nameUser, Date.now())));
  }

  /** A user is erased: their entries stay under their pseudonym, and who it was is not known any more. */
  async forget(user: string): Promise<Result<{ forgotten: true }>> {
    this.#commit(() => this.#store.forget(user));
    return ok({ forgotten: true });
  }

  /** Entries after a place, in order, for the verifier. */
  async entries(after: number, take: number): Promise<Result<EntryRow[]>> {
    if (!hasSchema(this.ctx.storage.sql)) return ok([]);
    return this.#commit(() => ok(this.#store.entries(after, take)));
  }

  /** The chain in numbers. One that was never used stays unused, so that a backup can be restored into it. */
  async state(): Promise<Result<ChainState>> {
    if (!hasSchema(this.ctx.storage.sql)) return ok(unusedState(this.#name()));
    return this.#commit(() => ok(this.#store.state(this.#name(), Date.now())));
  }

  /**
   * Removes the oldest entries, up to a signed head: the removal is recorded in the chain and, signed, in the bucket
   * before anything goes. A crash in between is made good by the alarm.
   */
  async purge(request: PurgeRequest): Promise<Result<{ purge: SignedPurge | null }>> {
    const keys = await auditKeys(this.env);
    const nameUser = await pseudonyms(this.env);
    const purge = this.#commit((): SignedPurge | null => {
      if (this.#store.pendingPurge() !== null) return null;
      const cut = this.#store.cutBefore(request.before);
      return cut === null ? null : this.#order(request, cut, keys, nameUser);
    });
    try {
      await this.#purge();
    } catch (fault) {
      logFault("audit_purge_delayed", fault);
      return refuse("unavailable", { detail: "The purge is recorded and will be carried out.", retry_after: 5 });
    }
    return ok({ purge });
  }

  /** A page of a copy of everything. */
  async backUp(from: ChainPosition | null): Promise<Result<ChainPage>> {
    return ok(copyChain(this.ctx.storage.sql, from));
  }

  /** Takes a page of a copy into the empty chain. */
  async restore(page: ChainRows): Promise<Result<{ rows: number }>> {
    return restoreChainPage(this.ctx.storage, page);
  }

  /** Every page is there: opens the chain, which then projects its entries and stores its heads again. */
  async open(): Promise<Result<{ opened: boolean }>> {
    const opened = openChain(this.ctx.storage);
    if (!opened.ok || !opened.value.opened) return opened;
    this.#scheduler.forget();
    migrate(this.ctx.storage, CHAIN_SCHEMA);
    const now = Date.now();
    this.#commit(() => {
      for (const name of CHAIN_DUE_NAMES) this.#scheduler.schedule(name, now);
    });
    return opened;
  }

  /** The cron's look: re-arms what an alarm may have lost. */
  async sweep(): Promise<Result<ChainState>> {
    if (!hasSchema(this.ctx.storage.sql)) return refuse("not_found");
    const state = this.#commit(() => {
      const now = Date.now();
      const seen = this.#store.state(this.#name(), now);
      if (seen.unprojected > 0 && !this.#scheduler.has("project")) this.#scheduler.schedule("project", now);
      if (seen.seq > (seen.head?.seq ?? 0) && !this.#scheduler.has("head")) this.#scheduler.schedule("head", now);
      if (seen.is_purging && !this.#scheduler.has("purge")) this.#scheduler.schedule("purge", now);
      return seen;
    });
    this.#scheduler.forget();
    await this.#scheduler.arm();
    return ok(state);
  }

  /** Runs whatever is due. Never throws: an alarm that throws seven times never fires again. */
  override async alarm(): Promise<void> {
    this.#scheduler.fired();
    if (!hasSchema(this.ctx.storage.sql)) return;
    for (const name of this.#scheduler.due(Date.now())) {
      try {
        if (name === "project") await this.#project();
        else if (name === "head") await this.#signHead();
        else await this.#purge();
      } catch (fault) {
        logFault("audit_job_failed", fault, { job: name, chain: this.#name() });
        this.#scheduler.forget();
        this.#commit(() => {
          if (name === "project") this.#store.projectionFailed(describeFault(fault).slice(0, 200));
          this.#scheduler.failed(name, Date.now(), { most: MAX_BACKOFF_MS });
        });
      }
    }
    await this.#scheduler.arm();
  }

  #append(entries: readonly NewEntry[], nameUser: NameUser, now: number): AppendOutcome[] {
    const outcomes = this.#store.append(entries, nameUser, now);
    if (outcomes.some(({ status }) => status === "created")) {
      this.#scheduler.schedule("project", now + PROJECTION_DELAY_MS);
      this.#scheduler.schedule("head", now + HEAD_INTERVAL_MS);
    }
    return outcomes;
  }

  /** Inside a transaction: the entry that says what is removed, and the signed record of it. */
  #order({ actor, request_id }: PurgeRequest, cut: SignedHead, keys: AuditKeys, nameUser: NameUser): SignedPurge {
    const now = Date.now();
    const number = this.#store.purgeCount() + 1;
    const from = this.#store.chain().base_seq + 1;
    const details = { from_seq: from, to_seq: cut.seq, entries: cut.seq - from + 1, hash: cut.hash };
    const target = { type: "audit_chain", id: this.#name() };
    const entry = ownEntry({ action: "audit.purged", actor, target, request_id, details, unique: String(number) }, now);
    const [outcome] = this.#append([entry], nameUser, now);
    const purge: SignedPurge = signed(keys, {
      chain: this.#name(),
      number,
      from_seq: from,
      to_seq: cut.seq,
      hash: cut.hash,
      entry_seq: outcome?.seq ?? 0,
      actor: nameUser(actor.id),
      at: now,
    });
    this.#store.addPurge(purge);
    this.#scheduler.schedule("purge", now);
    return purge;
  }

  /** One purge at a time: its record and a head that covers it go to the bucket, and only then the entries go. */
  async #purge(): Promise<void> {
    this.#purging ??= this.#purgeAll().finally(() => {
      this.#purging = null;
    });
    return this.#purging;
  }

  async #purgeAll(): Promise<void> {
    const purge = this.#store.pendingPurge();
    if (purge !== null) {
      if (!(await storeStatement(this.env.DOCUMENTS, "purges", purge))) {
        throw new Error(`another purge has the number ${purge.number}`);
      }
      await this.#signHead();
      this.#commit(() => {
        this.#store.purge(purge, Date.now());
        this.#scheduler.schedule("project", Date.now());
      });
      logEvent("audit_purged", { chain: purge.chain, from_seq: purge.from_seq, to_seq: purge.to_seq });
    }
    this.#commit(() => this.#scheduler.reschedule("purge", null));
  }

  /** Signs where the chain stands, unless a head says so already, and stores every head that is not stored yet. */
  async #signHead(): Promise<void> {
    const keys = await auditKeys(this.env);
    this.#commit(() => this.#addHead(keys));
    for (let conflicts = 0; conflicts < MAX_HEAD_CONFLICTS; ) {
      const [head] = this.#store.unstoredHeads();
      if (head === undefined) break;
      if (await storeStatement(this.env.DOCUMENTS, "heads", head)) {
        this.#commit(() => this.#store.headStored(head.number, Date.now()));
        continue;
      }
      // The bucket knows more of this chain than its own storage: somebody has turned the storage back.
      conflicts += 1;
      logEvent("audit_head_conflict", { chain: head.chain, number: head.number });
      this.#commit(() => {
        this.#store.dropHead(head.number);
        this.#addHead(keys, head.number + 1);
      });
    }
    this.#commit(() => {
      const isCovered = this.#store.lastHead()?.seq === this.#store.chain().seq;
      this.#scheduler.reschedule("head", isCovered ? null : Date.now() + HEAD_INTERVAL_MS);
    });
  }

  #addHead(keys: AuditKeys, number?: number): void {
    const { seq, base_seq, hash } = this.#store.chain();
    const last = this.#store.lastHead();
    if (seq === 0 || (last?.seq === seq && number === undefined)) return;
    const statement = {
      chain: this.#name(),
      number: number ?? (last?.number ?? 0) + 1,
      seq,
      count: seq - base_seq,
      hash,
      at: Date.now(),
    };
    this.#store.addHead(signed(keys, statement));
  }

  /** Brings the database for searching up to date, in the chain's order, a page at a time. */
  async #project(): Promise<void> {
    const chain = this.#name();
    for (;;) {
      const { projected_seq, projected_base, base_seq } = this.#store.chain();
      if (base_seq > projected_base) {
        await removeEntries(this.env.DB, chain, base_seq);
        this.#commit(() => this.#store.removalProjected(base_seq));
      }
      const rows = this.#store.entries(projected_seq, PROJECTION_PAGE);
      const last = rows.at(-1)?.seq;
      if (last === undefined) break;
      await projectEntries(this.env.DB, chain, rows, this.#store.peopleIn(rows));
      this.#commit(() => this.#store.projected(last));
    }
    this.#commit(() => {
      const { seq, projected_seq, base_seq, projected_base } = this.#store.chain();
      const isDone = projected_seq >= seq && projected_base >= base_seq;
      this.#scheduler.reschedule("project", isDone ? null : Date.now());
    });
  }

  /** The chain's name is the object's. */
  #name(): string {
    const { name } = this.ctx.id;
    if (name === undefined) throw new Error("an audit chain must be addressed by name");
    return name;
  }

  #commit<T>(change: () => T): T {
    try {
      const result = this.ctx.storage.transactionSync(() => {
        if (!hasSchema(this.ctx.storage.sql)) {
          migrate(this.ctx.storage, CHAIN_SCHEMA);
          this.#store.create();
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
