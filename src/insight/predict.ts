import { askForDeliveries, listenersOf, type News, newsOfDirectory } from "../hooks/index.ts";
import { directory, forCourse } from "../platform/database/shards.ts";
import { unveil } from "./collect.ts";
import { FEATURES, type FeatureTable, featuresOf } from "./features.ts";
import { type Model, predict, stageFor } from "./model.ts";
import { reasonsOf } from "./reasons.ts";
import { type Position, type RunCourse, weekOf } from "./runs.ts";
import { loadModel } from "./stage-store.ts";
import { AT_RISK_BEFORE, championHash, FORGET_LATEST, INSERT_PREDICTIONS, STILL_ENROLLED } from "./statements.ts";
import { cleanedCourse, periodsOf, type StepResult } from "./steps.ts";
import { loadTable } from "./table-store.ts";
import type { RunRow } from "./tables.ts";
import { dayAt, endOfDay } from "./world.ts";

/** No predictions before this share of a course has passed: there is too little data. */
const EARLIEST_SHARE = 0.15;
/** Rows of one transaction. */
const ROWS_PER_BATCH = 1_000;

// A learner erased since the facts were collected is not enrolled any more, or is being erased: nothing is written. A
// prediction that was really made is never replaced by one made afterwards.
/** One table to predict from, and the kind of its predictions. */
interface Occasion {
  table: FeatureTable;
  share: number;
  kind: "live" | "backtest";
  predictedAt: number;
  isLatest: boolean;
}

/**
 * Predictions for one course. A running course gets them as of the run's instant. A course of the test period gets them
 * when a new model has just been promoted, as if on the days of the test. These are shown and counted as backtests.
 */
export async function predictStep(env: Env, run: RunRow, position: Position): Promise<StepResult> {
  const entry = position.courses[position.at];
  if (entry === undefined) return { next: "judge", position: { ...position, at: 0 } };
  const alias = await championHash(directory(env)).first<{
    model_hash: string;
  }>();
  const model = alias === null ? null : await loadModel(env.DOCUMENTS, alias.model_hash);
  const done = { ...position, at: position.at + 1 };
  if (alias === null || model === null || entry.dropped) return { next: "predict", position: done };
  const occasions = await occasionsOf(env, run, position, entry, model);
  if (occasions.length === 0) return { next: "predict", position: done };
  const users = await unveil(env, entry.course);
  let predicted = position.predicted;
  let drift = position.drift;
  for (const occasion of occasions) {
    predicted += await store(env, run, alias.model_hash, model, occasion, users);
    if (occasion.kind === "live") drift = addDrift(drift, model, occasion);
  }
  return { next: "predict", position: { ...done, predicted, drift } };
}

async function occasionsOf(
  env: Env,
  run: RunRow,
  position: Position,
  entry: RunCourse,
  model: Model,
): Promise<Occasion[]> {
  if (!entry.over) {
    const day = dayAt(entry, run.as_of);
    const share = day / entry.length;
    const course = share < EARLIEST_SHARE ? null : await cleanedCourse(env, entry);
    if (course === null) return [];
    return [{ table: featuresOf(course, day), share, kind: "live", predictedAt: run.as_of, isLatest: true }];
  }
  const isTested = periodsOf(position).test.some(({ course }) => course === entry.course);
  if (!position.promoted || !isTested) return [];
  const occasions: Occasion[] = [];
  for (const [at, { share }] of model.stages.entries()) {
    const { table } = await loadTable(env.DOCUMENTS, run.id, entry.course, share);
    const predictedAt = endOfDay(entry, table.day);
    occasions.push({ table, share, kind: "backtest", predictedAt, isLatest: at === model.stages.length - 1 });
  }
  return occasions;
}

/** Writes the predictions for learners who can still be identified. @returns how many. */
async function store(
  env: Env,
  run: RunRow,
  hash: string,
  model: Model,
  { table, share, kind, predictedAt, isLatest }: Occasion,
  users: ReadonlyMap<string, string>,
): Promise<number> {
  const rows = predict(model, table, share).flatMap((prediction, at) => {
    const user = users.get(prediction.user);
    if (user === undefined) return [];
    return [
      {
        enrollment_id: `${table.course}:${user}`,
        day: table.day,
        kind,
        course_slug: table.course,
        user_id: user,
        model_hash: hash,
        run_id: run.id,
        probability: prediction.probability,
        reasons: JSON.stringify(reasonsOf(model, table, prediction, at)),
        predicted_at: predictedAt,
        week: weekOf(predictedAt),
        latest: isLatest ? 1 : 0,
      },
    ];
  });
  const shard = await forCourse(env, table.course);
  for (let from = 0; from < rows.length; from += ROWS_PER_BATCH) {
    const named = rows.slice(from, from + ROWS_PER_BATCH);
    const found = await STILL_ENROLLED.find<{ id: string }>(
      shard,
      named.map((row) => row.enrollment_id),
    );
    const enrolled = new Set(found.map(({ id }) => id));
    const page = named.filter((row) => enrolled.has(row.enrollment_id));
    if (page.length === 0) continue;
    const insert = INSERT_PREDICTIONS.over(directory(env), page);
    const told =
      isLatest && kind === "live"
        ? await newsOfDirectory(env, await newlyAtRisk(env, page))
        : { statements: [], listeners: [] };
    await directory(env).batch(
      isLatest ? [...FORGET_LATEST.over(directory(env), page), ...insert, ...told.statements] : insert,
    );
    await askForDeliveries(env, told.listeners);
  }
  return rows.length;
}

interface Predicted {
  enrollment_id: string;
  course_slug: string;
  user_id: string;
  day: number;
  probability: number;
  predicted_at: number;
}

/**
 * Learners who are now more likely to fail than to pass, and were not so in the last prediction: other systems are
 * notified once.
 */
async function newlyAtRisk(env: Env, page: readonly Predicted[]): Promise<News[]> {
  const risky = page.filter(({ probability }) => probability < 0.5);
  const [first] = risky;
  if (first === undefined || (await listenersOf(env, first.course_slug)).length === 0) return [];
  const before = await AT_RISK_BEFORE.find<{ id: string }>(
    directory(env),
    risky.map((row) => row.enrollment_id),
  );
  const known = new Set(before.map(({ id }) => id));
  return risky
    .filter((row) => !known.has(row.enrollment_id))
    .map(({ enrollment_id, course_slug: course, user_id, day, predicted_at: at }) => {
      const data = { course_id: course, enrollment_id, user_id };
      return { course, type: "learner.at_risk", at, about: enrollment_id, key: String(day), data };
    });
}

/** How far today's learners are from those of training, feature by feature: means in deviations of training. */
function addDrift(drift: Position["drift"], model: Model, { table, share }: Occasion): Position["drift"] {
  const { means, deviations } = stageFor(model, share).logistic;
  return Object.fromEntries(
    FEATURES.map((feature, column) => {
      let { count, sum } = drift[feature] ?? { count: 0, sum: 0 };
      for (const value of table.columns[feature]) {
        if (Number.isNaN(value)) continue;
        count += 1;
        sum += (value - (means[column] ?? 0)) / (deviations[column] ?? 1);
      }
      return [feature, { count, sum }];
    }),
  );
}
