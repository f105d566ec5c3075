import { parseOutline } from "../courses/index.ts";
import { AlarmScheduler } from "../platform/cell/alarm-scheduler.ts";
import type { ObjectDump } from "../platform/cell/object-dump.ts";
import { type Loaded, loadObject } from "../platform/cell/object-load.ts";
import { type Result, refuse } from "../platform/results.ts";
import { compile, ENGINE, evaluate, type Program } from "../unlock/index.ts";
import { Outbox } from "./outbox.ts";
import { pack } from "./packed.ts";
import { DUE_NAMES, SCHEMA_STEPS } from "./schema.ts";
import { EnrollmentState } from "./state.ts";
import { EnrollmentStore } from "./store.ts";

/** Totals are counted again as rows come; the outline is the course version's, which D1 has: a copy of it in each of fifty thousand dumps would dwarf the rest. */
export const DERIVED_TABLES = ["outline", "submission_totals"];

/**
 * Fills an empty enrollment object.
 * @param outline of the dump's version, in parts as in D1. It is requested with the last piece of a dump.
 */
export function loadEnrollment(
  storage: DurableObjectStorage,
  dump: ObjectDump,
  outline: readonly string[],
  job: string,
): Result<Loaded> {
  const isLast = dump.part === undefined || dump.part.number === dump.part.of - 1;
  if (isLast && outline.length === 0) return refuse("restore_differs", { detail: "A course version has no outline." });
  return storage.transactionSync(() => {
    const loaded = loadObject(storage, SCHEMA_STEPS, DERIVED_TABLES, dump, job);
    if (loaded.ok && loaded.value.is_complete) {
      outline.forEach((body, part) => {
        storage.sql.exec("INSERT OR REPLACE INTO outline (part, body) VALUES (?, ?)", part, body);
      });
    }
    return loaded;
  });
}

/**
 * Whether an enrollment's snapshot agrees with its facts: the states are evaluated again and compared with the stored
 * ones. A snapshot of another engine is skipped, because the first read computes it again.
 */
export function snapshotHolds(storage: DurableObjectStorage): boolean {
  const store = new EnrollmentStore(storage.sql);
  const meta = store.meta();
  if (meta === null) return false;
  if (meta.engine !== ENGINE) return true;
  const parts = storage.sql.exec<{ body: string }>("SELECT body FROM outline ORDER BY part").toArray();
  const program = programOf(parts.map(({ body }) => body));
  const scheduler = new AlarmScheduler(storage, DUE_NAMES);
  const loaded = { meta, program, facts: store.facts.all() };
  const { learner } = new EnrollmentState(store, new Outbox(storage.sql), scheduler, loaded);
  return pack(evaluate(program, learner, meta.computed_at)) === meta.states;
}

/** The outline that was compiled last: enrollments come course by course. */
let compiled: { text: string; program: Program } | null = null;

/** Compiles an outline from the restored data, not from this isolate's memory. */
function programOf(parts: readonly string[]): Program {
  const text = parts.join("");
  if (compiled?.text !== text) compiled = { text, program: compile(parseOutline(parts)) };
  return compiled.program;
}
