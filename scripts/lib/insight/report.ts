import { CLEANING_RULES } from "../../../src/insight/clean.ts";
import type { Estimate, Evaluation } from "../../../src/insight/metrics.ts";
import type { StudyReport } from "../../../src/insight/study.ts";

/** The report as text for a terminal. */
export function reportTable(report: StudyReport): string {
  const lines = [
    `trained on ${report.train.join(", ")}, tested on ${report.test.join(", ")}; ${report.enrollments} enrollments`,
    `model ${report.model_hash}`,
    `share of the logistic regression in the log-odds: ${report.blend} (chosen on the latest training period)`,
    "",
    "cleaning",
    ...Object.entries(CLEANING_RULES).map(
      ([rule, text]) => `  ${String(Reflect.get(report.cleaning, rule)).padStart(7)}  ${text}`,
    ),
    "",
    "course    learners  majority  accuracy               AUC                    Brier",
  ];
  for (const { share, model, plain, gain } of report.cut_offs) {
    const name = `${Math.round(share * 100)} %`.padEnd(10);
    lines.push(`${name}${row(model)}   this model`, `${" ".repeat(10)}${row(plain)}   plain logistic regression`);
    const verdict = gain >= 0.01 ? "at least 0.01 better" : "less than 0.01 better";
    lines.push(`${" ".repeat(10)}AUC ${gain >= 0 ? "+" : ""}${gain.toFixed(4)} against the plain one: ${verdict}`);
  }
  return `${lines.join("\n")}\n`;
}

function row({ count, majority, accuracy, auc, brier }: Evaluation): string {
  return `${String(count).padStart(8)}  ${majority.toFixed(3).padStart(8)}  ${estimate(accuracy)}  ${estimate(auc)}  ${brier.toFixed(4)}`;
}

function estimate({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
