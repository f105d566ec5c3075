import { z } from "@hono/zod-openapi";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { storedChain } from "./chain.ts";
import { ERASURES, type Erasures } from "./erase-again.ts";
import { type Chain, lastOf, type Manifest, type PartEntry, rowsIn } from "./format.ts";
import { loadPart, markPart } from "./load.ts";
import { isSpent } from "./metered.ts";
import { checkOrder, restoreOrder } from "./order.ts";
import { databasesOf } from "./place.ts";
import { columnsOf } from "./rows.ts";
import { addJobState, jobState, previousHolds, readPart } from "./store.ts";
import { BACKED_UP } from "./tables.ts";
import type { RestoreTarget } from "./target.ts";

const stateSchema = z.object({
  /**
   * check: every part is opened. load: every part is restored and compared. derive: data that are in no backup are
   * made. open: filled objects are opened. erase: erased people are erased again. close: the end. done.
   */
  phase: z.enum(["check", "load", "derive", "open", "erase", "close", "done"]),
  /** The next part of the phase. */
  at: z.int(),
  /** The next line of that part. */
  line: z.int().default(0),
  /** Where the derive phase continues. */
  derived_to: z.string(),
  /** Where the erase phase continues; null: at its beginning. */
  erased_to: z.string().nullable().default(null),
  erased_again: z.int().default(0),
  /** How the restore knows who was erased since the backup; null: not said yet. */
  erasures: z.enum(ERASURES).nullable().default(null),
  rows: z.int(),
  /** Rows that are restored now, by their stage. */
  loaded: z.record(z.string(), z.int()).default({}),
  /** Rows that were written after the mark about something that was not in the backup. */
  left_out: z.int(),
  /** Users' files whose bytes are not in the bucket. */
  missing_files: z.int(),
  started_at: z.int(),
  finished_at: z.int().nullable(),
});
export type JobState = z.infer<typeof stateSchema>;

/** The work of a job besides reading parts. */
export interface JobPlan {
  /** The target of the restore; null: the backup is only checked. */
  target: RestoreTarget | null;
  /** Before the first row: prepares the target, or refuses it. */
  open(chain: Chain): Promise<Result<null>>;
  /** Makes the next piece of the data that are in no backup. @returns where it continues; null at the end. */
  derive?(from: string): Promise<string | null>;
  /** Opens the objects that were filled page by page. */
  open_objects?(chain: Chain): Promise<Result<null>>;
  /** Erases a page of those who were erased. @returns where it continues; null at the end. */
  erase?(chain: Chain, from: string | null): Promise<Result<{ erased: number; next: string | null }>>;
  /** After the last row. */
  close(chain: Chain, state: JobState): Promise<Result<null>>;
}

/**
 * Continues a check or a restore until it is done, is refused, `until` (epoch ms), or, with bindings that count, until
 * it has made as many calls as one step may. Its progress is stored after each part, and every part may be done twice,
 * so a killed job loses seconds. Nothing is restored before every part of every link of the chain has been opened and
 * found valid.
 * @param job name of this job; an existing one is continued.
 * @param erasures for a new restore: how it is known who was erased since the backup.
 */
export async function continueJob(
  env: Env,
  backup: string,
  job: string,
  plan: JobPlan,
  until: number,
  erasures: Erasures | null = null,
): Promise<Result<JobState>> {
  const opened = await storedChain(env, backup);
  if (!opened.ok) {
    logFault("backup_refused", new Error(opened.refusal.code), { backup, job, detail: opened.refusal.detail });
    return opened;
  }
  const chain = opened.value;
  const stored = await jobState(env, job);
  let number = stored?.number ?? 0;
  let state: JobState =
    stored === null
      ? {
          phase: "check",
          at: 0,
          line: 0,
          derived_to: "",
          erased_to: null,
          erased_again: 0,
          erasures,
          rows: 0,
          loaded: {},
          left_out: 0,
          missing_files: 0,
          started_at: Date.now(),
          finished_at: null,
        }
      : stateSchema.parse(JSON.parse(stored.text));
  while (state.phase !== "done") {
    const advanced = await advance(env, chain, plan, state, until);
    if (!advanced.ok) {
      logFault("backup_refused", new Error(advanced.refusal.code), { backup, job, detail: advanced.refusal.detail });
      return advanced;
    }
    state = advanced.value;
    number += 1;
    if (!(await addJobState(env, job, number, JSON.stringify(state)))) {
      // Another worker continues the same job. Both do the same, and one of them is enough.
      return ok(state);
    }
    if (Date.now() >= until || isSpent(env)) break;
  }
  return ok(state);
}

async function advance(
  env: Env,
  chain: Chain,
  plan: JobPlan,
  state: JobState,
  until: number,
): Promise<Result<JobState>> {
  if (state.phase === "check") return checkParts(env, chain, plan, state, until);
  if (state.phase === "load" && plan.target !== null) return loadNext(env, chain, plan.target, state);
  if (state.phase === "derive") {
    const next = (await plan.derive?.(state.derived_to)) ?? null;
    return ok(next === null ? { ...state, phase: "open" } : { ...state, derived_to: next });
  }
  if (state.phase === "open") {
    const opened = (await plan.open_objects?.(chain)) ?? ok(null);
    return opened.ok ? ok({ ...state, phase: "erase" }) : opened;
  }
  if (state.phase === "erase") {
    const page = (await plan.erase?.(chain, state.erased_to)) ?? ok({ erased: 0, next: null });
    if (!page.ok) return page;
    const erased_again = state.erased_again + page.value.erased;
    if (page.value.next === null) return ok({ ...state, erased_again, phase: "close" });
    return ok({ ...state, erased_again, erased_to: page.value.next });
  }
  const closed = await plan.close(chain, state);
  return closed.ok ? ok({ ...state, phase: "done", finished_at: Date.now() }) : closed;
}

async function checkParts(
  env: Env,
  chain: Chain,
  plan: JobPlan,
  state: JobState,
  until: number,
): Promise<Result<JobState>> {
  if (state.at === 0) {
    for (const link of chain) {
      if (await previousHolds(env, link)) continue;
      return refuse("backup_manifest_tampered", {
        detail: `${link.previous?.id} is not the backup that this one was built on.`,
      });
    }
  }
  const parts = checkOrder(chain);
  for (let { at } = state; at < parts.length; at += 1) {
    const part = parts[at];
    if (part === undefined) break;
    const { link, entry } = part;
    const read = await readLinkPart(env, chain, link, entry);
    if (!read.ok) return read;
    const rows = rowsIn(entry.stage, read.value.lines);
    if (rows !== entry.rows) {
      return refuse("backup_part_damaged", { detail: `${entry.name} has ${rows} rows instead of ${entry.rows}.` });
    }
    if (Date.now() >= until || isSpent(env)) return ok({ ...state, at: at + 1 });
  }
  if (plan.target === null) return ok({ ...state, phase: "close", at: 0 });
  const ready = await plan.open(chain);
  return ready.ok ? ok({ ...state, phase: "load", at: 0 }) : ready;
}

/** A part of a link; a fault is reported with its link if there are several. */
async function readLinkPart(env: Env, chain: Chain, manifest: Manifest, entry: PartEntry) {
  const read = await readPart(env, manifest, entry);
  if (read.ok || chain.length === 1) return read;
  return refuse(read.refusal.code, { detail: `${manifest.id}: ${read.refusal.detail ?? entry.name}` });
}

/** Stages in which each line is an object, which costs several calls. */
const OBJECT_STAGES = ["enrollment_objects", "channels"];
/** Objects loaded at once. */
const OBJECT_LINES = 100;

/** One part, or some objects of one: the progress is stored after each, so that a killed job repeats only that. */
async function loadNext(env: Env, chain: Chain, target: RestoreTarget, state: JobState): Promise<Result<JobState>> {
  const step = restoreOrder(chain)[state.at];
  if (step === undefined) return ok({ ...state, phase: "derive", at: 0 });
  const { link, entry, place } = step;
  const read = await readLinkPart(env, chain, link, entry);
  if (!read.ok) return read;
  if (step.does === "mark") {
    await markPart(target.tables, entry.stage, place, read.value.lines);
    return ok({ ...state, at: state.at + 1 });
  }
  const columns = await columnsOf(
    target.tables,
    BACKED_UP.map(({ name }) => name),
  );
  const where = { place, links: chain.length, databases: databasesOf(lastOf(chain)) };
  const { header, lines } = read.value;
  const end = OBJECT_STAGES.includes(entry.stage) ? state.line + OBJECT_LINES : lines.length;
  const loaded = await loadPart(target, columns, entry.stage, { header, lines: lines.slice(state.line, end) }, where);
  if (!loaded.ok) return loaded;
  const { rows, left_out, missing_files = 0 } = loaded.value;
  return ok({
    ...state,
    ...(end < lines.length ? { line: end } : { at: state.at + 1, line: 0 }),
    rows: state.rows + rows,
    loaded: { ...state.loaded, [entry.stage]: (state.loaded[entry.stage] ?? 0) + rows },
    left_out: state.left_out + left_out,
    missing_files: state.missing_files + missing_files,
  });
}
