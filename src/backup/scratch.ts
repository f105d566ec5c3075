import { DurableObject } from "cloudflare:workers";
import { type ChainRows, openChain, restoreChainPage } from "../audit/index.ts";
import { loadEnrollment, snapshotHolds } from "../enrollment/index.ts";
import { BROADCAST_LOG_SCHEMA, CHANNEL_SCHEMA } from "../events/index.ts";
import type { ObjectDump } from "../platform/cell/object-dump.ts";
import { loadObject } from "../platform/cell/object-load.ts";
import type { DumpedValue } from "../platform/cell/object-rows.ts";
import { DAY_MS } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { buryDeleted, type JournalRows, JournalStore, openJournal, restorePage } from "../records/index.ts";
import type { Statement } from "./rows.ts";

/** Thrown to roll back a trial. */
class TakenBack extends Error {}

/** Under this key, a store remembers that it got all pieces of a large object. */
const TRIED = "tried";
const NOT_FILLED = refuse("restore_differs", { detail: "An object could not be filled; the log says why." });

/**
 * An empty store for testing a backup: the code of the real objects fills and reads it, and it notifies nobody. One
 * object is tested in a transaction that is rolled back; tables stay until {@link wipe}, or for a day, so that a check
 * that was given up leaves nothing behind.
 */
export class BackupVault extends DurableObject<Env> {
  /** Runs statements in one transaction. @returns the rows of each. */
  async batch(statements: readonly Statement[]): Promise<Record<string, string | number | null>[][]> {
    return this.ctx.storage.transactionSync(() =>
      statements.map(({ sql, values }) =>
        this.ctx.storage.sql.exec<Record<string, string | number | null>>(sql, ...values).toArray(),
      ),
    );
  }

  /** Makes the tables of a backup, in a store that has none of them. */
  async makeTables(statements: readonly string[]): Promise<void> {
    await this.#wipeLater();
    this.ctx.storage.transactionSync(() => {
      const { sql } = this.ctx.storage;
      for (const statement of statements) {
        const name = /^CREATE (?:TABLE|(?:UNIQUE )?INDEX) "?(\w+)/i.exec(statement)?.[1];
        const isThere = sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name ?? "").toArray().length > 0;
        if (!isThere) sql.exec(statement);
      }
    });
  }

  /** Fills an enrollment object, compares it, and checks that its snapshot follows from its facts. */
  async tryEnrollment(dump: ObjectDump, outline: readonly string[]): Promise<Result<{ rows: number }>> {
    return this.#try((storage) => {
      const loaded = loadEnrollment(storage, dump, outline, "try");
      if (!loaded.ok || snapshotHolds(storage)) return loaded;
      return refuse("restore_differs", { detail: "A snapshot is not what its facts say." });
    });
  }

  /** Fills a channel or the broadcast log and compares it. */
  async tryLog(kind: "channel" | "broadcast_log", dump: ObjectDump): Promise<Result<{ rows: number }>> {
    const schema = kind === "channel" ? CHANNEL_SCHEMA : BROADCAST_LOG_SCHEMA;
    return this.#try((storage) => loadObject(storage, schema, [], dump, "try"));
  }

  /**
   * Accepts a piece of a large object. With the last piece, the object is compared and removed, and only a note stays:
   * a piece that comes again finds it.
   */
  async tryPiece(
    kind: "enrollment" | "channel" | "broadcast_log",
    dump: ObjectDump,
    outline: readonly string[],
  ): Promise<Result<{ rows: number }>> {
    await this.#wipeLater();
    const { storage } = this.ctx;
    const rows = Object.values(dump.tables).reduce((sum, table) => sum + table.rows.length, 0);
    if (storage.kv.get(TRIED) !== undefined) return ok({ rows });
    try {
      const loaded =
        kind === "enrollment"
          ? loadEnrollment(storage, dump, outline, "try")
          : loadObject(storage, kind === "channel" ? CHANNEL_SCHEMA : BROADCAST_LOG_SCHEMA, [], dump, "try");
      if (!loaded.ok || !loaded.value.is_complete) return loaded;
      if (kind === "enrollment" && !snapshotHolds(storage)) {
        return refuse("restore_differs", { detail: "A snapshot is not what its facts say." });
      }
      await storage.deleteAll();
      storage.kv.put(TRIED, true);
      await this.#wipeLater();
      return loaded;
    } catch (fault) {
      logFault("restore_attempt_failed", fault);
      return NOT_FILLED;
    }
  }

  /** Accepts a page of a journal. */
  async journal(page: JournalRows): Promise<Result<{ rows: number }>> {
    await this.#wipeLater();
    return restorePage(this.ctx.storage, page);
  }

  /** Removes sessions from the journal before its last step. */
  async buryInJournal(tombstones: readonly DumpedValue[][]): Promise<Result<null>> {
    return buryDeleted(this.ctx.storage, new JournalStore(this.ctx.storage.sql), tombstones);
  }

  /** The journal's last step. */
  async openJournal(
    steps: readonly string[],
    tombstones: readonly DumpedValue[][],
  ): Promise<Result<{ opened: boolean }>> {
    return openJournal(this.ctx.storage, new JournalStore(this.ctx.storage.sql), steps, tombstones);
  }

  /** Accepts a page of the audit chain. */
  async auditPage(page: ChainRows): Promise<Result<{ rows: number }>> {
    await this.#wipeLater();
    return restoreChainPage(this.ctx.storage, page);
  }

  /** The chain's last step. */
  async openAudit(): Promise<Result<{ opened: boolean }>> {
    return openChain(this.ctx.storage);
  }

  /** Removes everything. */
  async wipe(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  override async alarm(): Promise<void> {
    await this.wipe();
  }

  async #wipeLater(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + DAY_MS);
  }

  #try<T>(attempt: (storage: DurableObjectStorage) => Result<T>): Result<T> {
    const results: Result<T>[] = [];
    try {
      this.ctx.storage.transactionSync(() => {
        results.push(attempt(this.ctx.storage));
        throw new TakenBack();
      });
    } catch (fault) {
      if (!(fault instanceof TakenBack)) logFault("restore_attempt_failed", fault);
    }
    return results[0] ?? NOT_FILLED;
  }
}
