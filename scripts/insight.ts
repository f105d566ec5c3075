import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { clean } from "../src/insight/clean.ts";
import { OPTIONS } from "../src/insight/model.ts";
import { worldOfOulad } from "../src/insight/oulad.ts";
import { study } from "../src/insight/study.ts";
import type { CourseFacts } from "../src/insight/world.ts";
import { LEFT_OUT, leaveOut, leaveOutTable } from "./lib/insight/leave-out.ts";
import { drawCalibration, drawRoc } from "./lib/insight/pictures.ts";
import { reportTable } from "./lib/insight/report.ts";

const USAGE = `Usage: npm run insight -- --data <folder> [options]

Trains the early-warning model on some periods of the Open University's dataset, chooses on the latest of them, and
tests it once on a later one. It compares it with a plain logistic regression and the majority class.

  --data FOLDER        courses.csv, assessments.csv, studentInfo.csv, studentRegistration.csv, studentAssessment.csv
  --train NAME,NAME    periods to train on; default all before the tested one
  --test NAME,NAME     periods to test on; default the latest in the folder
  --only NAME,NAME     only these presentations, e.g. EEE-2013J,EEE-2014B; as of the import
  --as-stored          treats submissions without a score as Latchkey stores them: with the full score. Then the model is
                       the same as that of a deployment with the same data, including its hash
  --leave-out WHAT     course, period or fifth: tests nothing; holds out one of the training periods' courses, periods or
                       fifths of the learners after the other, and prints the gain over the plain model. What is to be
                       chosen is chosen by this
  --json               prints the report as JSON
  --pictures FOLDER    writes the calibration and the ROC curves as SVG
  --model FILE         writes the model
  --help               this text
`;

/** What a completion without a score counts as in Latchkey. */
const FULL_SCORE = 100;
/** Line and trees count alike where nothing is chosen between them. */
const EVEN_BLEND = 0.5;
const TABLES = ["courses", "assessments", "studentInfo", "studentRegistration", "studentAssessment"] as const;

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    train: { type: "string" },
    test: { type: "string" },
    only: { type: "string" },
    "as-stored": { type: "boolean", default: false },
    "leave-out": { type: "string" },
    json: { type: "boolean", default: false },
    pictures: { type: "string" },
    model: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});

process.exitCode = await run();

async function run(): Promise<number> {
  const folder = values.data;
  if (values.help || folder === undefined) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const texts = TABLES.map((name) => [name, readFileSync(join(folder, `${name}.csv`), "utf8")] as const);
  const [courseTable, assessments, studentInfo, studentRegistration, studentAssessment] = texts.map(([, text]) => text);
  const world = worldOfOulad({
    courses: courseTable ?? "",
    assessments: assessments ?? "",
    studentInfo: studentInfo ?? "",
    studentRegistration: studentRegistration ?? "",
    studentAssessment: studentAssessment ?? "",
  });
  if (!world.ok) {
    for (const { path, message } of world.refusal.errors ?? []) process.stderr.write(`${path}: ${message}\n`);
    return 1;
  }
  const only = values.only?.toLowerCase().split(",");
  const missing = only?.filter((name) => !world.value.some(({ course }) => course === name)) ?? [];
  if (missing.length > 0) {
    process.stderr.write(`Not in the folder: ${missing.join(", ")}.\n`);
    return 2;
  }
  const chosen = world.value.filter(({ course }) => only?.includes(course) ?? true);
  const known = [...new Set(chosen.map(({ period }) => period))].sort();
  const test = values.test?.split(",") ?? known.slice(-1);
  const train = values.train?.split(",") ?? known.filter((period) => period < (test.toSorted()[0] ?? ""));
  const unknown = [...test, ...train].filter((period) => !known.includes(period));
  const shared = train.filter((period) => test.includes(period));
  if (unknown.length > 0 || shared.length > 0 || train.length === 0) {
    process.stderr.write(`Periods here: ${known.join(", ")}. Train on some, test on others.\n`);
    return 2;
  }
  const begun = performance.now();
  const courses = values["as-stored"] ? chosen.map(asStored) : chosen;
  const progress = (part: string) => {
    process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${part}\n`);
  };
  if (values["leave-out"] !== undefined) {
    const leftOut = LEFT_OUT.find((what) => what === values["leave-out"]);
    if (leftOut === undefined) {
      process.stderr.write(`--leave-out takes ${LEFT_OUT.join(", ")}.\n`);
      return 2;
    }
    const learnt = courses.flatMap((course) =>
      train.includes(course.period) ? (clean(course, new Set()).course ?? []) : [],
    );
    const reports = leaveOut(learnt, leftOut, EVEN_BLEND, OPTIONS, progress);
    if (reports === null) {
      process.stderr.write(
        `There is only one ${leftOut} to learn from in ${train.join(", ")}: nothing can be left out.\n`,
      );
      return 2;
    }
    process.stdout.write(values.json ? `${JSON.stringify(reports, null, 2)}\n` : leaveOutTable(leftOut, reports));
    return 0;
  }
  const { report, model } = await study(courses, { train, test }, OPTIONS, progress);
  if (values.model !== undefined) writeFileSync(values.model, `${JSON.stringify(model)}\n`);
  if (values.pictures !== undefined) {
    mkdirSync(values.pictures, { recursive: true });
    writeFileSync(join(values.pictures, "calibration.svg"), drawCalibration(report));
    writeFileSync(join(values.pictures, "roc.svg"), drawRoc(report));
  }
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportTable(report));
  return 0;
}

function asStored(course: CourseFacts): CourseFacts {
  const learners = course.learners.map((learner) => ({
    ...learner,
    submissions: learner.submissions.map((entry) => ({ ...entry, score: entry.score ?? FULL_SCORE })),
  }));
  return { ...course, learners };
}
