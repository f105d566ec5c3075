import { z } from "zod";
import { directory } from "../platform/database/shards.ts";
import { type Evaluation, evaluate } from "./metrics.ts";
import { type Model, OPTIONS, stageFor } from "./model.ts";
import type { Position, RunCourse } from "./runs.ts";
import { loadModel, loadStage, storeModel } from "./stage-store.ts";
import { championModel, dropChallenger, nameModel, saveModel } from "./statements.ts";
import type { RunRow } from "./tables.ts";
import { assembleModel, chooseBlend, judgePlain, judgeStage, type LabelledTable, modulesOf } from "./training.ts";
import { decide, meanAuc, type Tested } from "./verdict.ts";

/** What the registry stores about a test, for people. */
export interface ModelMetrics {
  train: string[];
  test: string[];
  rows: number[];
  blend: number;
  cut_offs: { share: number; model: Evaluation; plain: Evaluation }[];
}

/** The stored part that is read again. */
const learntSchema = z.object({ train: z.array(z.string()) });

interface Trial {
  train: readonly RunCourse[];
  test: readonly RunCourse[];
  tables(courses: readonly RunCourse[], share: number): Promise<LabelledTable[]>;
  now: number;
}

/**
 * Assembles the trained stages and tests them once on the latest period, against the plain model and the champion. All
 * results are stored. Making the same model again changes nothing.
 */
export async function registerModel(env: Env, run: RunRow, position: Position, trial: Trial) {
  const stages = await Promise.all(OPTIONS.stages.map((_, at) => loadStage(env.DOCUMENTS, run.id, at)));
  const learnt = await trial.tables(trial.train, OPTIONS.stages[0] ?? 0);
  const model = assembleModel(stages, chooseBlend(position.blends), modulesOf(learnt), OPTIONS);
  const hash = await storeModel(env.DOCUMENTS, model);
  const alias = await championModel(directory(env)).first<{ model_hash: string; metrics: string }>();
  const champion =
    alias === null || alias.model_hash === hash ? null : await loadModel(env.DOCUMENTS, alias.model_hash);
  const cut_offs: (Tested & { share: number })[] = [];
  const rival: Evaluation[] = [];
  for (const { share } of stages) {
    const tables = await trial.tables(trial.test, share);
    cut_offs.push({
      share,
      model: judgeModel(model, tables, share),
      plain: judgePlain(await trial.tables(trial.train, share), tables),
    });
    if (champion !== null) rival.push(judgeModel(champion, tables, share));
  }
  const isChampion = alias?.model_hash === hash;
  const decision = isChampion
    ? { promote: false, reason: "This model is the champion already." }
    : decide(
        cut_offs,
        champion === null || alias === null
          ? null
          : { auc: meanAuc(rival), learntFrom: learntFrom(alias.metrics, periodNames(trial.test)) },
      );
  const metrics: ModelMetrics = {
    train: periodNames(trial.train),
    test: periodNames(trial.test),
    rows: stages.map(({ rows }) => rows),
    blend: model.blend,
    cut_offs,
  };
  await directory(env).batch([
    saveModel(
      directory(env),
      hash,
      run.id,
      run.data_hash,
      run.code_version,
      trial.now,
      JSON.stringify(metrics),
      decision.reason,
      decision.promote ? trial.now : null,
    ),
    ...(isChampion ? [] : [aliasTo(directory(env), decision.promote ? "champion" : "challenger", hash, trial.now)]),
    // The champion itself is not a challenger.
    dropChallenger(directory(env)),
  ]);
  return { hash, promoted: decision.promote || isChampion };
}

function aliasTo(db: D1Database, alias: string, hash: string, now: number): D1PreparedStatement {
  return nameModel(db, alias, hash, now);
}

function judgeModel(model: Model, tables: readonly LabelledTable[], share: number): Evaluation {
  const { probabilities, labels } = judgeStage(stageFor(model, share), model.blend, tables, model.modules);
  return evaluate(probabilities, labels);
}

/** Those of `periods` on which a model was trained, by its metrics in the registry. */
function learntFrom(metrics: string, periods: readonly string[]): string[] {
  const { train } = learntSchema.parse(JSON.parse(metrics));
  return periods.filter((period) => train.includes(period));
}

function periodNames(courses: readonly RunCourse[]): string[] {
  return [...new Set(courses.map(({ period }) => period))].sort();
}
