import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { UserGate } from "../../../src/identity/revocations.ts";
import { DUE_TIMES_TABLE, RETRY_BASE_MS } from "../../../src/platform/cell/alarm-scheduler.ts";
import { Cell } from "../../../src/platform/cell/cell.ts";
import type { ObjectDump } from "../../../src/platform/cell/object-dump.ts";
import type { SchemaStep } from "../../../src/platform/cell/object-schema.ts";

// Cells on the storage of real objects: those of a class that has no tables of its own, under names that no user has.

const FIRST: SchemaStep = {
  id: "001_notes",
  sql: `CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL); ${DUE_TIMES_TABLE}`,
};
const SECOND: SchemaStep = {
  id: "002_colour",
  sql: "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'white'",
};
const DUES = ["send", "tidy"] as const;
const HOUR_MS = 3_600_000;

/** An object as small as one can be: notes, and how many of them memory holds. */
class Notes {
  readonly cell: Cell<(typeof DUES)[number]>;
  readonly #sql: SqlStorage;
  known: number | null = null;

  constructor(ctx: DurableObjectState, schema: readonly SchemaStep[] = [FIRST]) {
    this.#sql = ctx.storage.sql;
    this.cell = new Cell(ctx, {
      called: "a notebook",
      schema,
      dues: DUES,
      begin: () => this.write("begun"),
      forget: () => {
        this.known = null;
      },
    });
  }

  write(text: string): void {
    this.known = this.count() + 1;
    this.#sql.exec("INSERT INTO notes (text) VALUES (?)", text);
  }

  count(): number {
    this.known ??= this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM notes").one().n;
    return this.known;
  }

  texts(): string[] {
    return this.#sql
      .exec<{ text: string }>("SELECT text FROM notes ORDER BY id")
      .toArray()
      .map(({ text }) => text);
  }
}

let number = 0;

/** Another object, which nobody has used. */
function fresh(): DurableObjectStub<UserGate> {
  number += 1;
  // SAFETY: wrangler.toml binds GATES to this class.
  const namespace = env.GATES as DurableObjectNamespace<UserGate>;
  return namespace.get(namespace.idFromName(`cell/${number}`));
}

const on = <T>(stub: DurableObjectStub<UserGate>, work: (state: DurableObjectState) => T | Promise<T>): Promise<T> =>
  runInDurableObject(stub, (_gate, state) => work(state));

const tables = ({ storage }: DurableObjectState) =>
  storage.sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    )
    .toArray()
    .map(({ name }) => name)
    .sort();

const failing = () => {
  throw new Error("on purpose");
};

afterEach(() => {
  vi.useRealTimers();
});

describe("an unused object", () => {
  it("has no tables, whatever it is asked", async () => {
    await on(fresh(), async (state) => {
      const { cell } = new Notes(state);
      cell.wake();
      await cell.runDue({ run: failing, fault: "notebook_job_failed" });
      expect(cell.exists).toBe(false);
      expect(cell.exportOf([{ kind: "note", query: "SELECT * FROM notes" }], null)).toEqual({ rows: [], next: null });
      expect(cell.dump()).toEqual({ ok: true, value: null });
      expect(tables(state)).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });

  it("gets its tables and its first rows with its first commit", async () => {
    await on(fresh(), (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => notes.write("one"));
      expect(notes.texts()).toEqual(["begun", "one"]);
      expect(tables(state)).toEqual(["due_times", "notes", "schema_steps"]);
    });
  });

  it("has no tables if its first commit fails", async () => {
    await on(fresh(), (state) => {
      const notes = new Notes(state);
      expect(() => notes.cell.commit(failing)).toThrow("on purpose");
      expect(notes.cell.exists).toBe(false);
      expect(tables(state)).toEqual([]);
      notes.cell.commit(() => notes.write("one"));
      expect(notes.texts()).toEqual(["begun", "one"]);
    });
  });
});

describe("a commit", () => {
  it("[I1] that fails leaves nothing behind: no rows, no memory, no alarm", async () => {
    await on(fresh(), async (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => notes.write("one"));
      const refused = () =>
        notes.cell.commit(() => {
          notes.write("two");
          notes.cell.scheduler.schedule("send", Date.now() + HOUR_MS);
          failing();
        });
      expect(refused).toThrow("on purpose");
      expect(notes.known).toBeNull();
      expect(notes.count()).toBe(2);
      expect(notes.cell.scheduler.has("send")).toBe(false);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });

  it("sets the alarm for the earliest of its due-times", async () => {
    await on(fresh(), async (state) => {
      const { cell } = new Notes(state);
      const now = Date.now();
      cell.commit(() => {
        cell.scheduler.schedule("tidy", now + 2 * HOUR_MS);
        cell.scheduler.schedule("send", now + HOUR_MS);
      });
      expect(await state.storage.getAlarm()).toBe(now + HOUR_MS);
    });
  });
});

describe("waking", () => {
  it("updates the tables before any request", async () => {
    const stub = fresh();
    await on(stub, (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => notes.write("one"));
    });
    await evictDurableObject(stub);
    await on(stub, (state) => {
      new Notes(state, [FIRST, SECOND]);
      const colours = state.storage.sql.exec("SELECT DISTINCT colour FROM notes").toArray();
      expect(colours).toEqual([{ colour: "white" }]);
    });
  });

  it("[I10] sets a lost alarm again", async () => {
    const stub = fresh();
    const at = Date.now() + HOUR_MS;
    await on(stub, async (state) => {
      const { cell } = new Notes(state);
      cell.commit(() => cell.scheduler.schedule("send", at));
      await state.storage.deleteAlarm();
    });
    await evictDurableObject(stub);
    await on(stub, async (state) => {
      new Notes(state).cell.wake();
      expect(await state.storage.getAlarm()).toBe(at);
    });
  });
});

describe("the alarm", () => {
  it("[I10] runs only the due jobs; a failed job delays no other, and each of its tries waits longer", async () => {
    await on(fresh(), async (state) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const notes = new Notes(state);
      const { cell } = notes;
      const at = Date.now() + HOUR_MS;
      cell.commit(() => {
        cell.scheduler.schedule("send", at);
        cell.scheduler.schedule("tidy", at + 1);
      });
      const ran: string[] = [];
      const jobs = {
        run: (name: (typeof DUES)[number]) => {
          ran.push(name);
          if (name === "send") failing();
          cell.commit(() => cell.scheduler.reschedule(name, null));
        },
        fault: "notebook_job_failed",
        note: (name: string) => notes.write(`${name} failed`),
      };
      await cell.runDue(jobs);
      expect(ran).toEqual([]);
      vi.setSystemTime(at + 1);
      await cell.runDue(jobs);
      expect(ran).toEqual(["send", "tidy"]);
      expect(await state.storage.getAlarm()).toBe(at + 1 + RETRY_BASE_MS);
      vi.setSystemTime(at + 1 + RETRY_BASE_MS);
      await cell.runDue(jobs);
      expect(ran).toEqual(["send", "tidy", "send"]);
      expect(await state.storage.getAlarm()).toBe(at + 1 + 3 * RETRY_BASE_MS);
      expect(notes.texts()).toEqual(["begun", "send failed", "send failed"]);
      await state.storage.deleteAlarm();
    });
  });

  it("ends without a fault if the object is emptied while a job runs", async () => {
    await on(fresh(), async (state) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const { cell } = new Notes(state);
      cell.commit(() => cell.scheduler.schedule("send", Date.now() + HOUR_MS));
      vi.setSystemTime(Date.now() + HOUR_MS);
      const run = async () => {
        await cell.empty();
        failing();
      };
      await cell.runDue({ run, fault: "notebook_job_failed" });
      expect(tables(state)).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("erasure", () => {
  it("leaves nothing, refuses later writes, and lasts after the object has slept", async () => {
    const stub = fresh();
    const dump = await on(stub, async (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => {
        notes.write("one");
        notes.cell.scheduler.schedule("send", Date.now() + HOUR_MS);
      });
      const taken = notes.cell.dump();
      await notes.cell.erase();
      expect(tables(state)).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
      return taken.ok ? taken.value : null;
    });
    await evictDurableObject(stub);
    await on(stub, async (state) => {
      const notes = new Notes(state);
      expect(notes.cell.isErased).toBe(true);
      expect(() => notes.cell.commit(() => notes.write("two"))).toThrow("a notebook was erased");
      expect(notes.cell.dump()).toEqual({ ok: true, value: null });
      const restored = dump === null ? null : await notes.cell.restore(dump, "job");
      expect(restored).toMatchObject({ ok: false, refusal: { code: "restore_target_not_empty" } });
      expect(tables(state)).toEqual([]);
    });
  });
});

describe("a dump", () => {
  it("fills another object, which wakes with the pending rows; a repetition changes nothing", async () => {
    const at = Date.now() + HOUR_MS;
    const dump = await on(fresh(), (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => {
        notes.write("one");
        notes.cell.scheduler.schedule("send", at);
      });
      return dumpOf(notes);
    });
    await on(fresh(), async (state) => {
      const notes = new Notes(state, [FIRST, SECOND]);
      for (let time = 0; time < 2; time += 1) {
        expect(await notes.cell.restore(dump, "job")).toMatchObject({ ok: true, value: { is_complete: true } });
      }
      expect(notes.texts()).toEqual(["begun", "one"]);
      expect(await state.storage.getAlarm()).toBe(at);
      // Newer than the dump: the step it had not is there.
      expect(state.storage.sql.exec("SELECT DISTINCT colour FROM notes").toArray()).toEqual([{ colour: "white" }]);
      expect(await notes.cell.restore(dump, "another")).toMatchObject({ ok: false });
    });
  });

  it("too large for one answer is sent in pieces of one instant, while the object continues to work", async () => {
    const parts = await on(fresh(), (state) => {
      const notes = new Notes(state);
      notes.cell.commit(() => {
        for (let note = 0; note < 12; note += 1) notes.write(`${note} ${"课".repeat(60_000)}`);
      });
      expect(notes.cell.dump()).toMatchObject({ ok: false, refusal: { code: "unavailable" } });
      const pieces = [dumpOf(notes, 0)];
      notes.cell.commit(() => notes.write("meanwhile"));
      for (let part = 1; part < (pieces[0]?.part?.of ?? 0); part += 1) pieces.push(dumpOf(notes, part));
      notes.cell.forgetDump("backup");
      expect(tables(state)).not.toContain("backup_copy");
      return pieces;
    });
    expect(parts.length).toBeGreaterThan(2);
    await on(fresh(), async (state) => {
      const notes = new Notes(state);
      for (const [at, part] of parts.entries()) {
        const isLast = at === parts.length - 1;
        expect(await notes.cell.restore(part, "job")).toMatchObject({ ok: true, value: { is_complete: isLast } });
        expect(notes.cell.exists).toBe(isLast);
      }
      expect(notes.count()).toBe(13);
      expect(notes.texts()).not.toContain("meanwhile");
    });
  });
});

function dumpOf({ cell }: Notes, part?: number): ObjectDump {
  const dump = cell.dump(part === undefined ? undefined : { backup: "backup", part });
  if (!dump.ok || dump.value === null) throw new Error("there is no dump");
  return dump.value;
}

describe("a cell without jobs", () => {
  it("needs no table of due-times", async () => {
    await on(fresh(), async (state) => {
      const schema = [{ id: "001_plain", sql: "CREATE TABLE plain (id INTEGER PRIMARY KEY)" }];
      const cell = new Cell(state, { called: "a plain object", schema, dues: [] });
      cell.commit(() => state.storage.sql.exec("INSERT INTO plain DEFAULT VALUES"));
      expect(tables(state)).toEqual(["plain", "schema_steps"]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});
