import { describe, expect, it } from "vitest";
import { DAY_MS, toInstant } from "../../../src/platform/instants.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import {
  acceptsWork,
  compile,
  evaluate,
  type LearnerRecord,
  layOut,
  type Outline,
  problemRows,
  scopeOf,
} from "../../../src/unlock/index.ts";
import { chapter, EPOCH, learnerRecord, outline, override, problem } from "../../support/unlock/courses.ts";
import { explainOne } from "../../support/unlock/explained.ts";

// Start and end of a course, windows that begin with the enrollment, and who may begin earlier.

const day = (number: number) => EPOCH + number * DAY_MS;
const instant = (number: number) => toInstant(day(number));

function at(course: Outline, now: number, record: LearnerRecord = learnerRecord()) {
  const program = compile(course);
  const learner = layOut(program, record);
  const evaluation = evaluate(program, learner, now);
  const scope = scopeOf(program, learner, now);
  const ids = program.ids.map((id) => id.slice(5));
  return {
    open: ids.filter((_, item) => evaluation.open[item] === 1),
    accepts: ids.filter((_, item) => acceptsWork(scope, item)),
    validUntil: evaluation.validUntil,
    windows: problemRows({ program, learner, evaluation, now }, "en").map(({ window }) => window),
  };
}

describe("a course", () => {
  const course = outline([chapter("c")], [problem("a", "c"), problem("x")], { starts: instant(2), ends: instant(9) });

  it("is locked before it starts, and says when it starts; after its end it can be read and accepts no work", () => {
    expect(at(course, day(2) - 1)).toMatchObject({ open: [], validUntil: day(2) });
    expect(at(course, day(2))).toMatchObject({ open: ["c", "a", "x"], accepts: ["c", "a", "x"] });
    expect(at(course, day(9))).toMatchObject({ open: ["c", "a", "x"], accepts: [] });
    const { reasons, to_unlock } = explainOne(course, learnerRecord(), EPOCH, "demo.x");
    expect(reasons).toMatchObject([{ code: "opens_later", available_at: instant(2) }]);
    expect(to_unlock).toEqual([{ action: "wait", until: instant(2) }]);
  });

  it("ends later for a learner with an extension, and earlier for an item that closes earlier", () => {
    const longer = learnerRecord({}, { policy: { overrides: [override("x", "extend", { extend_to: day(12) })] } });
    expect(at(course, day(10), longer).accepts).toEqual(["x"]);
    const early = outline([], [{ ...problem("x"), closes: instant(4) }, problem("y")], { ends: instant(9) });
    expect(at(early, day(5)).accepts).toEqual(["y"]);
    expect(at(early, day(5)).windows).toMatchObject([{ closes: instant(4) }, { closes: instant(9) }]);
  });

  it("that ends before it starts is refused", () => {
    const never = outline([], [problem("x")], { starts: instant(9), ends: instant(9) });
    expect(analyze(never, new Map()).errors).toMatchObject([{ path: "options.ends", rule: "unsatisfiable" }]);
  });
});

describe("a window that begins with the enrollment", () => {
  const x = { ...problem("x"), opens: { days: 1 }, due: { days: 2 }, closes: { days: 3 } };

  it("has its own times for each learner, and can be extended as any other window", () => {
    const late = learnerRecord({}, { enrolled_at: day(10) });
    for (const [record, start] of [
      [learnerRecord(), 0],
      [late, 10],
    ] as const) {
      const accepts = [0.5, 1, 2.9, 3].map(
        (offset) => at(outline([], [x]), day(start + offset), record).accepts.length,
      );
      expect(accepts).toEqual([0, 1, 1, 0]);
      expect(at(outline([], [x]), day(start), record).windows).toEqual([
        { opens: instant(start + 1), due: instant(start + 2), closes: instant(start + 3) },
      ]);
    }
    const longer = learnerRecord({}, { policy: { overrides: [override("x", "extend", { extend_to: day(5) })] } });
    expect(at(outline([], [x]), day(4), longer).accepts).toEqual(["x"]);
  });

  it("locks the item before it opens in a course from Canvas, and is refused if it closes before it opens", () => {
    const canvas = { ...outline([], [x]), source: { platform: "canvas" as const, release: "2026" } };
    expect([at(canvas, day(0.5)).open, at(canvas, day(1)).open]).toEqual([[], ["x"]]);
    const never = outline([], [{ ...x, closes: { days: 1 } }]);
    expect(analyze(never, new Map()).errors).toMatchObject([{ path: "problems[0].closes", rule: "unsatisfiable" }]);
  });
});

describe("members of a beta cohort", () => {
  const beta = { cohorts: ["testers"], days: 3 };
  const course = outline(
    [],
    [
      problem("x", null, { all: [{ from: instant(10) }, { until: instant(20) }] }),
      problem("late", null, { not: { from: instant(10) } }),
      { ...problem("window"), opens: instant(10) },
    ],
    { starts: instant(5), beta, sticky: false },
  );
  const tester = learnerRecord({}, { policy: { cohorts: ["testers"] } });

  it("see items a number of days before they open, but not after they end", () => {
    expect(at(course, day(2), tester)).toMatchObject({ open: ["late", "window"] });
    expect(at(course, day(2)).open).toEqual([]);
    expect(at(course, day(7), tester)).toMatchObject({
      open: ["x", "late", "window"],
      accepts: ["x", "late", "window"],
    });
    expect(at(course, day(7) - 1, tester).open).not.toContain("x");
    expect(at(course, day(20), tester).open).toEqual(["window"]);
    expect(explainOne(course, tester, day(6), "demo.x").to_unlock).toEqual([{ action: "wait", until: instant(7) }]);
    expect(explainOne(course, learnerRecord(), day(6), "demo.x").to_unlock).toEqual([
      { action: "wait", until: instant(10) },
    ]);
  });
});
