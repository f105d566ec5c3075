import { logFault } from "../log.ts";
import { ok, type Result, refuse } from "../results.ts";
import { AlarmScheduler, type DueRows } from "./alarm-scheduler.ts";
import { type ExportedTable, type ExportPage, type ExportPosition, exportRows } from "./export-rows.ts";
import { nameOf } from "./name.ts";
import { type DumpRequest, dumpObject, forgetCopy, type ObjectDump } from "./object-dump.ts";
import { type Loaded, loadObject } from "./object-load.ts";
import { hasSchema, migrate, type SchemaStep } from "./object-schema.ts";

/** Under this an object remembers that it was erased, after everything else is gone. */
const ERASED = "erased";

/** Runs a change in the object's transaction, see {@link Cell.commit}. */
export type Commit = <T>(change: () => T) => T;

/** What a class of object says of itself. */
export interface CellParts<DueName extends string> {
  /** What it is called where somebody reads of it, with its article: `a channel`. */
  called: string;
  schema: readonly SchemaStep[];
  /** Everything it does later. None: it has no table of due-times. */
  dues: readonly DueName[];
  /** Where their times are, when it is not the usual table. */
  dueRows?: DueRows<DueName>;
  /** Tables left out of dumps: they are made again from the others or from elsewhere. */
  derived?: readonly string[];
  /** Writes the rows a new object begins with, in the transaction that makes its tables. */
  begin?: () => void;
  /** Drops what memory says of the tables: they may not be as it thinks. */
  forget?: () => void;
}

/** What the alarm does, and what becomes of a job that fails. */
export interface Jobs<DueName extends string> {
  run(name: DueName, now: number): Promise<void> | void;
  /** Name of the log line about a job that failed. */
  fault: string;
  /** What else that line says. */
  fields?: () => Record<string, string>;
  /** Longest wait before the next try, milliseconds. */
  most?: number;
  /** What is noted of it, in the transaction that sets its next try. */
  note?: (name: DueName, fault: unknown) => void;
}

/**
 * What every Durable Object with tables has to do right, once: tables made on first use and brought up to date on waking,
 * changes in one transaction with memory dropped when it fails, an alarm that never loses work, erasure, dumps and
 * exports in pages.
 *
 * A class holds one of these as a private part and stays its own class: its public methods are its RPCs, so nothing is
 * callable that the class does not name. An object nobody has used has no tables and costs no storage.
 */
export class Cell<DueName extends string = never> {
  readonly scheduler: AlarmScheduler<DueName>;
  readonly #ctx: DurableObjectState;
  readonly #storage: DurableObjectStorage;
  readonly #parts: CellParts<DueName>;
  #exists = false;
  #isErased: boolean;

  /** Made in the object's constructor: an object that slept through a release catches up here. */
  constructor(ctx: DurableObjectState, parts: CellParts<DueName>) {
    this.#ctx = ctx;
    this.#storage = ctx.storage;
    this.#parts = parts;
    this.scheduler = new AlarmScheduler(ctx.storage, parts.dues, parts.dueRows);
    this.#isErased = ctx.storage.kv.get(ERASED) !== undefined;
    if (this.exists) migrate(ctx.storage, parts.schema);
  }

  /** The platform's id of the object. */
  get objectId(): DurableObjectId {
    return this.#ctx.id;
  }

  /** The name by which the object is addressed. */
  get name(): string {
    return nameOf(this.#ctx, this.#parts.called);
  }

  /** Whether the object has tables; once it has, only {@link empty} or a rollback takes them away. */
  get exists(): boolean {
    this.#exists ||= hasSchema(this.#storage.sql);
    return this.#exists;
  }

  get isErased(): boolean {
    return this.#isErased;
  }

  /**
   * Runs a change in one transaction, making the tables first where there are none, and arms the alarm in the same turn.
   * Whatever throws rolls everything back and drops what memory says, which SQLite cannot roll back.
   */
  commit<T>(change: () => T): T {
    try {
      if (this.#isErased) throw new Error(`${this.#parts.called} was erased and accepts nothing`);
      const result = this.#storage.transactionSync(() => {
        if (!this.exists) {
          migrate(this.#storage, this.#parts.schema);
          this.#parts.begin?.();
        }
        return change();
      });
      this.scheduler.armBeside(this.#ctx);
      return result;
    } catch (fault) {
      this.forget();
      throw fault;
    }
  }

  /** Memory is not to be accepted: everything is read from the tables again. */
  forget(): void {
    this.#exists = false;
    this.scheduler.forget();
    this.#parts.forget?.();
  }

  /** Whatever was pending when this object was last seen is pending now, whether or not its alarm survived. */
  wake(): void {
    if (this.exists) this.scheduler.armBeside(this.#ctx);
  }

  /** Sets the alarm again, whatever it is accepted to be set to. */
  async rearm(): Promise<void> {
    this.scheduler.forget();
    await this.scheduler.arm();
  }

  /**
   * The alarm: runs whatever is due. Never throws, because an alarm that throws seven times never fires again: a job that
   * fails stays due, later each time, and holds up no other.
   */
  async runDue({ run, fault: event, fields, most, note }: Jobs<DueName>): Promise<void> {
    this.scheduler.fired();
    if (!this.exists) return;
    const now = Date.now();
    for (const name of this.scheduler.due(now)) {
      try {
        await run(name, now);
      } catch (fault) {
        logFault(event, fault, { job: name, ...fields?.() });
        this.forget();
        if (!this.exists) return; // erased or emptied meanwhile
        // Not armed here: the other jobs come first, and the alarm is set once for all.
        this.#storage.transactionSync(() => {
          note?.(name, fault);
          this.scheduler.failed(name, Date.now(), most === undefined ? {} : { most });
        });
      }
    }
    if (this.exists) await this.scheduler.arm();
  }

  /** A page of the rows of these tables; nothing when the object was never used. */
  exportOf(tables: readonly ExportedTable[], from: ExportPosition | null): ExportPage {
    return this.exists ? exportRows(this.#storage.sql, tables, from) : { rows: [], next: null };
  }

  /** A copy of everything as of one instant, or a piece of one; null when there is nothing. See {@link dumpObject}. */
  dump(asked?: DumpRequest): Result<ObjectDump | null> {
    return this.#isErased ? ok(null) : dumpObject(this.#storage, this.#parts.derived ?? [], asked);
  }

  /** The backup has every piece of the copy made for it. */
  forgetDump(backup: string): void {
    forgetCopy(this.#storage, backup);
  }

  /**
   * Fills the empty object with a dump, or takes a piece of one. With the last piece the object wakes: rows that were
   * pending in the dump are pending again.
   * @param load fills the tables, where that takes more than the dump.
   */
  async restore(
    dump: ObjectDump,
    job: string,
    load: (storage: DurableObjectStorage) => Result<Loaded> = (storage) =>
      loadObject(storage, this.#parts.schema, this.#parts.derived ?? [], dump, job),
  ): Promise<Result<Loaded>> {
    if (this.#isErased) return refuse("restore_target_not_empty");
    const loaded = load(this.#storage);
    if (!loaded.ok || !loaded.value.is_complete) return loaded;
    this.takeUp();
    await this.scheduler.arm();
    return loaded;
  }

  /** The tables were filled by somebody else: they are brought up to date, and memory begins again. */
  takeUp(): void {
    this.forget();
    migrate(this.#storage, this.#parts.schema);
  }

  /** Removes everything, the alarm included. The object is as if it had never been used. */
  async empty(): Promise<void> {
    this.forget();
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  /** Removes everything and takes nothing any more, whatever comes. */
  async erase(): Promise<void> {
    this.#isErased = true;
    await this.empty();
    this.#storage.kv.put(ERASED, Date.now());
  }
}
