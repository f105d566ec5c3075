import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, evaluate, layOut, reevaluate, setFact, VEIL } from "../../../src/unlock/index.ts";
import { leftOut, MoodleCourse, oracleSchema } from "../../support/unlock/moodle-case.ts";

/** Answers of a real Moodle. They lie beside the repository, or beside the folder of its work trees. */
const PLACES = ["../shared", "../../shared"].map((shared) => `${shared}/data/courses/moodle/oracle.json`);
const ORACLE = PLACES.find((place) => existsSync(place));

describe.skipIf(ORACLE === undefined)("compared with a real Moodle", () => {
  const oracle = ORACLE !== undefined ? oracleSchema.parse(JSON.parse(readFileSync(ORACLE, "utf8"))) : null;

  it("[I12] opens, locks and hides what Moodle opens, locks and hides", () => {
    if (oracle === null) return;
    const courses = new MoodleCourse(oracle);
    const omitted = new Map<string, number>();
    const different: string[] = [];
    let compared = 0;
    for (const one of oracle.cases) {
      const why = leftOut(one);
      if (why !== null) {
        omitted.set(why, (omitted.get(why) ?? 0) + 1);
        continue;
      }
      const { course, record, item } = courses.of(one);
      const program = compile(course);
      const learner = layOut(program, record);
      const now = one.now * 1000;
      const evaluation = evaluate(program, learner, now);
      const index = program.indexOf.get(item) ?? -1;
      const isOpen = evaluation.open[index] === 1;
      const isListed = program.veils[index] !== VEIL.UNLISTED;
      const state =
        evaluation.visible[index] !== 1 ? "hidden" : isOpen ? (isListed ? "open" : "open_unlisted") : "greyed";
      compared += 1;
      if (state !== one.expected.state) different.push(`${one.id}: ${state} instead of ${one.expected.state}`);
      // Fact by fact it comes to the same.
      const bare = layOut(program, { ...record, facts: new Map() });
      const grown = evaluate(program, bare, now);
      const changes = [...record.facts].flatMap(([id, fact]) => setFact(program, bare, id, fact));
      reevaluate(program, bare, grown, changes, now);
      expect([grown.open[index], grown.visible[index]], one.id).toEqual([
        evaluation.open[index],
        evaluation.visible[index],
      ]);
    }
    const list = [...omitted].map(([why, count]) => `  ${count}: ${why}`).join("\n");
    console.log(
      `Moodle ${oracle.moodle_version}: ${compared} of ${oracle.cases.length} cases compared; left out:\n${list}`,
    );
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(500);
  });
});
