import { z } from "@hono/zod-openapi";
import { FEATURES, type Feature, type FeatureTable } from "./features.ts";
import type { Model, Prediction } from "./model.ts";

/**
 * Features that express the same thing in several ways are one reason: their parts of the log-odds are added. So a
 * person reads what matters most, and not three forms of it. Each reason shows the value of its first feature.
 */
const REASONS = {
  handing_in: [
    "done_share",
    "done_weight",
    "done_of_all",
    "missed_weight",
    "recent_share",
    "first_done",
    "last_done",
    "surprise",
    "ahead",
    "carried_over",
  ],
  missed_in_a_row: ["streak", "streak_weight", "streak_heavy"],
  scores: [
    "score_mean",
    "points",
    "points_of_all",
    "points_rank",
    "score_min",
    "score_last",
    "score_z",
    "score_z_min",
    "score_low_share",
    "no_score",
  ],
  direction: ["score_z_trend", "score_z_recent"],
  lateness: ["late_mean", "late_max", "delay_z"],
  silence: ["idle_days", "idle_rank", "idle_at_due"],
  registration: ["registered", "registered_rank", "registered_late"],
  attempts: ["attempts"],
  workload: ["credits", "credits_log"],
} as const satisfies Record<string, readonly Feature[]>;

/** A reason that is not a feature: how learners of this module usually do. */
type Reason = keyof typeof REASONS | "module";

/** The number of reasons in a prediction. */
const GIVEN = 3;

export const givenReasonSchema = z.object({
  reason: z.string(),
  /** What it adds to the log-odds of passing; a negative value means a risk. */
  weight: z.number(),
  /** The value of its first feature; null if there is none. */
  value: z.number().nullable(),
});
export type GivenReason = z.infer<typeof givenReasonSchema>;

const REASON_OF = new Map<string, Reason>(
  Object.entries(REASONS).flatMap(([reason, features]) =>
    // SAFETY: the key comes from the table that the type is made of.
    features.map((feature) => [feature, reason as Reason] as const),
  ),
);

/**
 * The three reasons with the greatest weight in a prediction, for or against, greatest first.
 *
 * @param at the learner's place in the table from which the prediction was made.
 */
export function reasonsOf(model: Model, table: FeatureTable, prediction: Prediction, at: number): GivenReason[] {
  const weights = new Map<Reason, number>();
  prediction.parts.forEach((part, column) => {
    const reason = REASON_OF.get(model.features[column] ?? "") ?? "module";
    weights.set(reason, (weights.get(reason) ?? 0) + part);
  });
  return [...weights]
    .sort(([a, x], [b, y]) => Math.abs(y) - Math.abs(x) || (a < b ? -1 : 1))
    .slice(0, GIVEN)
    .map(([reason, weight]) => ({ reason, weight: round(weight), value: shownValue(table, reason, at) }));
}

function shownValue(table: FeatureTable, reason: Reason, at: number): number | null {
  const first = reason === "module" ? undefined : REASONS[reason][0];
  const value = first === undefined ? Number.NaN : (table.columns[first][at] ?? Number.NaN);
  return Number.isNaN(value) ? null : round(value);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

type Sentences = { en: string; zh: string };

/** Sentences for each reason; `value` is that of its first feature. */
const SENTENCES: Record<Reason, (value: number | null) => Sentences> = {
  handing_in: (value) =>
    value === null
      ? { en: "Nothing has been due yet", zh: "尚无到期作业" }
      : { en: `Submitted ${percent(value)} of what was due`, zh: `已提交到期作业的 ${percent(value)}` },
  missed_in_a_row: (value) =>
    value === null || value === 0
      ? { en: "The last thing due was submitted", zh: "最近一次到期作业已提交" }
      : { en: `The last ${number(value)} due are missing`, zh: `最近 ${number(value)} 次到期作业未提交` },
  scores: (value) =>
    value === null
      ? { en: "No score yet", zh: "尚无成绩" }
      : { en: `Mean score ${number(value)} of 100`, zh: `平均分 ${number(value)}（满分 100）` },
  direction: (value) =>
    value === null
      ? { en: "Too few scores to see a direction", zh: "成绩太少，看不出趋势" }
      : value < 0
        ? { en: "Scores are falling, compared with others", zh: "与他人相比，成绩在下降" }
        : { en: "Scores are steady or rising, compared with others", zh: "与他人相比，成绩保持或上升" },
  lateness: (value) =>
    value === null || value === 0
      ? { en: "Nothing was submitted late", zh: "没有迟交" }
      : { en: `Work is submitted ${number(value)} days late on average`, zh: `平均迟交 ${number(value)} 天` },
  silence: (value) =>
    value === null
      ? { en: "Nothing has been submitted yet", zh: "尚未提交任何作业" }
      : { en: `The last submission was ${number(value)} days ago`, zh: `上次提交是 ${number(value)} 天前` },
  registration: (value) =>
    value === null
      ? { en: "The day of registration is unknown", zh: "注册日期未知" }
      : value > 0
        ? { en: `Registered ${number(value)} days after the start`, zh: `开课 ${number(value)} 天后才注册` }
        : { en: `Registered ${number(-value)} days before the start`, zh: `开课前 ${number(-value)} 天注册` },
  attempts: (value) =>
    value === null || value === 0
      ? { en: "First attempt at this module", zh: "首次修读本课程" }
      : { en: `${number(value)} earlier attempts at this module`, zh: `此前修读本课程 ${number(value)} 次` },
  workload: (value) => ({
    en: `The learner studies ${number(value ?? 0)} credits at the same time`,
    zh: `同时修读 ${number(value ?? 0)} 学分`,
  }),
  module: () => ({ en: "How learners of this module usually do", zh: "本课程学员的一般情况" }),
};

/** What staff may do about each reason if it means a risk. */
const ADVICE: Record<Reason, Sentences> = {
  handing_in: { en: "Agree on which missing work to submit first.", zh: "商定先补交哪些作业。" },
  missed_in_a_row: { en: "Write to the learner now: there are no new submissions.", zh: "请立即联系：作业已中断。" },
  scores: { en: "Discuss the last marked work together.", zh: "一起复盘最近一次已评分的作业。" },
  direction: { en: "Ask what has become harder lately.", zh: "询问最近哪些内容变难了。" },
  lateness: { en: "Offer a plan with earlier dates for parts of the work.", zh: "提供包含阶段性期限的计划。" },
  silence: { en: "Ask whether the learner is still taking part.", zh: "询问其是否仍在学习。" },
  registration: { en: "Show the learner what was due before they registered.", zh: "指出其注册前错过的内容。" },
  attempts: { en: "Ask what went wrong last time.", zh: "询问上一次困难何在。" },
  workload: { en: "Talk about the amount of study at the same time.", zh: "讨论其同时修读的学习量。" },
  module: { en: "A short first message is enough.", zh: "先取得联系即可。" },
};

function isReason(name: string): name is Reason {
  return name === "module" || Object.hasOwn(REASONS, name);
}

/** A reason as a sentence for people. A reason that this version does not know is shown by its name. */
export function sentenceOf({ reason, value }: GivenReason): Sentences {
  return isReason(reason) ? SENTENCES[reason](value) : { en: reason, zh: reason };
}

/** All reasons in one sentence. */
export function summaryOf(reasons: readonly GivenReason[]): Sentences {
  const worded = reasons.map((reason) => ({ ...sentenceOf(reason), isRisk: reason.weight < 0 }));
  const en = worded.map(({ en: text, isRisk }) => `${lowerFirst(text)} (${isRisk ? "a risk" : "a good sign"})`);
  const zh = worded.map(({ zh: text, isRisk }) => `${text}（${isRisk ? "风险" : "有利"}）`);
  return { en: `${upperFirst(en.join("; "))}.`, zh: `${zh.join("；")}。` };
}

/** What to do about the greatest reason that means a risk, or null if there is none. */
export function adviceOf(reasons: readonly GivenReason[]): Sentences | null {
  const risk = reasons.find(({ weight }) => weight < 0);
  if (risk === undefined) return null;
  return isReason(risk.reason) ? ADVICE[risk.reason] : null;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Features that no reason covers; this must be empty. */
export const WITHOUT_REASON = FEATURES.filter((feature) => !REASON_OF.has(feature));
