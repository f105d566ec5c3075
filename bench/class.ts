import { z } from "zod";
import { MOODLE } from "../src/courses/importers/moodle/index.ts";
import { classItems, classRow } from "../src/mirror/class-row.ts";
import { type MirrorRow, toMirrored } from "../src/mirror/mirrored.ts";
import { ENGINE } from "../src/unlock/engine.ts";
import { engineStates, factsOf, programOf } from "../test/support/courses/engine.ts";
import { modulesOf } from "../test/support/courses/moodle-histories.ts";
import { courseJson, hasCourses, importedFile } from "../test/support/courses/sources.ts";
import { type Bench, type BenchOutcome, cell, spread, spreadCell } from "./lib/bench.ts";

const ROUNDS = 9;
const QUICK_ROUNDS = 3;
/** Classes for each round, so that the clock of the CPU is fine enough. */
const TIMES = 200;
const QUICK_TIMES = 20;
const WARM_UP = 300;
/** Asked for: so many times less CPU than a real Moodle needs. */
const LEAST_RATIO = 100;

const peerSchema = z.object({
  moodle: z.string(),
  cpus: z.number(),
  inprocess: z.object({
    course: z.string(),
    whole_class_loop: z.object({
      php_cpu_ms_median: z.number(),
      queries_median: z.number(),
      result: z.object({ learners: z.number(), open_total: z.number() }),
    }),
  }),
});
const historySchema = z.object({ learners_in_file_at: z.number() });

export const classBench: Bench = {
  name: "class",
  about: "the states of a whole class beside a real Moodle, same course and learners",
  missing: () =>
    hasCourses ? null : "the class bench needs the backup and the figures of a real Moodle beside the repository",
  async run({ quick, say }): Promise<BenchOutcome> {
    const peer = peerSchema.parse(courseJson("moodle/peer.json"));
    const { course: name, whole_class_loop: moodle } = peer.inprocess;
    say(`${name}: import, then ${moodle.result.learners} learners`);
    const { rows, facts, course, now, open } = await school(name);
    if (rows.length !== moodle.result.learners || open !== moodle.result.open_total) {
      throw new Error(`${rows.length} learners with ${open} open activities: not what Moodle counts`);
    }
    const items = classItems(course.program, null);
    // As they come from D1: one answer of rows, one of facts, both as text.
    const [rowText, factText] = [JSON.stringify(rows), JSON.stringify(facts)];
    const whole = (): string => {
      const read: (MirrorRow & { active_at: number })[] = JSON.parse(rowText);
      const all: (typeof facts)[number][] = JSON.parse(factText);
      const own = Map.groupBy(all, (fact) => fact.enrollment_id);
      return JSON.stringify(
        read.map((row) => {
          const mirror = toMirrored(row, own.get(row.id) ?? []);
          return classRow(course, { mirror, name: row.user_id, active_at: row.active_at }, items, now);
        }),
      );
    };
    for (let time = 0; time < WARM_UP; time += 1) whole();
    const times = quick ? QUICK_TIMES : TIMES;
    const rounds = Array.from({ length: quick ? QUICK_ROUNDS : ROUNDS }, () => {
      const before = process.cpuUsage();
      for (let time = 0; time < times; time += 1) whole();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000 / times;
    });
    const own = spread(rounds);
    const ratio = moodle.php_cpu_ms_median / own.median;
    return {
      tables: [
        {
          title: `States of the whole class: ${rows.length} learners, ${items.length} items`,
          columns: ["", "CPU, ms", "queries"],
          rows: [
            ["Latchkey", spreadCell(own), "3"],
            [`Moodle ${peer.moodle}`, cell(moodle.php_cpu_ms_median), cell(moodle.queries_median)],
          ],
        },
      ],
      charts: [],
      targets: [
        {
          what: "CPU for the states of a whole class",
          asked: `${LEAST_RATIO} times less than Moodle`,
          measured: `${cell(ratio)} times less`,
          met: ratio >= LEAST_RATIO,
        },
      ],
      notes: [
        "Of both sides the CPU of the program alone is counted, not that of its database: PHP's there; here reading D1's answers, evaluating, and writing the answer, in Node.",
        `Moodle ran on a machine of ${peer.cpus} cores at another time, so only the ratio says something, and only its size.`,
        "The activities that are open for all learners together are as many as Moodle counts, which is checked first.",
      ],
    };
  },
};

/** The course of a backup as the mirror holds it: its learners' rows and facts, and how many activities are open in all. */
async function school(name: string) {
  const imported = await importedFile(MOODLE, `moodle/${name}.mbz`);
  const now = historySchema.parse(courseJson(`moodle/${name}.EXPECTED.json`)).learners_in_file_at * 1_000;
  const program = programOf(imported.document);
  const course = { slug: imported.document.slug, pointer: { version: 1, activation: 1, last_relock: 0 }, program };
  const people = imported.people ?? { learners: [], facts: [] };
  const factsBy = Map.groupBy(people.facts, ({ user }) => user);
  const modules = new Set(modulesOf(imported).map(({ item }) => item.id));
  let open = 0;
  const rows = people.learners.map(({ user, cohorts, profile }) => {
    const own = { now, facts: factsBy.get(user) ?? [], cohorts, profile };
    for (const [id, state] of engineStates(program, own)) if (state === "open" && modules.has(id)) open += 1;
    return rowOf(course.slug, user, { cohorts, profile, facts: own.facts.length, now });
  });
  const facts = rows.flatMap(({ id, user_id }) =>
    [...factsOf(factsBy.get(user_id) ?? [])].map(([item_id, fact], at) => ({
      outcome: null,
      outcome_at: null,
      points: null,
      points_min: null,
      points_max: null,
      viewed_at: null,
      submitted_at: null,
      told_at: null,
      marked_at: null,
      passed_at: null,
      contributed_at: null,
      scored_at: null,
      steps: null,
      latest: null,
      revoked_at: null,
      ...withoutUndefined(fact),
      enrollment_id: id,
      item_id,
      seq: at + 1,
    })),
  );
  return { rows, facts, course, now, open };
}

function withoutUndefined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // SAFETY: what is undefined is gone.
  return JSON.parse(JSON.stringify(record)) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function rowOf(
  course: string,
  user: string,
  known: { cohorts: string[]; profile: Record<string, string>; facts: number; now: number },
) {
  const policy = { cohorts: known.cohorts, practice_mode: false, overrides: [], profile: known.profile };
  return {
    id: `${course}:${user}`,
    course_slug: course,
    user_id: user,
    status: "active" as const,
    withdrawn_at: null,
    enrolled_at: 0,
    policy: JSON.stringify(policy),
    kept: "[]",
    earned: "[]",
    version: 1,
    progress_seq: known.facts,
    policy_seq: 1,
    course_version: 1,
    activation: 1,
    engine: ENGINE,
    computed_at: known.now,
    active_at: known.now,
  };
}
