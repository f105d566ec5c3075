import { addReports, type CleaningReport, clean, emptyReport } from "./clean.ts";
import { type Evaluation, evaluate, rocCurve } from "./metrics.ts";
import { type Model, type ModelOptions, modelHash, type Stage } from "./model.ts";
import {
  assembleModel,
  type BlendScores,
  chooseBlend,
  judgePlain,
  judgeStage,
  type LabelledTable,
  labelledTable,
  scoreBlends,
  sharesOf,
  trainStage,
} from "./training.ts";
import type { CourseFacts } from "./world.ts";

/** The results of the model at one share of the course, on its test period. */
interface CutOffReport {
  share: number;
  model: Evaluation;
  /** The baseline, trained and tested on the same learners. */
  plain: Evaluation;
  /** The model's AUC minus the baseline's. */
  gain: number;
  roc: { fpr: number; tpr: number }[];
}

export interface StudyReport {
  train: string[];
  test: string[];
  enrollments: number;
  cleaning: CleaningReport;
  blend: number;
  /** Mean AUC of each blend on the held-out part of the training periods. */
  choice: BlendScores[];
  model_hash: string;
  cut_offs: CutOffReport[];
}

/** Called after each part, so that a caller can report and measure the progress. */
export type StudyProgress = (part: string) => void;

/**
 * Trains on some periods, chooses on the latest of them, and tests once on others.
 *
 * @param train names of the periods to learn from, such as `2013B`. `test` has those for the test. They share no data.
 */
export async function study(
  courses: readonly CourseFacts[],
  periods: { train: readonly string[]; test: readonly string[] },
  options: ModelOptions,
  progress: StudyProgress = () => undefined,
): Promise<{ report: StudyReport; model: Model }> {
  let cleaning = emptyReport();
  const cleaned = courses.flatMap((course) => {
    const { course: kept, report } = clean(course, new Set());
    cleaning = addReports(cleaning, report);
    return kept ?? [];
  });
  const train = cleaned.filter(({ period }) => periods.train.includes(period));
  const test = cleaned.filter(({ period }) => periods.test.includes(period));
  progress("cleaned");

  const modules = [...new Set(train.map(({ module }) => module))].sort();
  const stages: Stage[] = [];
  const learnt: LabelledTable[][] = [];
  const choice: BlendScores[] = [];
  for (const share of options.stages) {
    const tables = train.flatMap((course) => sharesOf(share, options).map((at) => labelledTable(course, at)));
    progress(`features at ${share}`);
    learnt.push(tables.filter((table) => table.share === share));
    choice.push(scoreBlends(share, tables, options));
    progress(`chosen at ${share}`);
    stages.push(trainStage(share, tables, modules, options));
    progress(`trained at ${share}`);
  }
  const model = assembleModel(stages, chooseBlend(choice), modules, options);
  const cut_offs = stages.map((stage, at): CutOffReport => {
    const tables = test.map((course) => labelledTable(course, stage.share));
    const { probabilities, labels } = judgeStage(stage, model.blend, tables, modules);
    const judged = evaluate(probabilities, labels);
    const plain = judgePlain(learnt[at] ?? [], tables);
    const gain = judged.auc.value - plain.auc.value;
    return { share: stage.share, model: judged, plain, gain, roc: rocCurve(probabilities, labels) };
  });
  progress("tested");
  const report: StudyReport = {
    train: [...periods.train],
    test: [...periods.test],
    enrollments: cleaned.reduce((sum, course) => sum + course.learners.length, 0),
    cleaning,
    blend: model.blend,
    choice,
    model_hash: await modelHash(model),
    cut_offs,
  };
  return { report, model };
}
