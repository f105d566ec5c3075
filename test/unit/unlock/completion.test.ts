import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Requirement } from "../../../src/unlock/completion/requirement.ts";
import {
  type Change,
  compile,
  type Evaluation,
  evaluate,
  type LearnerRecord,
  layOut,
  mergeFact,
  NO_FACT,
  type Outline,
  problemRows,
  reevaluate,
  rowsAt,
  setFact,
} from "../../../src/unlock/index.ts";
import {
  at,
  cases,
  chapter,
  deeds,
  EPOCH,
  FOREIGN,
  learnerRecord,
  outline,
  override,
  problem,
  withDeed,
} from "../../support/unlock/courses.ts";
import { told, withoutRequirements, withRequirements } from "../../support/unlock/requirements.ts";

const shown = ({ open, visible, earned, validUntil }: Evaluation) => ({
  open: [...open],
  visible: [...visible],
  earned: [...earned],
  validUntil,
});

const required = cases(FOREIGN).chain(({ course, ...rest }) =>
  fc.record({ course: withRequirements(course), record: fc.constant(rest.record), now: fc.constant(rest.now) }),
);

describe("completion by requirement", { timeout: 120_000 }, () => {
  it("[I2] is what a naive reading of the words makes of facts, and all rules see it", () => {
    const seen = { complete: 0, passed: 0, failed: 0, chapters: 0, tellsApart: 0 };
    fc.assert(
      fc.property(required, ({ course, record, now }) => {
        const program = compile(course);
        const learner = layOut(program, record, now);
        const expected = told(course, record, now);
        const bare = compile({ ...withoutRequirements(course) });
        const naive = layOut(bare, expected);
        program.ids.forEach((id, item) => {
          expect(learner.completedAt[item], `${id} complete`).toBe(naive.completedAt[item]);
          expect(learner.attemptedAt[item], `${id} begun`).toBe(naive.attemptedAt[item]);
          if ((program.completion?.asked[item] ?? null) === null) return;
          const fact = expected.facts.get(id);
          expect([0, 4, 8].indexOf(learner.outcome[item] ?? 0), `${id} outcome`).toBe(
            fact?.outcome === "passed" ? 1 : fact?.outcome === "failed" ? 2 : 0,
          );
          if (fact?.completed_at != null) seen.complete += 1;
          if (fact?.completed_at != null && item < program.chapterCount) seen.chapters += 1;
          if (fact?.outcome === "passed") seen.passed += 1;
          if (fact?.outcome === "failed") seen.failed += 1;
        });
        const evaluation = evaluate(program, learner, now);
        expect(shown(evaluation)).toEqual(shown(evaluate(bare, naive, now)));
        if (shown(evaluate(bare, layOut(bare, record), now)).open.join() !== [...evaluation.open].join()) seen.tellsApart += 1;
      }),
      { numRuns: 500 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  const history = fc.array(
    fc.record({ deeds: deeds(3), forgets: fc.option(fc.nat({ max: 999 }), { freq: 4 }), waits: fc.double({ min: 0, max: 1, noNaN: true }) }),
    { minLength: 1, maxLength: 12, size: "max" },
  );

  it("[I2] deed after deed, in place, it stays what laying everything out anew makes of it", () => {
    const seen = { cascaded: 0, opened: 0 };
    fc.assert(
      fc.property(required, history, ({ course, record: start, now: begin }, steps) => {
        const program = compile(course);
        let record = start;
        let now = begin;
        let learner = layOut(program, record, now);
        let evaluation = evaluate(program, learner, now);
        for (const { deeds: done, forgets, waits } of steps) {
          if (Number.isFinite(evaluation.validUntil)) now += Math.floor(waits * (evaluation.validUntil - 1 - now));
          const changes: Change[] = [];
          const write = (id: string) => {
            changes.push(...setFact(program, learner, id, record.facts.get(id) ?? NO_FACT));
          };
          for (const deed of done) {
            record = withDeed(record, program.ids, deed);
            write(program.ids[deed.pick % program.size] ?? "");
          }
          if (forgets !== null) {
            const id = program.ids[forgets % program.size] ?? "";
            record = { ...record, facts: new Map(record.facts).set(id, NO_FACT) };
            write(id);
          }
          seen.cascaded += changes.length - done.length - (forgets === null ? 0 : 1);
          seen.opened += reevaluate(program, learner, evaluation, changes, now).opened.length;
          const anew = layOut(program, record, now);
          expect(learner.completedAt).toEqual(anew.completedAt);
          expect(learner.outcome).toEqual(anew.outcome);
          expect(learner.deeds).toEqual(anew.deeds);
          expect(shown(evaluation)).toEqual(shown(evaluate(program, anew, now)));
        }
        learner = layOut(program, record, now);
        evaluation = evaluate(program, learner, now);
      }),
      { numRuns: 300 },
    );
    expect(seen.cascaded).toBeGreaterThan(50);
    expect(seen.opened).toBeGreaterThan(50);
  });

  it("[I5] comes to the same in whatever order facts are told", () => {
    fc.assert(
      fc.property(required, deeds(20), fc.infiniteStream(fc.nat()), ({ course, record, now }, done, keys) => {
        const program = compile(course);
        const shuffled = done
          .map((deed) => ({ deed, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ deed }) => deed);
        const after = (list: typeof done) =>
          layOut(program, list.reduce((merged, deed) => withDeed(merged, program.ids, deed), record), now);
        expect(after(shuffled).completedAt).toEqual(after(done).completedAt);
        expect(after(shuffled).outcome).toEqual(after(done).outcome);
      }),
    );
  });
});
