import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toInstant } from "../../../src/shared/instants.ts";
import {
  type CourseOptions,
  compile,
  evaluate,
  explain,
  layOut,
  type Rule,
  withTitles,
} from "../../../src/unlock/index.ts";
import { at, cases, chapter, EPOCH, learnerRecord, outline, override, problem } from "../../support/unlock/courses.ts";
import { explainAll, explainOne, obey, possibleSteps, smallest } from "../../support/unlock/explained.ts";
import { oracle } from "../../support/unlock/oracle.ts";

const SMALL = { chapters: 2, problems: 4 };

describe("explain", () => {
  it("gives reasons and sentences exactly for what is locked", () => {
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        const verdicts = oracle(course, record, now);
        for (const { id, explanation } of explainAll(course, record, now)) {
          const { is_locked, reasons, to_unlock, do_next, sentence } = explanation;
          expect(is_locked).toBe(verdicts.get(id)?.open !== true);
          if (is_locked) {
            expect(reasons).not.toEqual([]);
            expect(to_unlock).not.toEqual([]);
            expect(sentence.en).toMatch(/^\(*[A-Z].*\.$/);
            expect(sentence.zh).toMatch(/[\u4e00-\u9fff].*。$/);
          } else {
            expect([reasons, to_unlock, do_next, sentence]).toEqual([[], [], [], { en: "", zh: "" }]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("[I8] never names what is hidden from the learner", () => {
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        const verdicts = oracle(course, record, now);
        const hidden = [...course.chapters, ...course.problems].filter(({ id }) => verdicts.get(id)?.visible !== true);
        const names = hidden.flatMap(({ id, title }) => [id, title.en ?? "", title.zh ?? ""]);
        const program = compile(course);
        for (const { explanation } of explainAll(course, record, now)) {
          const text = JSON.stringify([withTitles(program, explanation, "en"), withTitles(program, explanation, "zh")]);
          expect(names.filter((name) => text.includes(name))).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("names in `to_unlock` what really opens the item", () => {
    let tried = 0;
    fc.assert(
      fc.property(cases({ dates: true, drips: false }), ({ course, record, now }) => {
        for (const { id, explanation } of explainAll(course, record, now)) {
          if (!explanation.is_locked || explanation.to_unlock === null) continue;
          const then = obey(record, explanation.to_unlock, now);
          expect(oracle(course, then.record, then.now).get(id)?.open, id).toBe(true);
          tried += 1;
        }
      }),
      { numRuns: 150 },
    );
    expect(tried).toBeGreaterThan(30);
  });

  it("leads to an open item with drips too: do as told, wait as told", () => {
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        for (const { id, explanation } of explainAll(course, record, now)) {
          if (!explanation.is_locked || explanation.to_unlock === null) continue;
          let state = { record, now };
          let current = explanation;
          for (let round = 0; current.is_locked && round < 4; round += 1) {
            expect(current.to_unlock).not.toBeNull();
            state = obey(state.record, current.to_unlock ?? [], state.now);
            current = explainOne(course, state.record, state.now, id);
          }
          expect(current.is_locked, id).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("finds the smallest set, compared with trying all", () => {
    const found = { some: 0, none: 0 };
    fc.assert(
      fc.property(cases({ dates: true, drips: false }, SMALL), ({ course, record, now }) => {
        const steps = possibleSteps(course, now);
        fc.pre(steps.length <= 10);
        // Overrides that run out and extended ends are not steps: let them last.
        const overrides = record.policy.overrides.filter(({ kind }) => kind !== "extend");
        const lasting = overrides.map((one) => ({ ...one, expires_at: null }));
        const learner = { ...record, policy: { ...record.policy, overrides: lasting } };
        for (const { id, explanation } of explainAll(course, learner, now)) {
          if (!explanation.is_locked) continue;
          const expected = smallest(course, learner, now, id, steps);
          expect(explanation.to_unlock?.length ?? null, id).toBe(expected);
          found[expected === null ? "none" : "some"] += 1;
        }
      }),
      { numRuns: 400 },
    );
    expect(found.some).toBeGreaterThan(30);
    expect(found.none).toBeGreaterThan(10);
  });

  it("names in `do_next` only what is open now, or a wait", () => {
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        const verdicts = oracle(course, record, now);
        for (const { explanation } of explainAll(course, record, now)) {
          for (const { action, item, until } of explanation.do_next) {
            if (action === "wait") expect(Date.parse(until ?? "")).toBeGreaterThan(now);
            else expect(verdicts.get(item ?? "")).toMatchObject({ open: true, visible: true });
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("looks through locked prerequisites for what can be done now", () => {
    const completing = (name: string): Rule => ({ completed: `demo.${name}` });
    const chain = [problem("a"), problem("b", null, completing("a")), problem("c", null, completing("b"))];
    const { to_unlock, do_next } = explainOne(outline([], chain), learnerRecord(), EPOCH, "demo.c");
    expect(to_unlock).toEqual([{ action: "complete", item: "demo.b" }]);
    expect(do_next).toEqual([{ action: "complete", item: "demo.a" }]);
  });

  describe("to_unlock", () => {
    const names = Array.from({ length: 12 }, (_, number) => `p${number}`);
    const c = (name: string): Rule => ({ completed: `demo.${name}` });
    const score = (min: number): Rule => ({ score: { item: "demo.p0", min } });
    const from = (step: number): Rule => ({ from: toInstant(at(step)) });
    const until = (step: number): Rule => ({ until: toInstant(at(step)) });
    const attempted: Rule = { attempted: "demo.p0" };
    const half: Rule = { progress: { of: names.map((name) => `demo.${name}`), min_percent: 50 } };
    const complete = (name: string) => ({ action: "complete", item: `demo.${name}` });
    const wait = (step: number) => ({ action: "wait", until: toInstant(at(step)) });
    const scored = { action: "score", item: "demo.p0", min_score: 80 };

    it.each<[string, Rule, unknown]>([
      ["takes completing for attempting", { all: [attempted, c("p0")] }, [complete("p0")]],
      ["takes it in the other order too", { all: [c("p0"), attempted] }, [complete("p0")]],
      ["takes scoring for attempting", { all: [attempted, score(80)] }, [scored]],
      ["asks for the higher of two scores", { all: [score(80), score(50)] }, [scored]],
      ["asks for it in the other order too", { all: [score(50), score(80)] }, [scored]],
      ["waits for the later of two instants", { all: [from(8), from(6)] }, [wait(8)]],
      ["waits for it in the other order too", { all: [from(6), from(8)] }, [wait(8)]],
      ["waits for the end that a negation asks for", { not: { all: [until(8), until(6)] } }, [wait(6)]],
      ["prefers what is open of two as short", { any: [c("locked"), c("p1")] }, [complete("p1")]],
      ["prefers the lower of two scores", { any: [score(90), score(80)] }, [scored]],
      ["has no plan for what does not exist", { any: [c("gone"), { all: [c("gone"), c("p0")] }] }, null],
      ["has no plan that ends after closing", { all: [{ after: { item: "demo.p0", days: 3 } }, until(9)] }, null],
      ["has no plan that forbids itself", { all: [c("p0"), { not: attempted }] }, null],
      [
        "goes on where one part breaks another",
        { all: [c("p0"), { any: [{ not: attempted }, c("p1")] }] },
        ["p0", "p1"].map(complete),
      ],
      [
        "counts what is asked for anyway",
        { all: [c("p11"), c("p10"), half] },
        ["p11", "p10", "p0", "p1", "p2", "p3"].map(complete),
      ],
    ])("%s", (_, rule, expected) => {
      const problems = [
        problem("x", null, rule),
        problem("locked", null, c("p0")),
        ...names.map((name) => problem(name)),
      ];
      const { to_unlock, do_next } = explainOne(outline([], problems), learnerRecord(), at(4), "demo.x");
      expect(to_unlock).toEqual(expected);
      if (expected === null) expect(do_next).toEqual([]);
    });
  });

  it("asks only for the tutorial where the item is kept open otherwise", () => {
    const course = outline([], [problem("intro"), problem("x", null, { completed: "demo.y" }), problem("y")], {
      tutorial: "demo.intro",
    });
    const explanation = explainOne(course, learnerRecord({}, { opened: new Set(["demo.x"]) }), EPOCH, "demo.x");
    expect(explanation.reasons).toEqual([{ code: "tutorial_not_completed", item: "demo.intro" }]);
    expect(explanation.to_unlock).toEqual([{ action: "complete", item: "demo.intro" }]);
  });

  it("adds titles in the language asked for", () => {
    const program = compile(outline([], [problem("x", null, { completed: "demo.a" }), problem("a")]));
    const learner = layOut(program, learnerRecord());
    const explanation = explain(program, learner, evaluate(program, learner, EPOCH), 0, EPOCH);
    expect(withTitles(program, explanation, "zh")).toMatchObject({
      reasons: [{ item: "demo.a", title: "题目a" }],
      to_unlock: [{ title: "题目a" }],
      do_next: [{ title: "题目a" }],
    });
  });

  it("answers at once for very wide rules", () => {
    const names = Array.from({ length: 500 }, (_, number) => `p${number}`);
    const done: Rule[] = names.map((name) => ({ completed: `demo.${name}` }));
    const pairs: Rule[] = done.map((rule, place) => ({ any: [rule, done[(place + 7) % 500] ?? rule] }));
    const rules: [Rule, number | null][] = [
      [{ all: done }, 500],
      [{ any: done }, 1],
      [{ at_least: { count: 250, of: done } }, 250],
      [{ progress: { of: names.map((name) => `demo.${name}`), min_percent: 50 } }, 250],
      [{ all: pairs }, null],
      [{ at_least: { count: 20, of: pairs } }, null],
    ];
    for (const [rule, size] of rules) {
      const course = outline([], [problem("x", null, rule), ...names.map((name) => problem(name))]);
      const start = performance.now();
      const { to_unlock } = explainOne(course, learnerRecord(), EPOCH, "demo.x");
      expect(performance.now() - start).toBeLessThan(1_000);
      if (size !== null) expect(to_unlock).toHaveLength(size);
      const then = obey(learnerRecord(), to_unlock ?? [], EPOCH);
      expect(oracle(course, then.record, then.now).get("demo.x")?.open).toBe(true);
    }
  });
});

describe("reasons", () => {
  const others = ["a", "b", "c", "d"].map((name) => problem(name));

  function reasonsFor(rule: Rule | null, record = learnerRecord(), options: Partial<CourseOptions> = {}) {
    const course = outline([chapter("one"), chapter("x", rule)], others, options);
    return explainOne(course, record, at(4), "demo.x").reasons;
  }

  it("measure what is asked, what is there and what is missing", () => {
    const record = learnerRecord({
      a: { attempted_at: EPOCH, best_score: 50 },
      b: { attempted_at: EPOCH, completed_at: at(3) },
    });
    const all = ["demo.a", "demo.b", "demo.c"];
    const rule: Rule = {
      all: [
        { completed: "demo.a" },
        { attempted: "demo.c" },
        { score: { item: "demo.a", min: 70.5 } },
        { score: { item: "demo.c", min: 70 } },
        { progress: { of: all, min_percent: 100 } },
        { from: toInstant(at(6)) },
        { until: toInstant(at(2)) },
        { after_enrollment: { days: 5 } },
        { after: { item: "demo.b", days: 1 } },
        { after: { item: "demo.c", days: 1 } },
        { cohort: "evening" },
        { not: { completed: "demo.b" } },
        { not: { until: toInstant(at(8)) } },
        { completed: "demo.b" },
      ],
    };
    const now = toInstant(at(4));
    expect(reasonsFor(rule, record)).toEqual([
      { code: "not_completed", item: "demo.a", required: "completed", actual: "started" },
      { code: "not_attempted", item: "demo.c", required: "attempted", actual: "not started" },
      { code: "score_too_low", item: "demo.a", required: 70.5, actual: 50, remaining: 20.5 },
      { code: "score_too_low", item: "demo.c", required: 70, actual: null, remaining: 70 },
      { code: "progress_too_low", required: 100, actual: 33.33, remaining: 2 },
      { code: "opens_later", required: toInstant(at(6)), actual: now, available_at: toInstant(at(6)) },
      { code: "closed", required: toInstant(at(2)), actual: now, available_at: null },
      { code: "enrolled_too_recently", required: toInstant(at(10)), actual: now, available_at: toInstant(at(10)) },
      { code: "waiting_period", item: "demo.b", available_at: toInstant(at(5)) },
      { code: "not_completed", item: "demo.c", required: "completed", actual: "not started", available_at: null },
      { code: "not_in_cohort", required: "evening" },
      { code: "excluded", item: "demo.b" },
      { code: "opens_later", required: toInstant(at(8)), actual: now, available_at: toInstant(at(8)) },
    ]);
  });

  it("list every failing leaf of a group, and none that holds", () => {
    const record = learnerRecord({ b: { attempted_at: EPOCH, completed_at: EPOCH } });
    const rule: Rule = {
      at_least: { count: 3, of: ["a", "b", "c", "d"].map((name) => ({ completed: `demo.${name}` })) },
    };
    expect(reasonsFor(rule, record).map(({ item }) => item)).toEqual(["demo.a", "demo.c", "demo.d"]);
  });

  it("see through a double negation, and name what a negated group holds by", () => {
    expect(reasonsFor({ not: { not: { completed: "demo.a" } } })).toMatchObject([
      { code: "not_completed", item: "demo.a" },
    ]);
    const record = learnerRecord({ b: { attempted_at: EPOCH, completed_at: EPOCH } });
    const rule: Rule = { not: { any: [{ completed: "demo.a" }, { completed: "demo.b" }] } };
    expect(reasonsFor(rule, record)).toEqual([{ code: "excluded", item: "demo.b" }]);
  });

  it("name tutorial, sequence, chapter and staff", () => {
    expect(reasonsFor(null, learnerRecord(), { tutorial: "demo.a", sequential: true })).toEqual([
      { code: "tutorial_not_completed", item: "demo.a" },
      { code: "previous_chapter_not_completed", item: "demo.one" },
    ]);
    const locked = learnerRecord({}, { policy: { overrides: [override("x", "lock")] } });
    expect(reasonsFor({ completed: "demo.a" }, locked)).toEqual([{ code: "locked_by_staff" }]);
    const course = outline([chapter("one", { completed: "demo.a" })], [problem("in", "one"), ...others]);
    expect(explainOne(course, learnerRecord(), EPOCH, "demo.in").reasons).toEqual([
      { code: "chapter_locked", item: "demo.one" },
    ]);
  });

  it("do not name a chapter that is hidden from a learner who started a problem in it", () => {
    const course = outline([chapter("old", { completed: "demo.a" }, "deprecated")], [problem("in", "old"), ...others]);
    const record = learnerRecord({ in: { attempted_at: EPOCH } });
    const { reasons, sentence } = explainOne(course, record, EPOCH, "demo.in");
    expect(reasons).toEqual([{ code: "chapter_locked" }]);
    expect(sentence).toEqual({ en: "Unlock the chapter it belongs to.", zh: "先解锁所在章节。" });
  });

  it("say that it is locked even where no leaf fails", () => {
    expect(reasonsFor({ any: [] })).toEqual([{ code: "excluded" }]);
    expect(reasonsFor({ all: [{ any: [] }, { completed: "demo.a" }] })).toHaveLength(2);
  });
});
