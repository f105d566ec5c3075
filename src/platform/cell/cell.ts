import { logFault } from "../log.ts";
import { ok, type Result, refuse } from "../results.ts";
import { AlarmScheduler, type DueRows } from "./alarm-scheduler.ts";
import { type ExportedTable, type ExportPage, type ExportPosition, exportRows } from "./export-rows.ts";
import { nameOf } from "./name.ts";
import { type DumpRequest, dumpObject, forgetCopy, type ObjectDump } from "./object-dump.ts";
import { type Loaded, loadObject } from "./object-load.ts";
import { hasSchema, migrate, type SchemaStep } from "./object-schema.ts";

/** The key under which an object remembers that it was erased, when everything else is gone. */
const ERASED = "erased";

/** Runs a change in the object's transaction, see {@link Cell.commit}. */
export type Commit = <T>(change: () => T) => T;

/** The properties of a class of objects. */
export interface CellParts<DueName extends string> {
  /** Its name for people, with its article: `a channel`. */
  called: string;
  schema: readonly SchemaStep[];
  /** All its due-times. If there are none, it has no table for them. */
  dues: readonly DueName[];
  /** The table of due-times, if it is not the default one. */
  dueRows?: DueRows<DueName>;
  /** Tables left out of dumps: they can be made again from other tables or from elsewhere. */
  derived?: readonly string[];
  /** Writes the first rows of a new object, in the transaction that makes its tables. */
  begin?: () => void;
  /** Drops what is in memory about the tables, because it may be wrong. */
  forget?: () => void;
}

/** The jobs of the alarm, and what happens when one fails. */
export interface Jobs<DueName extends string> {
  run(name: DueName, now: number): Promise<void> | void;
  /** Name of the log line for a failed job. */
  fault: string;
  /** Further fields of that line. */
  fields?: () => Record<string, string>;
  /** Longest wait before the next try, milliseconds. */
  most?: number;
  /** What to store about the failure, in the transaction that sets the next try. */
  note?: (name: DueName, fault: unknown) => void;
}

/**
 * What every Durable Object with tables must do right, written once: make the tables on first use and update them when
 * the object wakes; change everything in one transaction and drop the memory when it fails; have an alarm that never
 * loses work; erase; dump and export in pages.
 *
 * A class has a cell as a private part and stays its own class. Its public methods are its RPCs, so callers can only
 * call what the class names. An unused object has no tables and costs no storage.
 */
export class Cell<DueName extends string = never> {
  readonly scheduler: AlarmScheduler<DueName>;
  readonly #ctx: DurableObjectState;
  readonly #storage: DurableObjectStorage;
  readonly #parts: CellParts<DueName>;
  #exists = false;
  #isErased: boolean;

  /** Called in the object's constructor. An object that did not run during a release gets the new schema steps here. */
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

  /** Whether the object has tables. Once it has, only {@link empty} or a rollback removes them. */
  get exists(): boolean {
    this.#exists ||= hasSchema(this.#storage.sql);
    return this.#exists;
  }

  get isErased(): boolean {
    return this.#isErased;
  }

  /**
   * Runs a change in one transaction and arms the alarm in the same turn. It makes the tables first if there are none.
   * A fault rolls everything back and drops the memory, which SQLite cannot roll back.
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

  /** The memory may be wrong: everything is read from the tables again. */
  forget(): void {
    this.#exists = false;
    this.scheduler.forget();
    this.#parts.forget?.();
  }

  /** Everything that was pending when this object last ran is pending now, whether or not its alarm survived. */
  wake(): void {
    if (this.exists) this.scheduler.armBeside(this.#ctx);
  }

  /** Sets the alarm again, whatever it is believed to be set to. */
  async rearm(): Promise<void> {
    this.scheduler.forget();
    await this.scheduler.arm();
  }

  /**
   * The alarm: runs all due jobs. It never throws, because an alarm that throws seven times never fires again. A job
   * that fails stays due with a longer wait each time, and delays no other job.
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
        if (!this.exists) return; // erased or emptied by now
        // Not armed here: the other jobs come first, and the alarm is set once for all of them.
        this.#storage.transactionSync(() => {
          note?.(name, fault);
          this.scheduler.failed(name, Date.now(), most === undefined ? {} : { most });
        });
      }
    }
    if (this.exists) await this.scheduler.arm();
  }

  /** A page of the rows of these tables; empty if the object was never used. */
  exportOf(tables: readonly ExportedTable[], from: ExportPosition | null): ExportPage {
    return this.exists ? exportRows(this.#storage.sql, tables, from) : { rows: [], next: null };
  }

  /** A copy of everything as of one instant, or a piece of one; null if there is nothing. See {@link dumpObject}. */
  dump(asked?: DumpRequest): Result<ObjectDump | null> {
    return this.#isErased ? ok(null) : dumpObject(this.#storage, this.#parts.derived ?? [], asked);
  }

  /** The backup has all pieces of the copy that was made for it. */
  forgetDump(backup: string): void {
    forgetCopy(this.#storage, backup);
  }

  /**
   * Fills the empty object with a dump, or with a piece of one. After the last piece the object wakes: rows that were
   * pending in the dump are pending again.
   * @param load fills the tables, if that needs more than the dump.
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

  /** Other code filled the tables: they get the missing schema steps, and the memory is read again. */
  takeUp(): void {
    this.forget();
    migrate(this.#storage, this.#parts.schema);
  }

  /** Removes everything, also the alarm. Afterwards the object is as if it had never been used. */
  async empty(): Promise<void> {
    this.forget();
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  /** Removes everything, and refuses every later write. */
  async erase(): Promise<void> {
    this.#isErased = true;
    await this.empty();
    this.#storage.kv.put(ERASED, Date.now());
  }
}
