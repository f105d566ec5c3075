import { z } from "@hono/zod-openapi";
import { drizzle } from "drizzle-orm/d1";
import { appendAll, callChain, ownEntry } from "../audit/index.ts";
import { erasedAmong, subjectOf } from "../identity/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { requestErasure } from "../privacy/index.ts";
import { indexWords, JOURNALS } from "../records/index.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { type Manifest, type PartEntry, rowsIn } from "./format.ts";
import { loadPart, type PartOutcome } from "./load.ts";
import { columnsOf } from "./rows.ts";
import { checkSchema, schemaOf } from "./schema.ts";
import { stageOf } from "./stages.ts";
import { addJobState, erasedSubjects, jobState, manifestOf, previousHolds, readPart } from "./store.ts";
import { BACKED_UP, RESTORE_ORDER } from "./tables.ts";
import type { RestoreTarget } from "./target.ts";

const stateSchema = z.object({
  /** check: every part is opened. load: every part is restored and compared. derive, close: what follows it. done. */
  phase: z.enum(["check", "load", "derive", "close", "done"]),
  /** The next part of the phase. */
  at: z.int(),
  /** Where the derive phase goes on. */
  derived_to: z.string(),
  rows: z.int(),
  /** Rows that were written after the mark about something that was not there then. */
  left_out: z.int(),
  /** Users' files whose bytes are not where their rows say. */
  missing_files: z.int(),
  started_at: z.int(),
  finished_at: z.int().nullable(),
});
export type JobState = z.infer<typeof stateSchema>;

/** What a job does beside reading parts. */
export interface JobPlan {
  /** Where the backup goes; null: it is only checked. */
  target: RestoreTarget | null;
  /** Before the first row: makes the target ready, or refuses it. */
  open(manifest: Manifest): Promise<Result<null>>;
  /** Makes the next piece of what is in no backup. @returns where it goes on; null at the end. */
  derive?(from: string): Promise<string | null>;
  /** After the last row. */
  close(manifest: Manifest, state: JobState): Promise<Result<null>>;
}

/**
 * Goes on with a check or a restore until it is done, is refused, or `until` (epoch ms). Where it stands is noted after
 * each part, and every part may be taken twice, so a killed job loses seconds. Nothing is restored before every part
 * of the backup has been opened and found whole.
 *
 * @param job name of this job; one that is there already is continued.
 */
export async function continueJob(
  env: Env,
  backup: string,
  job: string,
  plan: JobPlan,
  until: number,
): Promise<Result<JobState>> {
  const opened = await manifestOf(env, backup);
  if (!opened.ok) return opened;
  const manifest = opened.value;
  const stored = await jobState(env, job);
  let number = stored?.number ?? 0;
  let state: JobState =
    stored === null
      ? {
          phase: "check",
          at: 0,
          derived_to: "",
          rows: 0,
          left_out: 0,
          missing_files: 0,
          started_at: Date.now(),
          finished_at: null,
        }
      : stateSchema.parse(JSON.parse(stored.text));
  while (state.phase !== "done") {
    const advanced = await advance(env, manifest, plan, state, until);
    if (!advanced.ok) {
      logFault("backup_refused", new Error(advanced.refusal.code), { backup, job, detail: advanced.refusal.detail });
      return advanced;
    }
    state = advanced.value;
    number += 1;
    if (!(await addJobState(env, job, number, JSON.stringify(state)))) {
      // Somebody else goes on with the same job; both do the same, and one of them is enough.
      return ok(state);
    }
    if (Date.now() >= until) break;
  }
  return ok(state);
}

async function advance(
  env: Env,
  manifest: Manifest,
  plan: JobPlan,
  state: JobState,
  until: number,
): Promise<Result<JobState>> {
  if (state.phase === "check") return checkParts(env, manifest, plan, state, until);
  if (state.phase === "load" && plan.target !== null) return loadNext(env, manifest, plan.target, state);
  if (state.phase === "derive") {
    const next = (await plan.derive?.(state.derived_to)) ?? null;
    return ok(next === null ? { ...state, phase: "close" } : { ...state, derived_to: next });
  }
  const closed = await plan.close(manifest, state);
  return closed.ok ? ok({ ...state, phase: "done", finished_at: Date.now() }) : closed;
}

async function checkParts(
  env: Env,
  manifest: Manifest,
  plan: JobPlan,
  state: JobState,
  until: number,
): Promise<Result<JobState>> {
  if (state.at === 0 && !(await previousHolds(env, manifest))) {
    return refuse("backup_manifest_tampered", { detail: `${manifest.previous?.id} is not what this backup followed.` });
  }
  let at = state.at;
  for (; at < manifest.parts.length; at += 1) {
    const entry = manifest.parts[at];
    if (entry === undefined) break;
    const read = await readPart(env, manifest, entry);
    if (!read.ok) return read;
    const rows = rowsIn(entry.stage, read.value.lines);
    if (rows !== entry.rows) {
      return refuse("backup_part_damaged", { detail: `${entry.name} has ${rows} rows instead of ${entry.rows}.` });
    }
    if (Date.now() >= until) return ok({ ...state, at: at + 1 });
  }
  if (plan.target === null) return ok({ ...state, phase: "close", at: 0 });
  const ready = await plan.open(manifest);
  return ready.ok ? ok({ ...state, phase: "load", at: 0 }) : ready;
}

/** One part: where the job stands is noted after each, so that a killed one repeats no more than that. */
async function loadNext(
  env: Env,
  manifest: Manifest,
  target: RestoreTarget,
  state: JobState,
): Promise<Result<JobState>> {
  const parts = inRestoreOrder(manifest.parts);
  const entry = parts[state.at];
  if (entry === undefined) return ok({ ...state, phase: "derive", at: 0 });
  const read = await readPart(env, manifest, entry);
  if (!read.ok) return read;
  const columns = await columnsOf(
    target.tables,
    BACKED_UP.map(({ name }) => name),
  );
  const loaded: Result<PartOutcome> = await loadPart(target, columns, entry.stage, read.value);
  if (!loaded.ok) return loaded;
  const { rows, left_out, missing_files = 0 } = loaded.value;
  return ok({
    ...state,
    at: state.at + 1,
    rows: state.rows + rows,
    left_out: state.left_out + left_out,
    missing_files: state.missing_files + missing_files,
  });
}

/**
 * Parents before children, rows before objects, and channels before the objects that have something to tell them: those
 * wake with their restore.
 */
export function inRestoreOrder(parts: readonly PartEntry[]): PartEntry[] {
  const stages = [...RESTORE_ORDER.map(stageOf), "channels", "broadcast_log", "enrollment_objects", "journals"];
  const place = (stage: string) => {
    const at = stages.indexOf(stage);
    return at < 0 ? stages.length : at;
  };
  return [...parts].sort((a, b) => place(a.stage) - place(b.stage) || (a.name < b.name ? -1 : 1));
}

/** A restore into this deployment: refused unless it has nothing. */
export function restorePlan(env: Env, target: RestoreTarget): JobPlan {
  return {
    target,
    async open(manifest) {
      const fits = checkSchema(manifest.schema, await schemaOf(target.tables));
      if (!fits.ok) return fits;
      const held = await target.tables.batch(
        BACKED_UP.map(({ name }) => ({ sql: `SELECT 1 FROM "${name}" LIMIT 1`, values: [] })),
      );
      const chain = await callChain(env, (stub) => stub.state());
      if (!chain.ok) return chain;
      if (chain.value.seq > 0) return refuse("restore_target_not_empty", { detail: "The audit chain has entries." });
      const full = BACKED_UP.filter((_, index) => (held[index]?.length ?? 0) > 0).map(({ name }) => name);
      if (full.length > 0)
        return refuse("restore_target_not_empty", { detail: `There are rows in ${full.join(", ")}.` });
      return ok(null);
    },
    derive: (from) => indexWords(env, from),
    async close(manifest, state) {
      const opened = await openJournals(env, manifest, target);
      if (!opened.ok) return opened;
      const chain = await target.openAuditChain();
      if (!chain.ok) return chain;
      const erased = await eraseAgain(env);
      const { rows, left_out, missing_files } = state;
      const entry = {
        action: "backup.restored",
        actor: { id: "system", role: "system" },
        target: { type: "backup", id: manifest.id },
        details: { entries: rows },
        unique: manifest.id,
      } as const;
      const recorded = await appendAll(env, [ownEntry(entry, Date.now())]);
      if (!recorded.ok) return recorded;
      logEvent("restored", { backup: manifest.id, rows, left_out, missing_files, erased_again: erased });
      return ok(null);
    },
  };
}

/** Opens the journals that the backup has something of. */
export async function openJournals(env: Env, manifest: Manifest, target: RestoreTarget): Promise<Result<null>> {
  const found = new Map<number, { steps: string[]; tombstones: (string | number | null)[][] }>();
  for (const entry of manifest.parts.filter(({ stage }) => stage === "journals" || stage === "journal_tombstones")) {
    const read = await readPart(env, manifest, entry);
    if (!read.ok) return read;
    for (const line of read.value.lines) {
      const { journal, page } = journalLine.parse(JSON.parse(line));
      const known = found.get(journal) ?? { steps: page.steps, tombstones: [] };
      if (entry.stage === "journal_tombstones") known.tombstones.push(...page.rows);
      found.set(journal, known);
    }
  }
  for (let journal = 0; journal < JOURNALS; journal += 1) {
    const known = found.get(journal);
    if (known === undefined) continue;
    const opened = await target.openJournal(journal, known.steps, known.tombstones);
    if (!opened.ok) return opened;
  }
  return ok(null);
}

const journalLine = z.object({
  journal: z.int(),
  page: z.object({
    steps: z.array(z.string()),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  }),
});

/**
 * Users who were erased after the mark are in the backup. Who they were, nobody wrote down; but the hash of each erased
 * id was, and every restored id is held against those. @returns how many are being erased again.
 */
async function eraseAgain(env: Env): Promise<number> {
  const subjects = await erasedSubjects(env);
  if (subjects.size === 0) return 0;
  let after = "";
  let erased = 0;
  for (;;) {
    const { results } = await env.DB.prepare(
      `SELECT id FROM users WHERE id > ?1 UNION SELECT user_id FROM enrollments WHERE user_id > ?1
       UNION SELECT owner FROM translation_sessions WHERE owner > ?1 ORDER BY 1 LIMIT 500`,
    )
      .bind(after)
      .all<{ id: string }>();
    const known = await erasedAmong(
      env.DB,
      results.map(({ id }) => id),
    );
    for (const { id } of results) {
      if (known.has(id) || !subjects.has(await subjectOf(id))) continue;
      await requestErasure(drizzle(env.DB), id, null, Date.now());
      erased += 1;
    }
    const last = results.at(-1);
    if (last === undefined || results.length < 500) return erased;
    after = last.id;
  }
}
