import { FEATURES, type FeatureTable, featuresOf } from "./features.ts";
import { fitLogistic, logisticScore, sigmoid } from "./logistic.ts";
import { type Evaluation, evaluate } from "./metrics.ts";
import {
  BLENDS,
  columnsOf,
  fitStage,
  type Model,
  type ModelOptions,
  type Stage,
  stageScore,
  type TrainingSet,
} from "./model.ts";
import { PLAIN_WIDTH, plainRows } from "./plain.ts";
import { type CourseFacts, cutOffDay } from "./world.ts";

/** The outcomes of a course's learners: known only after the course, and used only for training and tests. */
type Outcomes = ReadonlyMap<string, boolean>;

/** Features of one course at one share, with outcomes. */
export interface LabelledTable {
  table: FeatureTable;
  period: string;
  share: number;
  /** For each user 0 or 1; 2 if it is unknown. */
  labels: Uint8Array;
  /** The nine columns of the plain model, in the order of the users. */
  plain: Float32Array[];
}

const UNKNOWN = 2;
/** Ridge of the plain model: very small, so that it stays plain. */
const PLAIN_RIDGE = 1;

function outcomesOf(course: CourseFacts): Outcomes {
  return new Map(course.learners.flatMap(({ user, passed }) => (passed === null ? [] : [[user, passed] as const])));
}

/** The shares for which a stage needs tables. */
export function sharesOf(stage: number, options: ModelOptions): number[] {
  return options.offsets.map((offset) => stage + offset);
}

/** Features of a course at `share` of its time, with its learners' outcomes. */
export function labelledTable(course: CourseFacts, share: number): LabelledTable {
  const table = featuresOf(course, cutOffDay(course, share));
  const outcomes = outcomesOf(course);
  const labels = Uint8Array.from(table.users, (user) => {
    const passed = outcomes.get(user);
    return passed === undefined ? UNKNOWN : Number(passed);
  });
  const rows = plainRows(course, table.day);
  const plain = Array.from({ length: PLAIN_WIDTH }, (_, at) => Float32Array.from(rows, (row) => row[at] ?? 0));
  return { table, period: course.period, share, labels, plain };
}

/**
 * Joins tables for training: rows with an outcome. If there are too many, a hash of the enrollment decides which ones
 * stay.
 */
function trainingSet(tables: readonly LabelledTable[], modules: readonly string[], maxRows: number): TrainingSet {
  const known = tables.reduce((sum, { labels }) => sum + labels.filter((label) => label !== UNKNOWN).length, 0);
  const keep = known > maxRows ? maxRows / known : 1;
  const picks = tables.map(({ table, labels }) =>
    table.users.flatMap((user, at) =>
      labels[at] !== UNKNOWN && (keep === 1 || unitHash(`${table.course}:${user}`) < keep) ? [at] : [],
    ),
  );
  const rows = picks.reduce((sum, pick) => sum + pick.length, 0);
  const set: TrainingSet = {
    columns: Array.from({ length: FEATURES.length + modules.length }, () => new Float32Array(rows)),
    labels: new Uint8Array(rows),
  };
  let at = 0;
  tables.forEach(({ table, labels }, index) => {
    const columns = columnsOf(table, modules);
    for (const from of picks[index] ?? []) {
      columns.forEach((values, column) => {
        const target = set.columns[column];
        if (target !== undefined) target[at] = values[from] ?? Number.NaN;
      });
      set.labels[at] = labels[from] ?? 0;
      at += 1;
    }
  });
  return set;
}

/** The rows of a table that have an outcome. */
export function knownRows({ labels }: LabelledTable): number {
  return labels.reduce((sum, label) => sum + (label === UNKNOWN ? 0 : 1), 0);
}

/**
 * A table with only a share of its learners, chosen by the hash of their enrollment: the same learners in every table.
 */
export function thinned(labelled: LabelledTable, keep: number): LabelledTable {
  return keep >= 1 ? labelled : rowsWhere(labelled, (hash) => hash < keep);
}

/** The rows of a table for which `holds` is true of the enrollment's hash, 0 to 1. */
export function rowsWhere(labelled: LabelledTable, holds: (hash: number) => boolean): LabelledTable {
  const { table, labels, plain } = labelled;
  const picks = table.users.flatMap((user, at) => (holds(unitHash(`${table.course}:${user}`)) ? [at] : []));
  const pick = (column: Float32Array) => Float32Array.from(picks, (at) => column[at] ?? Number.NaN);
  // SAFETY: made from FEATURES, each name once.
  const columns = Object.fromEntries(
    FEATURES.map((name) => [name, pick(table.columns[name])]),
  ) as FeatureTable["columns"];
  return {
    ...labelled,
    table: { ...table, users: picks.map((at) => table.users[at] ?? ""), columns },
    labels: Uint8Array.from(picks, (at) => labels[at] ?? UNKNOWN),
    plain: plain.map(pick),
  };
}

/** A number from 0 to 1 that is always the same for the same text (FNV-1a). */
function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 4_294_967_296;
}

/** Modules of the tables, sorted: the order of the model's columns. */
export function modulesOf(tables: readonly LabelledTable[]): string[] {
  return [...new Set(tables.map(({ table }) => table.module))].sort();
}

/** Fits one stage on tables of its shares. */
export function trainStage(
  share: number,
  tables: readonly LabelledTable[],
  modules: readonly string[],
  options: ModelOptions,
): Stage {
  return fitStage(share, trainingSet(tables, modules, options.maxRows), options);
}

/** Probabilities and labels of tables at a stage's own share, for one blend. */
export function judgeStage(stage: Stage, blend: number, tables: readonly LabelledTable[], modules: readonly string[]) {
  const probabilities: number[] = [];
  const labels: number[] = [];
  for (const { table, labels: own } of tables) {
    const columns = columnsOf(table, modules);
    const row = new Float64Array(columns.length);
    own.forEach((label, at) => {
      if (label === UNKNOWN) return;
      for (const [column, values] of columns.entries()) row[column] = values[at] ?? Number.NaN;
      probabilities.push(sigmoid(stageScore(stage, blend, row)));
      labels.push(label);
    });
  }
  return { probabilities, labels };
}

/** The score of each blend on the held-out part: its mean AUC over the stages. */
export type BlendScores = number[];

/**
 * Chooses on a part of the training periods: fits on all but the latest of them and scores every blend on the latest.
 * With a single period there is no part left to score on, and every blend gets the same score.
 */
export function scoreBlends(share: number, tables: readonly LabelledTable[], options: ModelOptions): BlendScores {
  const periods = [...new Set(tables.map(({ period }) => period))].sort();
  const latest = periods.at(-1);
  if (periods.length < 2) return BLENDS.map(() => 0.5);
  const earlier = tables.filter(({ period }) => period !== latest);
  const held = tables.filter((table) => table.period === latest && table.share === share);
  const modules = modulesOf(earlier);
  const stage = trainStage(share, earlier, modules, options);
  return BLENDS.map((blend) => {
    const { probabilities, labels } = judgeStage(stage, blend, held, modules);
    return evaluate(probabilities, labels).auc.value;
  });
}

/** The blend with the best mean score; the half-and-half blend if several are equal. */
export function chooseBlend(scores: readonly BlendScores[]): number {
  const means = BLENDS.map((_, at) => scores.reduce((sum, stage) => sum + (stage[at] ?? 0), 0) / scores.length);
  const best = Math.max(...means);
  if (means.every((mean) => mean === best)) return 0.5;
  return BLENDS[means.indexOf(best)] ?? 0.5;
}

/** A plain logistic regression learns from the tables of one share, and is scored on others of that share. */
export function judgePlain(train: readonly LabelledTable[], test: readonly LabelledTable[]): Evaluation {
  const { probabilities, labels } = plainProbabilities(train, test);
  return evaluate(probabilities, labels);
}

/** The plain model's predictions: trained on the tables of one share, for other tables of it, with the outcomes. */
export function plainProbabilities(train: readonly LabelledTable[], test: readonly LabelledTable[]) {
  const gather = (tables: readonly LabelledTable[]) => {
    const columns: number[][] = Array.from({ length: PLAIN_WIDTH }, () => []);
    const labels: number[] = [];
    for (const { plain, labels: own } of tables) {
      own.forEach((label, at) => {
        if (label === UNKNOWN) return;
        for (const [column, values] of columns.entries()) values.push(plain[column]?.[at] ?? 0);
        labels.push(label);
      });
    }
    return { columns, labels };
  };
  const learnt = gather(train);
  const columns = learnt.columns.map((column) => Float64Array.from(column));
  const model = fitLogistic(columns, Uint8Array.from(learnt.labels), PLAIN_RIDGE);
  const held = gather(test);
  const probabilities = held.labels.map((_, at) =>
    sigmoid(
      logisticScore(
        model,
        held.columns.map((column) => column[at] ?? 0),
      ),
    ),
  );
  return { probabilities, labels: held.labels };
}

/** Assembles a model. */
export function assembleModel(
  stages: readonly Stage[],
  blend: number,
  modules: readonly string[],
  options: ModelOptions,
): Model {
  return { format: 1, options, features: FEATURES, modules: [...modules], blend, stages: [...stages] };
}
