import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { fromRoot } from "../scripts/lib/paths.ts";
import { clean } from "../src/insight/clean.ts";
import { OPTIONS } from "../src/insight/model.ts";
import { worldOfOulad } from "../src/insight/oulad.ts";
import { partText } from "../src/insight/snapshot-text.ts";
import { encodeTable } from "../src/insight/table-bytes.ts";
import { knownRows, labelledTable, sharesOf } from "../src/insight/training.ts";
import type { CourseFacts } from "../src/insight/world.ts";
import type { Bench, BenchOutcome } from "./lib/bench.ts";

/** Not part of the product; see its README. */
const DATA = fromRoot("../shared/data/oulad");
/** What a step of a Worker may take. */
const LIMIT_CPU_S = 30;
const LIMIT_MB = 128;
/** Learners of a part, as the collecting step makes them. */
const PART_LEARNERS = 400;
const STEPS = ["features", "choose", "train"] as const;
const measured = z.object({ cpu_ms: z.number(), peak_mb: z.number() });

/** Steps of the early-warning run on real data and on copies of it: every learner so many times. */
export const insightBench: Bench = {
  name: "insight",
  about: "early warning: CPU and memory of a run's heaviest steps, on real data and 10 times as much",
  async run({ quick, say }): Promise<BenchOutcome> {
    const sizes = quick ? [1] : [1, 3, 10];
    if (!existsSync(DATA)) {
      return {
        tables: [],
        charts: [],
        targets: [],
        notes: ["The dataset is not on this machine: nothing was measured."],
      };
    }
    const world = readWorld().filter(({ period }) => period !== "2014B");
    const rows: { size: number; step: string; cpu: number; memory: number; learners: number }[] = [];
    for (const size of sizes) {
      const folder = mkdtempSync(join(tmpdir(), "latchkey-insight-"));
      try {
        const { known, learners } = prepare(world, size, folder);
        for (const step of STEPS) {
          const { cpu_ms, peak_mb } = runStep(step, folder, known);
          rows.push({ size, step, cpu: cpu_ms / 1_000, memory: peak_mb, learners });
          say(
            `${step} x${size} (${learners} enrollments): ${(cpu_ms / 1_000).toFixed(1)} s CPU, ${peak_mb.toFixed(0)} MB`,
          );
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    const worstCpu = Math.max(...rows.map(({ cpu }) => cpu));
    const worstMemory = Math.max(...rows.map(({ memory }) => memory));
    return {
      tables: [
        {
          title: "Early warning: steps of a run",
          columns: ["training enrollments", "step", "CPU, s", "memory at its highest look, MB"],
          rows: rows.map(({ learners, step, cpu, memory }) => [
            String(learners),
            step,
            cpu.toFixed(1),
            memory.toFixed(0),
          ]),
        },
      ],
      charts: [
        {
          file: "insight-growth",
          title: "CPU of the heaviest steps of a run",
          x: { label: "training enrollments" },
          y: { label: "CPU, s" },
          series: STEPS.map((name) => ({
            name,
            points: rows.filter(({ step }) => step === name).map(({ learners, cpu }) => ({ x: learners, y: cpu })),
          })),
        },
      ],
      targets: [
        {
          what: "CPU of any step",
          asked: `${LIMIT_CPU_S} s`,
          measured: `${worstCpu.toFixed(1)} s`,
          met: worstCpu <= LIMIT_CPU_S,
        },
        {
          what: "memory of any step",
          asked: `${LIMIT_MB} MB`,
          measured: `${worstMemory.toFixed(0)} MB`,
          met: worstMemory <= LIMIT_MB,
        },
      ],
      notes: [
        "Copies are of learners: a course of 2,283 becomes one of 22,830, which is harder than ten courses as large.",
        "Measured in Node, one process a step; memory is heap and buffers at the looks between parts, garbage included.",
      ],
    };
  },
};

function runStep(step: string, folder: string, known: number) {
  const file = fromRoot("bench/insight-step.ts");
  const text = execFileSync(process.execPath, ["--max-old-space-size=128", file, step, folder, String(known)], {
    encoding: "utf8",
  });
  return measured.parse(JSON.parse(text));
}

/** Writes the largest course as a snapshot's parts, and the tables of the first stage of all courses. */
function prepare(world: readonly CourseFacts[], size: number, folder: string): { known: number; learners: number } {
  mkdirSync(folder, { recursive: true });
  let known = 0;
  let learners = 0;
  const largest = world.toSorted((a, b) => b.learners.length - a.learners.length)[0];
  for (const original of world) {
    const course = copied(original, size);
    learners += course.learners.length;
    if (original === largest) {
      for (let from = 0; from < course.learners.length; from += PART_LEARNERS) {
        const part = { ...course, learners: course.learners.slice(from, from + PART_LEARNERS) };
        writeFileSync(join(folder, `part-${String(from).padStart(8, "0")}.ndjson`), partText(part));
      }
    }
    const { course: cleaned } = clean(course, new Set());
    if (cleaned === null) continue;
    for (const share of sharesOf(OPTIONS.stages[0] ?? 0, OPTIONS)) {
      const labelled = labelledTable(cleaned, share);
      known += knownRows(labelled);
      writeFileSync(join(folder, `${course.course}-${share.toFixed(3)}.bin`), encodeTable(labelled));
    }
  }
  return { known, learners };
}

function copied(course: CourseFacts, size: number): CourseFacts {
  const learners = Array.from({ length: size }, (_, copy) =>
    course.learners.map((learner) => ({ ...learner, user: `${learner.user}-${copy}` })),
  );
  return { ...course, learners: learners.flat() };
}

function readWorld(): CourseFacts[] {
  const text = (name: string) => readFileSync(join(DATA, `${name}.csv`), "utf8");
  const world = worldOfOulad({
    courses: text("courses"),
    assessments: text("assessments"),
    studentInfo: text("studentInfo"),
    studentRegistration: text("studentRegistration"),
    studentAssessment: text("studentAssessment"),
  });
  if (!world.ok) throw new Error("the dataset is not what it should be");
  return world.value;
}
