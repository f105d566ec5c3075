import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import {
  agendaOf,
  compile,
  evaluate,
  explain,
  type LearnerRecord,
  layOut,
  type Outline,
  type Pauses,
  paused,
  reasonsOf,
  reevaluate,
  resumed,
  setFact,
} from "../../../src/unlock/index.ts";
import {
  at,
  cases,
  chapter,
  deeds,
  EPOCH,
  FOREIGN,
  idsOf,
  learnerRecord,
  outline,
  override,
  pauses,
  problem,
  withDeed,
} from "../../support/unlock/courses.ts";
import { oracle } from "../../support/unlock/oracle.ts";

/** Any learner of any course who was paused at some time, or is now: no pause begins later than it is asked for. */
const pausedCases = (foreign?: typeof FOREIGN) =>
  fc.tuple(cases(foreign), pauses).map(([one, { over, last }]) => {
    const begun = last === null ? null : { ...last, since: Math.min(last.since, one.now) };
    return { ...one, record: withPauses(one.record, { over, last: begun }) };
  });

function withPauses(record: LearnerRecord, given: Pauses): LearnerRecord {
  return { ...record, policy: { ...record.policy, pauses: given } };
}

function openAt(course: Outline, record: LearnerRecord, now: number) {
  const program = compile(course);
  const { open } = evaluate(program, layOut(program, record, now), now);
  return program.ids.filter((_, item) => open[item] === 1);
}

const abroad = (until: number | null) => ({ until, reason: "abroad" });

describe("a pause", () => {
  it.each([undefined, FOREIGN])("is what an independent evaluator says of it", (foreign) => {
    fc.assert(
      fc.property(pausedCases(foreign), ({ course, record, now }) => {
        const program = compile(course);
        const { open, visible, earned } = evaluate(program, layOut(program, record, now), now);
        const found = program.ids.map((id, item) => [
          id,
          { visible: visible[item] === 1, open: open[item] === 1, earned: earned[item] === 1 },
        ]);
        expect(new Map(found as [])).toEqual(oracle(course, record, now));
      }),
      { numRuns: 150 },
    );
  });

  it("lets an answer hold to the instant that it names, and not a moment longer than the pause", () => {
    fc.assert(
      fc.property(pausedCases(), ({ course, record, now }) => {
        const program = compile(course);
        const first = evaluate(program, layOut(program, record, now), now);
        const last = Math.min(first.validUntil - 1, now + 40 * DAY_MS);
        const later = evaluate(program, layOut(program, record, last), last);
        expect([...later.open]).toEqual([...first.open]);
        expect([...later.visible]).toEqual([...first.visible]);
      }),
      { numRuns: 150 },
    );
  });

  it("makes no difference to what is evaluated fact by fact: it equals what is evaluated in full", () => {
    fc.assert(
      fc.property(pausedCases(), deeds(6), ({ course, record, now }, done) => {
        const program = compile(course);
        const learner = layOut(program, record, now);
        const evaluation = evaluate(program, learner, now);
        let whole = record;
        for (const deed of done) {
          whole = withDeed(whole, idsOf(course), deed);
          const item = idsOf(course)[deed.pick % program.size] ?? "";
          const fact = whole.facts.get(item);
          if (fact === undefined) continue;
          reevaluate(program, learner, evaluation, setFact(program, learner, item, fact), now);
        }
        const full = evaluate(program, layOut(program, whole, now), now);
        expect([[...evaluation.open], [...evaluation.earned], evaluation.validUntil]).toEqual([
          [...full.open],
          [...full.earned],
          full.validUntil,
        ]);
      }),
      { numRuns: 150 },
    );
  });

  const course = outline(
    [chapter("a"), chapter("b", { after_enrollment: { days: 10 } })],
    [{ ...problem("p", "a"), due: { days: 20 }, closes: { days: 30 } }],
    { sticky: false },
  );
  const day = (days: number) => EPOCH + days * DAY_MS;

  it("locks everything, whatever overrides and practice mode say, until the instant of its end", () => {
    const policy = { practice_mode: true, overrides: [override("b", "unlock")] };
    const record = withPauses(learnerRecord({}, { policy }), paused(null, abroad(day(5)), day(2)));
    expect(openAt(course, record, day(2) - 1)).toHaveLength(3);
    expect(openAt(course, record, day(2))).toEqual([]);
    expect(openAt(course, record, day(5) - 1)).toEqual([]);
    expect(openAt(course, record, day(5))).toHaveLength(3);
  });

  it("makes what counts from the enrollment come later by its length, ended by its date or by hand", () => {
    const byDate = paused(null, abroad(day(5)), day(2));
    const byHand = resumed(paused(null, abroad(null), day(2)), day(5));
    const twice = paused(byDate, abroad(day(8)), day(7));
    for (const [given, late] of [
      [byDate, 3],
      [byHand, 3],
      [twice, 4],
    ] as const) {
      const record = withPauses(learnerRecord(), given as Pauses);
      expect(openAt(course, record, day(10 + late) - 1)).not.toContain("demo.b");
      expect(openAt(course, record, day(10 + late))).toContain("demo.b");
    }
    expect(twice).toEqual({ over: 3 * DAY_MS, last: { since: day(7), until: day(8), reason: "abroad" } });
  });

  it("moves due dates as far as its end is known", () => {
    const dueAt = (given: Pauses | null, now: number) => {
      const program = compile(course);
      const learner = layOut(program, withPauses(learnerRecord(), given as Pauses), now);
      const view = { program, learner, evaluation: evaluate(program, learner, now), now };
      const { due, closes } = agendaOf(view, "en").items.find(({ id }) => id === "demo.p") ?? {};
      return [due, closes];
    };
    const known = paused(null, abroad(day(5)), day(2));
    expect(dueAt(known, day(2))).toEqual([day(23), day(33)]);
    expect(dueAt(known, day(9))).toEqual([day(23), day(33)]);
    const open = paused(null, abroad(null), day(2));
    expect(dueAt(open, day(4))).toEqual([day(20), day(30)]);
    expect(dueAt(resumed(open, day(6)), day(6))).toEqual([day(24), day(34)]);
  });

  it("says why, until when, and what is to be done after it; one without an end promises nothing", () => {
    const program = compile(outline([chapter("a"), chapter("b", { completed: "demo.a" })], []));
    const say = (given: Pauses, item: number) => {
      const learner = layOut(program, withPauses(learnerRecord(), given), at(1));
      const evaluation = evaluate(program, learner, at(1));
      expect(reasonsOf(program, learner, evaluation, item, at(1))).toEqual([
        expect.objectContaining({ code: "paused", note: "abroad" }),
      ]);
      return explain(program, learner, evaluation, item, at(1));
    };
    const until = toInstant(day(5));
    const wait = { action: "wait", until };
    const known = paused(null, abroad(day(5)), EPOCH);
    expect(say(known, 0)).toMatchObject({
      is_locked: true,
      reasons: [{ code: "paused", available_at: until, note: "abroad" }],
      to_unlock: [wait],
      do_next: [wait],
    });
    expect(say(known, 0).sentence.en).toBe(
      "The course staff paused this course for you until 2026-09-06 00:00 UTC: abroad.",
    );
    expect(say(known, 1).to_unlock).toEqual([wait, { action: "complete", item: "demo.a" }]);
    const open = paused(null, abroad(null), EPOCH);
    expect(say(open, 1)).toMatchObject({ reasons: [{ available_at: null }], to_unlock: null, do_next: [] });
    expect(say(open, 0).sentence.zh).toBe("课程教师已为你暂停这门课程：abroad。");
  });

  it("that is changed keeps its beginning, and one that is over is ended by nobody", () => {
    const first = paused(null, abroad(null), day(1));
    expect(paused(first, abroad(day(9)), day(3)).last).toEqual({ since: day(1), until: day(9), reason: "abroad" });
    const over = paused(null, abroad(day(2)), day(1));
    expect(resumed(over, day(3))).toBe(over);
    expect(resumed(null, day(3))).toBeNull();
  });
});
