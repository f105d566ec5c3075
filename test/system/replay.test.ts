import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runReplay } from "../../bench/replay.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { testSeed } from "../support/node/random.ts";

/** Not part of the product; see its README. */
const DATA = fromRoot("../shared/data/oulad");
/** The smallest presentation: 383 learners, 1,633 submissions. The whole dataset is replayed by bench/replay.ts. */
const PRESENTATION = "AAA-2013J";
const KILLS = 2;

describe.skipIf(!existsSync(DATA))("a real course, imported by the command into a runtime that is killed", () => {
  it(`[I1] [I2] [I5] [I6] is not lost, doubled or changed in any part in ${KILLS} kills`, async () => {
    const report = await runReplay({
      folder: DATA,
      only: [PRESENTATION],
      kills: KILLS,
      seed: testSeed(),
      say: (line) => console.info(line),
    });
    expect(report.examples).toEqual([]);
    expect(report).toMatchObject({ lost: 0, duplicated: 0, divergent: 0, dead_letters: 0 });
    expect(report.kills.map(({ step }) => step)).toEqual(["enroll", "facts"]);
    expect(report.import.retries).toBeGreaterThan(0);
    expect(report).toMatchObject({ presentations: 1, enrollments: 383, submissions: 1_633 });
    expect(report.facts).toEqual({ expected: 1_633, in_objects: 1_633, in_d1: 1_633 });
  });
});
