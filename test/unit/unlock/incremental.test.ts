import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  type Evaluation,
  evaluate,
  isStarted,
  type LearnerRecord,
  layOut,
  type Program,
  reevaluate,
} from "../../../src/unlock/index.ts";
import { cases, type Deed, deeds, idsOf, withDeed } from "../../support/unlock/courses.ts";

function plain({ open, visible, earned, validUntil }: Evaluation) {
  return { open: [...open], visible: [...visible], earned: [...earned], validUntil };
}

function differing(before: Evaluation, after: Evaluation): number[] {
  return [...before.open.keys()].filter(
    (item) => before.open[item] !== after.open[item] || before.visible[item] !== after.visible[item],
  );
}

/** What the enrollment does in a sticky course: what the rules opened and what was started stays open. */
function keepOpen(program: Program, record: LearnerRecord, evaluation: Evaluation): LearnerRecord {
  const learner = layOut(program, record);
  const kept = program.ids.filter((_, item) => evaluation.earned[item] === 1 || isStarted(learner, item));
  return { ...record, opened: new Set([...record.opened, ...kept]) };
}

describe("reevaluate", () => {
  it("[I2] equals a full evaluation, deed after deed, and names exactly the items that differ", () => {
    const steps = fc.array(
      fc.record({ deeds: deeds(3), keeps: fc.boolean(), waits: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(cases(), steps, (start, history) => {
        const program = compile(start.course);
        let { record, now } = start;
        let current = evaluate(program, layOut(program, record), now);
        for (const { deeds: done, keeps, waits } of history) {
          if (Number.isFinite(current.validUntil)) now += Math.floor(waits * (current.validUntil - 1 - now));
          const touched = done.map((deed) => deed.pick % program.size);
          for (const deed of done) record = withDeed(record, program.ids, deed);
          if (keeps) {
            const opened = new Set(record.opened);
            for (const item of touched) opened.add(program.ids[item] ?? "");
            record = { ...record, opened };
          }
          const learner = layOut(program, record);
          const { evaluation, differing: named } = reevaluate(program, learner, current, touched, now);
          expect(plain(evaluation)).toEqual(plain(evaluate(program, learner, now)));
          expect([...named].sort((a, b) => a - b)).toEqual(differing(current, evaluation));
          current = evaluation;
        }
      }),
      { numRuns: 250 },
    );
  });

  it("leaves the previous evaluation as it was", () => {
    fc.assert(
      fc.property(cases(), deeds(3), ({ course, record, now }, done) => {
        const program = compile(course);
        const before = evaluate(program, layOut(program, record), now);
        const copy = plain(before);
        const after = done.reduce((merged, deed) => withDeed(merged, program.ids, deed), record);
        reevaluate(program, layOut(program, after), before, [...program.ids.keys()], now);
        expect(plain(before)).toEqual(copy);
      }),
      { numRuns: 50 },
    );
  });
});

describe("sticky courses", () => {
  const stickyHistory = (course: Parameters<typeof compile>[0], start: LearnerRecord, now: number, done: Deed[]) => {
    const program = compile(course);
    let record = start;
    let evaluation = evaluate(program, layOut(program, record), now);
    const closed: string[] = [];
    for (const deed of done) {
      record = withDeed(keepOpen(program, record, evaluation), program.ids, deed);
      const next = evaluate(program, layOut(program, record), now);
      for (const [item, id] of program.ids.entries()) {
        if (evaluation.earned[item] === 1 && next.earned[item] !== 1) closed.push(id);
        const isByRules = evaluation.earned[item] === 1 && evaluation.open[item] === 1;
        if (isByRules && next.open[item] !== 1) closed.push(id);
      }
      evaluation = next;
    }
    return closed;
  };

  it("[I6] never lock what the rules opened, whatever the learner does next, `not` included", () => {
    fc.assert(
      fc.property(cases(), deeds(12), ({ course, record, now }, done) => {
        expect(stickyHistory(course, record, now, done)).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  it("would lock without being sticky: the property above is not vacuous", () => {
    const locks = fc.sample(fc.tuple(cases(), deeds(12)), { numRuns: 300, seed: 1 }).some(([start, done]) => {
      const program = compile(start.course);
      const bare = { ...start.record, opened: new Set<string>() };
      const before = evaluate(program, layOut(program, bare), start.now);
      const after = done.reduce<LearnerRecord>((merged, deed) => withDeed(merged, idsOf(start.course), deed), bare);
      const then = evaluate(program, layOut(program, after), start.now);
      return before.earned.some((earned, item) => earned === 1 && then.earned[item] !== 1);
    });
    expect(locks).toBe(true);
  });
});
