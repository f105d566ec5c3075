import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, type OwnEntry } from "../audit/index.ts";
import { directory } from "../platform/database/shards.ts";
import { DAY_MS } from "../platform/instants.ts";
import { logEvent } from "../platform/log.ts";
import { CLEANING_RULES, type CleaningReport } from "./clean.ts";
import { partSchema } from "./snapshot-text.ts";
import { anyCourse, anyRun, insertRun, newestCourse, noteOfRun, runOfCause, stalledRuns } from "./statements.ts";
import type { RunRow } from "./tables.ts";

/**
 * Grows with each change in features or training; together with the deployed version it says which code made a model.
 */
const PIPELINE_VERSION = 1;
/**
 * A run is resumed if its step has not ended for this long. A step may be repeated, so resuming too early does no harm.
 */
export const STALLED_MS = 5 * 60_000;
/** The first run waits until no data has arrived for this long, because an import sends its data in many calls. */
const QUIET_MS = 2 * 60_000;

export const insightMessageSchema = z.object({ type: z.literal("step"), run: z.string(), seq: z.int() });
export type InsightMessage = z.infer<typeof insightMessageSchema>;

/** The results so far of a run's steps. */
export interface Position {
  courses: RunCourse[];
  /** The place of the present step: which course, and after which enrollment. */
  at: number;
  after: string;
  cleaning: CleaningReport | null;
  excluded: number;
  /** The score of each blend, for each stage. */
  blends: number[][];
  model: string | null;
  promoted: boolean;
  predicted: number;
  /** For each feature: the number of learners, and the sum of their distances from the training mean, in deviations. */
  drift: Record<string, { count: number; sum: number }>;
  /** For people: why nothing was learnt or predicted. */
  note: string | null;
}

const rules = Object.keys(CLEANING_RULES);
const courseSchema = z.object({
  course: z.string(),
  module: z.string(),
  period: z.string(),
  start: z.number(),
  length: z.number(),
  over: z.boolean(),
  parts: z.array(partSchema),
  /** Whether cleaning found the course unusable. */
  dropped: z.boolean(),
  /** Rows with an outcome in each feature table, by share. */
  rows: z.record(z.string(), z.int()),
});
/** A course in a run. */
export type RunCourse = z.infer<typeof courseSchema>;

const positionSchema = z.object({
  courses: z.array(courseSchema),
  at: z.int(),
  after: z.string(),
  // SAFETY: the record's keys are checked below against the table that the type is made of.
  cleaning: z
    .record(z.string(), z.number())
    .refine((report) => rules.every((rule) => rule in report))
    .transform((report) => report as CleaningReport)
    .nullable(),
  excluded: z.int(),
  blends: z.array(z.array(z.number())),
  model: z.string().nullable(),
  promoted: z.boolean(),
  predicted: z.int(),
  drift: z.record(z.string(), z.object({ count: z.number(), sum: z.number() })),
  note: z.string().nullable(),
}) satisfies z.ZodType<Position>;

const START: Position = {
  courses: [],
  at: 0,
  after: "",
  cleaning: null,
  excluded: 0,
  blends: [],
  model: null,
  promoted: false,
  predicted: 0,
  drift: {},
  note: null,
};

/** @throws if the text does not have the form that a run writes. */
export function readPosition(run: Pick<RunRow, "position">): Position {
  return positionSchema.parse(JSON.parse(run.position));
}

/**
 * Starts a run, once for each cause.
 *
 * @param asOf only data known by this instant is used.
 * @param by who asked for it, for the audit log; null: the nightly job.
 * @returns the run's id, or null if this cause has already started one.
 */
export async function startRun(
  env: Env,
  cause: string,
  asOf: number,
  now: number,
  by: Pick<OwnEntry, "actor" | "request_id"> | null = null,
): Promise<string | null> {
  const id = crypto.randomUUID();
  const insert = insertRun(directory(env), id, cause, asOf, JSON.stringify(START), codeVersion(env), now);
  const entry = { action: "insight.run_started", target: { type: "insight_run", id }, unique: id } as const;
  const [inserted] = await directory(env).batch<{ id: string }>(
    by === null ? [insert] : [insert, addAuditEntryStatement(directory(env), { ...entry, ...by }, now, noteOfRun, id)],
  );
  const started = inserted?.results[0];
  if (started === undefined) return null;
  await env.INSIGHT_QUEUE.send({ type: "step", run: started.id, seq: 0 } satisfies InsightMessage);
  logEvent("insight_run_started", { run: started.id, cause });
  return started.id;
}

/** The run that a cause has already started. */
export async function runOf(env: Env, cause: string): Promise<string | null> {
  return runOfCause(directory(env), cause).first<string>("id");
}

/** Every night: a run, if any course takes part. Called twice, it starts one run. */
export async function startNightlyRun(env: Env, now: number): Promise<void> {
  const any = await anyCourse(directory(env)).first();
  if (any === null) return;
  const night = new Date(now).toISOString().slice(0, 10);
  await startRun(env, `night ${night}`, now, now);
}

/**
 * Every minute: resumes runs that have stopped. It also starts the first run of a deployment by itself, when no data
 * has arrived for a while.
 */
export async function watchRuns(env: Env, now: number): Promise<void> {
  const { results } = await stalledRuns(directory(env), now - STALLED_MS).all<{ id: string; seq: number }>();
  for (const { id, seq } of results) {
    await env.INSIGHT_QUEUE.send({ type: "step", run: id, seq } satisfies InsightMessage);
    logEvent("insight_run_resumed", { run: id });
  }
  const newest = await newestCourse(directory(env)).first<{
    updated_at: number;
  }>();
  if (newest === null || newest.updated_at > now - QUIET_MS) return;
  const before = await anyRun(directory(env)).first();
  if (before === null) await startRun(env, "first data", now, now);
}

/** Which code makes a model: the pipeline's own version and the deployment's version. */
function codeVersion(env: Env): string {
  return `${PIPELINE_VERSION}+${env.CF_VERSION_METADATA.id === "" ? "local" : env.CF_VERSION_METADATA.id}`;
}

/** Weeks since 1970: accuracy is counted by week. */
export function weekOf(instant: number): number {
  return Math.floor(instant / (7 * DAY_MS));
}
