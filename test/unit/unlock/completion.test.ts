import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toInstant } from "../../../src/platform/instants.ts";
import {
  type Change,
  chapterRows,
  compile,
  type Evaluation,
  evaluate,
  type Fact,
  type LearnerRecord,
  layOut,
  mergeFact,
  NO_FACT,
  type Outline,
  problemRows,
  type Requirement,
  reevaluate,
  setFact,
} from "../../../src/unlock/index.ts";
import { latestOf } from "../../../src/unlock/latest.ts";
import {
  at,
  cases,
  chapter,
  deeds,
  FOREIGN,
  learnerRecord,
  outline,
  override,
  problem,
  withDeed,
} from "../../support/unlock/courses.ts";
import { explainAll, explainOne, keepOpen, obey } from "../../support/unlock/explained.ts";
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
  it("[I2] agrees with a simple second reading of the requirements, and all rules use it", () => {
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
        // Requirements may close a cycle, which publishing refuses: then nothing is said of what rests on what.
        if (program.order.length > 0) expect(shown(evaluation)).toEqual(shown(evaluate(bare, naive, now)));
        if (shown(evaluate(bare, layOut(bare, record), now)).open.join() !== [...evaluation.open].join())
          seen.tellsApart += 1;
      }),
      { numRuns: 500 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  const history = fc.array(
    fc.record({
      deeds: deeds(3),
      forgets: fc.option(fc.nat({ max: 999 }), { freq: 4 }),
      waits: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 12, size: "max" },
  );

  it("[I2] changed in place, one fact after the other, is equal to a new computation", () => {
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

  it("[I5] is the same in whatever order facts are reported", () => {
    fc.assert(
      fc.property(required, deeds(20), fc.infiniteStream(fc.nat()), ({ course, record, now }, done, keys) => {
        const program = compile(course);
        const shuffled = done
          .map((deed) => ({ deed, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ deed }) => deed);
        const laidOut = (list: typeof done) =>
          layOut(
            program,
            list.reduce((merged, deed) => withDeed(merged, program.ids, deed), record),
            now,
          );
        const [one, other] = [laidOut(shuffled), laidOut(done)];
        expect(one.completedAt).toEqual(other.completedAt);
        expect(one.outcome).toEqual(other.outcome);
      }),
    );
  });

  it("[fault 20] is possible with the steps of `to_unlock`, in their order: they open the item", () => {
    const seen = { plans: 0, acts: new Set<string>(), chapters: 0 };
    fc.assert(
      fc.property(required, ({ course, record: start, now: asked }) => {
        // Of several grades the latest may count: what is done now is after all that is known.
        const now = [...start.facts.values()].reduce(
          (latest, fact) => Math.max(latest, fact.scored_at ?? 0, latestOf(fact)?.at ?? 0),
          asked,
        );
        const program = compile(course);
        const record = keepOpen(program, start, now);
        for (const { id, explanation } of explainAll(course, record, now)) {
          const { to_unlock } = explanation;
          if (
            to_unlock === null ||
            to_unlock.length === 0 ||
            to_unlock.some(({ action, item }) => action !== "wait" && item === undefined)
          ) {
            continue;
          }
          const then = obey(course, record, to_unlock, now);
          const after = evaluate(program, layOut(program, then.record, then.now), then.now);
          expect(after.open[program.indexOf.get(id) ?? -1], id).toBe(1);
          seen.plans += 1;
          for (const { action } of to_unlock) seen.acts.add(action);
          if (
            explanation.reasons.some(({ missing = [] }) => missing.some(({ code }) => code === "children_incomplete"))
          ) {
            seen.chapters += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(seen.plans).toBeGreaterThan(100);
    expect(seen.chapters).toBeGreaterThan(3);
    for (const act of ["view", "mark", "submit", "contribute", "score", "pass", "complete"])
      expect(seen.acts).toContain(act);
  });
});

/** What an item with a requirement looks like to its learner. */
function rowOf(completion: Requirement, facts: Record<string, Partial<Fact>>, rest: Partial<Fact> = {}) {
  const course = outline([{ ...chapter("c"), completion }], [problem("a", "c"), problem("b", "c"), problem("d", "c")]);
  return viewOf(course, learnerRecord({ ...facts, c: rest }));
}

function viewOf(course: Outline, record: LearnerRecord, now = at(20)) {
  const program = compile(course);
  const learner = layOut(program, record, now);
  return { program, learner, now, evaluation: evaluate(program, learner, now) };
}

const done = (instant: number): Partial<Fact> => ({ attempted_at: instant, completed_at: instant, passed_at: instant });

describe("a chapter that is complete by its items", () => {
  const first = (view: ReturnType<typeof viewOf>) => chapterRows(view, "en")[0];

  it("is complete when its last required item is, from that instant; until then its explanation says what is missing", () => {
    const some = rowOf({ children: { count: 2 } }, { a: done(at(3)) });
    expect(first(some)).toMatchObject({
      status: "unlocked",
      completed_at: null,
      completion: {
        state: "incomplete",
        takes_mark: false,
        missing: [{ code: "children_incomplete", required: 2, actual: 1, remaining: 1, items: ["demo.b", "demo.d"] }],
        description: "Complete “Problem b” or “Problem d”.",
      },
    });
    const all = rowOf({ children: { count: 2 } }, { a: done(at(9)), b: done(at(3)), d: done(at(5)) });
    expect(first(all)).toMatchObject({
      status: "completed",
      completed_at: toInstant(at(5)),
      completion: { state: "complete", missing: [], description: "" },
    });
    expect(chapterRows(some, "zh")[0]?.completion?.description).toBe("完成《题目b》或《题目d》。");
  });

  it("counts percentages, weights and excuses", () => {
    const half = { children: { percent: 50 } };
    expect(first(rowOf(half, { a: done(at(3)) }))?.completion?.state).toBe("incomplete");
    expect(first(rowOf(half, { a: done(at(3)), b: done(at(4)) }))?.completed_at).toBe(toInstant(at(4)));
    const weighed = { children: { percent: 60, weights: { "demo.d": 3 } } };
    const row = first(rowOf(weighed, { a: done(at(3)), b: done(at(4)) }));
    expect(row?.completion).toMatchObject({
      missing: [{ required: 60, actual: 40, items: ["demo.d"] }],
      description: "Complete 60 % of “Chapter c”.",
    });
    expect(first(rowOf(weighed, { d: done(at(6)) }))?.completed_at).toBe(toInstant(at(6)));
    const course = outline(
      [{ ...chapter("c"), completion: { children: { all: true } } }],
      [problem("a", "c"), problem("b", "c")],
    );
    const excuse = override("b", "excuse", { created_at: at(2), expires_at: at(9) });
    const record = learnerRecord({ a: done(at(1)) }, { policy: { overrides: [excuse] } });
    expect(first(viewOf(course, record, at(8)))?.completed_at).toBe(toInstant(at(2)));
    expect(first(viewOf(course, record, at(9)))?.completed_at).toBeNull();
    // Laid out before the excuse ran out, and asked after.
    const program = compile(outline([...course.chapters, chapter("x", { completed: "demo.c" })], course.problems));
    const early = layOut(program, record, at(8));
    expect(evaluate(program, early, at(8)).open[1]).toBe(1);
    expect(evaluate(program, early, at(9)).open[1]).toBe(0);
  });

  it("is complete when a service reports it; a mark by the learner counts only where the requirement asks for it", () => {
    const every = { children: { all: true } } as const;
    expect(first(rowOf(every, {}, { completed_at: at(1), told_at: at(1) }))?.completed_at).toBe(toInstant(at(1)));
    const marked = { completed_at: at(1), marked_at: at(1) };
    expect(first(rowOf(every, {}, marked))?.completed_at).toBeNull();
    expect(first(rowOf({ any: [every, { mark: true }] }, {}, marked))?.completion).toMatchObject({
      state: "complete",
      takes_mark: true,
    });
    // Who had completed it before anybody noted how, may have marked it.
    expect(first(rowOf({ mark: true }, {}, { completed_at: at(1) }))?.completed_at).toBe(toInstant(at(1)));
  });
});

describe("an item with requirements of its own", () => {
  const rowFor = (completion: Requirement, fact: Partial<Fact>) =>
    problemRows(viewOf(outline([], [{ ...problem("a"), completion }]), learnerRecord({ a: fact })), "en")[0];

  it("is complete from the first score that is high enough, also if a later score is higher", () => {
    const scored = (score: number, instant: number) => ({ at: instant, completed: false, score });
    const fact = [scored(70, at(1)), scored(90, at(5)), scored(40, at(0)), scored(80, at(3))].reduce(
      mergeFact,
      NO_FACT,
    );
    const completedAt = (min: number) => rowFor({ score: { min } }, fact)?.completed_at;
    expect([40, 70, 75, 90].map(completedAt)).toEqual([at(0), at(1), at(3), at(5)].map((one) => toInstant(one)));
    expect(completedAt(91)).toBeNull();
    expect(rowFor({ score: { min: 91 } }, fact)?.completion?.missing).toEqual([
      { code: "score_too_low", item: "demo.a", required: 91, actual: 90, remaining: 1 },
    ]);
  });

  it("is failed below the bound, and passed from the bound on", () => {
    const below = { attempted_at: at(1), best_score: 40, scored_at: at(1) };
    const completion: Requirement = { all: [{ view: true }, { pass: { min: 50 } }] };
    expect(rowFor(completion, below)).toMatchObject({ status: "started", completion: { state: "failed" } });
    expect(rowFor(completion, { ...below, best_score: 50 })).toMatchObject({ completion: { state: "passed" } });
    expect(
      rowFor({ pass: true }, { attempted_at: at(1), outcome: "failed", outcome_at: at(1) })?.completion?.state,
    ).toBe("failed");
    expect(rowFor({ pass: true }, done(at(1)))?.completion?.state).toBe("passed");
    expect(rowFor({ all: [{ submit: true }, { pass: { min: 50 } }] }, below)?.completion?.state).toBe("incomplete");
  });

  it("names everything that is missing, in both languages", () => {
    const completion: Requirement = {
      all: [
        { any: [{ view: true }, { mark: true }] },
        { at_least: { count: 2, of: [{ submit: true }, { contribute: true }, { points: { min: 7 } }] } },
        { pass: true },
        { score: {} },
      ],
    };
    const course = outline([], [{ ...problem("a"), completion }, problem("x", null, { completed: "demo.a" })]);
    const view = viewOf(course, learnerRecord());
    const [row] = problemRows(view, "en");
    expect(row?.completion?.missing.map(({ code }) => code)).toEqual([
      "not_viewed",
      "not_marked",
      "not_submitted",
      "not_contributed",
      "points_too_low",
      "not_passed",
      "not_scored",
    ]);
    const { reasons, sentence } = explainOne(course, learnerRecord(), at(20), "demo.x");
    expect(reasons).toEqual([
      {
        code: "not_completed",
        item: "demo.a",
        required: "completed",
        actual: "not started",
        missing: row?.completion?.missing,
      },
    ]);
    expect(sentence.en).toMatch(/^Complete “Problem a” \(.*open “Problem a” or mark “Problem a” as done.*\)\.$/);
    expect(problemRows(view, "zh")[0]?.completion?.description).toContain("参与《题目a》");
  });
});
