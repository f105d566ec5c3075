import { directory } from "../platform/database/shards.ts";
import { addReports, clean, emptyReport } from "./clean.ts";
import { collectCourses, collectPage, isOver } from "./collect.ts";
import { OPTIONS } from "./model.ts";
import { registerModel } from "./registry.ts";
import type { Position, RunCourse } from "./runs.ts";
import { loadCourse, storeContent } from "./snapshot.ts";
import { type Manifest, partText } from "./snapshot-text.ts";
import { storeStage } from "./stage-store.ts";
import { loadTable, storeTable } from "./table-store.ts";
import type { RunRow } from "./tables.ts";
import { knownRows, labelledTable, modulesOf, scoreBlends, sharesOf, thinned, trainStage } from "./training.ts";
import type { CourseFacts } from "./world.ts";

/** The result of a step: the next step, null at the end, and the results so far. */
export interface StepResult {
  next: string | null;
  position: Position;
  data_hash?: string;
}

/** Pages of enrollments that one collecting step reads. */
const PAGES_PER_STEP = 5;

/** Facts by the run's instant, as a snapshot; a few pages of enrollments in each step. */
export async function collectStep(env: Env, run: RunRow, position: Position): Promise<StepResult> {
  const frames = await collectCourses(directory(env), run.as_of);
  const courses: RunCourse[] =
    position.courses.length > 0
      ? position.courses
      : frames.map(({ assessments: _assessments, ...frame }) => ({
          ...frame,
          over: isOver(frame, run.as_of),
          parts: [],
          dropped: false,
          rows: {},
        }));
  let { at, after, excluded } = position;
  for (let page = 0; page < PAGES_PER_STEP && at < courses.length; page += 1) {
    const course = courses[at];
    const frame = frames.find(({ course: name }) => name === course?.course);
    // A course that has stopped taking part since the run began gives no more data.
    if (course === undefined || frame === undefined) {
      at += 1;
      after = "";
      continue;
    }
    const collected = await collectPage(env, frame, after, run.as_of);
    const sha256 = await storeContent(env.DOCUMENTS, partText(collected.course));
    const parts = [...course.parts, { sha256, learners: collected.course.learners.length }];
    courses[at] = { ...course, parts };
    excluded += collected.excluded;
    if (collected.next === null) at += 1;
    after = collected.next ?? "";
  }
  const found = { ...position, courses, at, after, excluded };
  if (at < courses.length) return { next: "collect", position: found };
  if (courses.length === 0) return { next: null, position: { ...found, note: "No course takes part." } };
  const manifest: Manifest = {
    format: 1,
    as_of: run.as_of,
    courses: courses.map(({ course, parts }) => ({ course, parts })),
  };
  const data_hash = await storeContent(env.DOCUMENTS, JSON.stringify(manifest));
  return { next: "features", position: { ...found, at: 0, after: "" }, data_hash };
}

/**
 * Feature tables of one course that is over. For other courses, only the number of rows dropped by cleaning is counted.
 */
export async function featuresStep(env: Env, run: RunRow, position: Position): Promise<StepResult> {
  const entry = position.courses[position.at];
  if (entry !== undefined) {
    const { course, report } = clean(await loadCourse(env.DOCUMENTS, entry.parts), new Set());
    const rows: Record<string, number> = {};
    if (course !== null && entry.over) {
      for (const share of allShares()) {
        const labelled = labelledTable(course, share);
        rows[nameOf(share)] = knownRows(labelled);
        await storeTable(env.DOCUMENTS, run.id, labelled);
      }
    }
    const courses = position.courses.with(position.at, { ...entry, dropped: course === null, rows });
    const cleaning = addReports(position.cleaning ?? emptyReport(), report);
    const found = { ...position, courses, cleaning, at: position.at + 1 };
    if (found.at < courses.length) return { next: "features", position: found };
    position = { ...found, at: 0, cleaning: { ...cleaning, learner_excluded: found.excluded } };
  }
  if (periodsOf(position).train.length > 0) return { next: "choose:0", position };
  const note = "Two periods must be over, with their outcomes known, before a model can be trained and tested.";
  return { next: "predict", position: { ...position, note } };
}

/** Scores the blends of one stage on the latest training period. */
export async function chooseStep(env: Env, run: RunRow, position: Position, stage: number): Promise<StepResult> {
  const share = OPTIONS.stages[stage] ?? 0;
  const tables = await loadTables(env, run, periodsOf(position).train, sharesOf(share, OPTIONS));
  const blends = [...position.blends, scoreBlends(share, tables, OPTIONS)];
  return { next: `train:${stage}`, position: { ...position, blends } };
}

/** Trains one stage. */
export async function trainStep(env: Env, run: RunRow, position: Position, stage: number): Promise<StepResult> {
  const share = OPTIONS.stages[stage] ?? 0;
  const tables = await loadTables(env, run, periodsOf(position).train, sharesOf(share, OPTIONS));
  await storeStage(env.DOCUMENTS, run.id, stage, trainStage(share, tables, modulesOf(tables), OPTIONS));
  const isLast = stage + 1 >= OPTIONS.stages.length;
  return { next: isLast ? "evaluate" : `choose:${stage + 1}`, position };
}

/** Tests the model on the latest period, registers it, and promotes it if it is better. */
export async function evaluateStep(env: Env, run: RunRow, position: Position, now: number): Promise<StepResult> {
  const { train, test } = periodsOf(position);
  const { hash, promoted } = await registerModel(env, run, position, {
    train,
    test,
    tables: (courses, share) => loadTables(env, run, courses, [share]),
    now,
  });
  return { next: "predict", position: { ...position, model: hash, promoted, at: 0 } };
}

/** Which courses a run learns from and which it tests on: the latest finished period is only used for the test. */
export function periodsOf({ courses }: Pick<Position, "courses">): { train: RunCourse[]; test: RunCourse[] } {
  const over = courses.filter((course) => course.over && !course.dropped);
  const latest = over
    .map(({ period }) => period)
    .sort()
    .at(-1);
  const train = over.filter(({ period }) => period !== latest);
  return train.length === 0 ? { train: [], test: [] } : { train, test: over.filter(({ period }) => period === latest) };
}

/** A cleaned course of the run's snapshot; null if it is unusable. */
export async function cleanedCourse(env: Env, { parts }: RunCourse): Promise<CourseFacts | null> {
  return clean(await loadCourse(env.DOCUMENTS, parts), new Set()).course;
}

/**
 * Joins tables one after the other. If they have more rows than a stage may learn from, each is reduced as it is read.
 */
async function loadTables(env: Env, run: RunRow, courses: readonly RunCourse[], shares: readonly number[]) {
  const known = courses.reduce(
    (sum, { rows }) => sum + shares.reduce((own, share) => own + (rows[nameOf(share)] ?? 0), 0),
    0,
  );
  const tables = [];
  for (const { course } of courses) {
    for (const share of shares) {
      tables.push(thinned(await loadTable(env.DOCUMENTS, run.id, course, share), OPTIONS.maxRows / known));
    }
  }
  return tables;
}

function nameOf(share: number): string {
  return share.toFixed(3);
}

function allShares(): number[] {
  return OPTIONS.stages.flatMap((stage) => sharesOf(stage, OPTIONS));
}
