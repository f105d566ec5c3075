import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../../src/platform/instants.ts";
import {
  type Change,
  compile,
  type Evaluation,
  evaluate,
  type Fact,
  isStarted,
  type LearnerRecord,
  layOut,
  NO_FACT,
  type Outline,
  type Program,
  reevaluate,
  setFact,
} from "../../../src/unlock/index.ts";
import {
  at,
  cases,
  type Deed,
  deeds,
  EPOCH,
  FOREIGN,
  idsOf,
  learnerRecord,
  outline,
  override,
  problem,
  withDeed,
} from "../../support/unlock/courses.ts";

function plain({ open, visible, earned, validUntil }: Evaluation) {
  return { open: [...open], visible: [...visible], earned: [...earned], validUntil };
}

function canOpen({ open, visible }: Evaluation): boolean[] {
  return [...open].map((flag, item) => flag === 1 && visible[item] === 1);
}

/** One enrollment as it lives in an object: layout and evaluation are written in place, fact after fact. */
class Living {
  readonly program: Program;
  record: LearnerRecord;
  now: number;
  readonly evaluation: Evaluation;
  readonly #learner;

  constructor({ course, record, now }: { course: Outline; record: LearnerRecord; now: number }) {
    this.program = compile(course);
    this.record = record;
    this.now = now;
    this.#learner = layOut(this.program, record);
    this.evaluation = evaluate(this.program, this.#learner, now);
  }

  do(deed: Deed): Change[] {
    this.record = withDeed(this.record, this.program.ids, deed);
    return this.#write(this.program.ids[deed.pick % this.program.size] ?? "");
  }

  forget(item: string): Change[] {
    return this.put(item, NO_FACT);
  }

  put(item: string, fact: Fact): Change[] {
    this.record = { ...this.record, facts: new Map(this.record.facts).set(item, fact) };
    return this.#write(item);
  }

  keepOpen(item: number): void {
    this.record = { ...this.record, opened: new Set(this.record.opened).add(this.program.ids[item] ?? "") };
    this.#learner.kept[item] = 1;
  }

  reevaluate(changes: Change[]) {
    return reevaluate(this.program, this.#learner, this.evaluation, changes, this.now);
  }

  /** From the record alone, with nothing that was written in place. */
  inFull(): Evaluation {
    return evaluate(this.program, layOut(this.program, this.record), this.now);
  }

  #write(item: string): Change[] {
    return setFact(this.program, this.#learner, item, this.record.facts.get(item) ?? NO_FACT);
  }
}

/** What the enrollment does in a sticky course: what the rules opened and what was started stays open. */
function keepOpen(program: Program, record: LearnerRecord, evaluation: Evaluation): LearnerRecord {
  const learner = layOut(program, record);
  const kept = program.ids.filter((_, item) => evaluation.earned[item] === 1 || isStarted(learner, item));
  return { ...record, opened: new Set([...record.opened, ...kept]) };
}

describe("reevaluate", { timeout: 60_000 }, () => {
  const history = fc.array(
    fc.record({
      deeds: deeds(3),
      forgets: fc.option(fc.nat({ max: 999 }), { freq: 4 }),
      keeps: fc.boolean(),
      waits: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 12, size: "max" },
  );

  it("[I2] changed in place, one deed after the other, is equal to a full evaluation and names exactly what opened and closed", () => {
    const seen = { opened: 0, closed: 0, laterBoundary: 0 };
    fc.assert(
      fc.property(fc.oneof(cases(), cases(FOREIGN)), history, (start, steps) => {
        const living = new Living(start);
        const { evaluation, program } = living;
        for (const { deeds: done, forgets, keeps, waits } of steps) {
          const before = { couldOpen: canOpen(evaluation), validUntil: evaluation.validUntil };
          if (Number.isFinite(before.validUntil))
            living.now += Math.floor(waits * (before.validUntil - 1 - living.now));
          const changes = done.flatMap((deed) => living.do(deed));
          if (forgets !== null) changes.push(...living.forget(program.ids[forgets % program.size] ?? ""));
          if (keeps) for (const { item } of changes) living.keepOpen(item);
          const { opened, closed } = living.reevaluate(changes);
          expect(plain(evaluation)).toEqual(plain(living.inFull()));
          const after = canOpen(evaluation);
          const differing = [...after.keys()].filter((item) => after[item] !== before.couldOpen[item]);
          expect(opened).toEqual(differing.filter((item) => after[item]));
          expect(closed).toEqual(differing.filter((item) => !after[item]));
          seen.opened += opened.length;
          seen.closed += closed.length;
          if (evaluation.validUntil > before.validUntil) seen.laterBoundary += 1;
        }
      }),
      { numRuns: 450 },
    );
    // What is rare must have come up, or the comparison above says nothing about it.
    expect(seen.opened).toBeGreaterThan(50);
    expect(seen.closed).toBeGreaterThan(5);
    expect(seen.laterBoundary).toBeGreaterThan(0);
  });

  describe("next boundary", () => {
    const drips = outline(
      [],
      [
        problem("a"),
        problem("b"),
        problem("c", null, { after: { item: "demo.a", days: 2 } }),
        problem("d", null, { any: [{ after: { item: "demo.a", days: 5 } }, { after: { item: "demo.b", days: 3 } }] }),
      ],
    );
    const doneAt = (instant: number): Fact => ({ attempted_at: instant, completed_at: instant, best_score: null });
    const living = (facts: Record<string, Partial<Fact>>, policy = {}) =>
      new Living({ course: drips, record: learnerRecord(facts, { policy }), now: EPOCH });
    const boundaryAfter = (one: Living, item: string, fact: Fact) => {
      one.reevaluate(one.put(`demo.${item}`, fact));
      expect(plain(one.evaluation)).toEqual(plain(one.inFull()));
      return one.evaluation.validUntil;
    };

    it("is the nearest end of a waiting period that begins with a completion", () => {
      const one = living({});
      expect(one.evaluation.validUntil).toBe(Number.POSITIVE_INFINITY);
      expect(boundaryAfter(one, "b", doneAt(EPOCH))).toBe(EPOCH + 3 * DAY_MS);
      expect(boundaryAfter(one, "a", doneAt(EPOCH))).toBe(EPOCH + 2 * DAY_MS);
    });

    it("moves to the next one when the nearest turns out to be over, or is revoked", () => {
      expect(boundaryAfter(living({ a: doneAt(EPOCH) }), "a", doneAt(at(-8)))).toBe(at(-8) + 5 * DAY_MS);
      expect(boundaryAfter(living({ a: doneAt(EPOCH), b: doneAt(EPOCH) }), "a", NO_FACT)).toBe(EPOCH + 3 * DAY_MS);
    });

    it("counts from an excuse until an earlier completion is reported", () => {
      const one = living({}, { overrides: [override("a", "excuse", { created_at: at(-3) })] });
      expect(boundaryAfter(one, "a", doneAt(EPOCH))).toBe(at(-3) + 2 * DAY_MS);
      expect(boundaryAfter(one, "a", doneAt(at(-8)))).toBe(at(-8) + 5 * DAY_MS);
    });
  });
});

describe("sticky courses", { timeout: 60_000 }, () => {
  it("[fault 21] close only what time alone ends, while facts and cohorts stay the same", () => {
    const seen = { ended: 0, kept: 0 };
    fc.assert(
      fc.property(
        cases(),
        fc.array(deeds(2), { maxLength: 12, size: "max" }),
        ({ course, record: start, now: begin }, history) => {
          const sticky = { ...course, options: { ...course.options, sticky: true, tutorial: null, sequential: false } };
          const program = compile(sticky);
          // Staff's exceptions are no part of the rules; scores carry no instant of their own.
          const policy = { ...start.policy, practice_mode: false, overrides: [] };
          let record: LearnerRecord = { ...start, facts: new Map(), opened: new Set(), policy };
          let now = Math.max(begin, start.enrolled_at);
          let evaluation = evaluate(program, layOut(program, record), now);
          const byRules = (at: number) => evaluate(program, layOut(program, { ...record, opened: new Set() }), at).open;
          for (const done of history) {
            for (const deed of done) {
              const before = evaluation.open;
              record = keepOpen(program, record, evaluation);
              record = withDeed(record, program.ids, { ...deed, score: null, at: now });
              evaluation = evaluate(program, layOut(program, record), now);
              for (const [item, id] of program.ids.entries())
                if (before[item] === 1) expect(evaluation.open[item], id).toBe(1);
            }
            if (!Number.isFinite(evaluation.validUntil)) continue;
            record = keepOpen(program, record, evaluation);
            const ruled = byRules(evaluation.validUntil - 1);
            const next = evaluation.validUntil;
            const then = evaluate(program, layOut(program, record), next);
            const still = byRules(next);
            for (const [item, id] of program.ids.entries()) {
              const isEnded = ruled[item] === 1 && still[item] !== 1;
              if (isEnded) seen.ended += 1;
              else if (evaluation.open[item] === 1 && ruled[item] !== 1 && then.open[item] === 1) seen.kept += 1;
              if (isEnded) expect(then.open[item], id).toBe(0);
              if (still[item] === 1) expect(then.open[item], id).toBe(1);
            }
            now = next;
            evaluation = then;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(seen.ended).toBeGreaterThan(10);
    expect(seen.kept).toBeGreaterThan(20);
  });

  const stickyHistory = (course: Parameters<typeof compile>[0], start: LearnerRecord, now: number, done: Deed[]) => {
    const program = compile(course);
    let record = start;
    let evaluation = evaluate(program, layOut(program, record), now);
    const closed: string[] = [];
    for (const deed of done) {
      record = withDeed(keepOpen(program, record, evaluation), program.ids, { ...deed, at: now });
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

  it("[I6] never lock what the rules opened, whatever the learner does next, also with `not`", () => {
    fc.assert(
      fc.property(cases(), deeds(12), ({ course, record, now }, done) => {
        // What a learner does is done now. (A fact of an earlier day may bring the end that it would have brought then.)
        expect(stickyHistory(course, record, now, done)).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  it("would lock without the option `sticky`: the property above is not empty", () => {
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
