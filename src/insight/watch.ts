import { eventOf, publishAll } from "../events/index.ts";
import { directory } from "../platform/database/shards.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { type Position, weekOf } from "./runs.ts";
import { accuracy, championSince, countAccuracy, joinOutcomes, lastFinished } from "./statements.ts";
import type { StepResult } from "./steps.ts";
import type { RunRow } from "./tables.ts";
import { type Alarm, alarmOf, type Counts } from "./verdict.ts";

/** Accuracy is computed over the predictions of this many weeks: half a year. */
const WINDOW_WEEKS = 26;
/** Courses whose outcomes are joined by one step. */
const COURSES_PER_STEP = 20;

/** What other rooms may show: only numbers. */
export interface InsightMetrics {
  /** Predictions with a known outcome, and how many of them were right, by kind and by week of the prediction. */
  weeks: { kind: "live" | "backtest"; week: number; total: number; correct: number }[];
  /** Sums over live predictions. */
  ml_eval_total: number;
  ml_correct_total: number;
  /** Seconds since the champion was promoted; null without a champion. */
  champion_age_seconds: number | null;
  /** Seconds since the last successful run ended; null without one. */
  last_run_age_seconds: number | null;
  alarm: Alarm | null;
}

/** Joins the outcomes of finished courses to earlier predictions, and counts the right ones. */
export async function judgeStep(env: Env, run: RunRow, position: Position, now: number): Promise<StepResult> {
  const over = position.courses.filter((course) => course.over);
  const page = over.slice(position.at, position.at + COURSES_PER_STEP);
  for (const { course } of page) {
    await directory(env).batch([joinOutcomes(directory(env), course), countAccuracy(directory(env), course)]);
  }
  const at = position.at + page.length;
  if (at < over.length) return { next: "judge", position: { ...position, at } };
  const { alarm } = await insightMetrics(env, run.as_of);
  if (alarm !== null) await raise(env, alarm, run.as_of, now);
  return { next: "tidy", position: { ...position, at: 0 } };
}

/**
 * The state of early warning, as numbers.
 *
 * @param now the end of the window.
 */
export async function insightMetrics(env: Env, now: number): Promise<InsightMetrics> {
  const [counted, aliases, runs] = await directory(env).batch<Record<string, number | string>>([
    accuracy(directory(env)),
    championSince(directory(env)),
    lastFinished(directory(env)),
  ]);
  const weeks = new Map<string, InsightMetrics["weeks"][number]>();
  for (const row of counted?.results ?? []) {
    const kind = row.kind === "live" ? "live" : "backtest";
    const week = Number(row.week);
    const sum = weeks.get(`${kind} ${week}`) ?? { kind, week, total: 0, correct: 0 };
    sum.total += Number(row.total);
    sum.correct += Number(row.correct);
    weeks.set(`${kind} ${week}`, sum);
  }
  const list = [...weeks.values()].sort((a, b) => a.week - b.week || (a.kind < b.kind ? -1 : 1));
  const live = list.filter(({ kind }) => kind === "live");
  const since = aliases?.results[0]?.since;
  const finished = runs?.results[0]?.finished_at;
  const total = sumOf(live);
  return {
    weeks: list,
    ml_eval_total: total.total,
    ml_correct_total: total.correct,
    champion_age_seconds: since === undefined ? null : (now - Number(since)) / 1_000,
    last_run_age_seconds: finished === undefined ? null : (now - Number(finished)) / 1_000,
    alarm: alarmOf(
      sumOf(live.filter(({ week }) => week <= weekOf(now) && week > weekOf(now) - WINDOW_WEEKS)),
      since !== undefined,
    ),
  };
}

function sumOf(weeks: readonly Counts[]): Counts {
  return weeks.reduce((sum, { total, correct }) => ({ total: sum.total + total, correct: sum.correct + correct }), {
    total: 0,
    correct: 0,
  });
}

/** Notifies admins, once a week for each alarm. If no admin can be notified, the run continues. */
async function raise(env: Env, { code, priority, accuracy, labels }: Alarm, asOf: number, now: number): Promise<void> {
  const summary =
    code === "insight_accuracy_low"
      ? `${priority}: early warning is right in ${(accuracy.value * 100).toFixed(1)} % of ${labels} cases, surely below 70 %.`
      : `${priority}: only ${labels} predictions of the last half year have an outcome; accuracy cannot be measured.`;
  logEvent("insight_alarm", { code, priority, labels });
  const level = priority === "P1" ? "error" : "warning";
  const event = eventOf(
    "system.error",
    { code, summary, ref: "insight" },
    { key: `${code}:${weekOf(asOf)}`, level, priority: "high", roles: ["admin"] },
  );
  const [outcome] = await publishAll(env, [{ user: null, event }]);
  if (outcome?.status === "unavailable") logFault("insight_alarm_not_told", new Error(code), { at: String(now) });
}
