import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitLogistic, logisticParts, logisticScore, sigmoid } from "../../../src/insight/logistic.ts";
import { auc, evaluate, rocCurve, wilson } from "../../../src/insight/metrics.ts";
import { modelHash, OPTIONS, predict } from "../../../src/insight/model.ts";
import { SeededRandom } from "../../../src/insight/random.ts";
import { study } from "../../../src/insight/study.ts";
import { decodeTable, encodeTable } from "../../../src/insight/table-bytes.ts";
import { labelledTable } from "../../../src/insight/training.ts";
import { fitTrees, treeParts, treesScore } from "../../../src/insight/trees.ts";
import { alarmOf, decide } from "../../../src/insight/verdict.ts";
import { madeUpSchool } from "../../support/insight/school.ts";

function sample(rows: number, seed: number) {
  const random = new SeededRandom(seed);
  const columns = [0, 1, 2].map(() => Float64Array.from({ length: rows }, () => random.next() * 4 - 2));
  const labels = Uint8Array.from({ length: rows }, (_, row) => {
    const [a = 0, b = 0] = columns.map((column) => column[row] ?? 0);
    return Number(random.next() < sigmoid(1.5 * a - b + 0.5));
  });
  return { columns, labels, row: (at: number) => columns.map((column) => column[at] ?? 0) };
}

const QUICK = { ...OPTIONS, trees: { ...OPTIONS.trees, rounds: 15 } };

describe("logistic regression", () => {
  it("ends where the gradient of the penalised likelihood is zero", () => {
    const { columns, labels, row } = sample(400, 1);
    const ridge = 3;
    const model = fitLogistic(columns, labels, ridge);
    const slopes = [0, 0, 0, 0];
    labels.forEach((label, at) => {
      const residual = label - sigmoid(logisticScore(model, row(at)));
      row(at).forEach((value, column) => {
        const z = (value - (model.means[column] ?? 0)) / (model.deviations[column] ?? 1);
        slopes[column] = (slopes[column] ?? 0) + residual * z;
      });
      slopes[3] = (slopes[3] ?? 0) + residual;
    });
    model.weights.forEach((weight, column) => {
      expect((slopes[column] ?? 0) - ridge * weight).toBeCloseTo(0, 5);
    });
    expect(slopes[3]).toBeCloseTo(0, 5);
  });

  it("finds the weights of the data, and makes them smaller with a stronger ridge", () => {
    const { columns, labels } = sample(20_000, 2);
    const free = fitLogistic(columns, labels, 1e-6);
    const raw = free.weights.map((weight, at) => weight / (free.deviations[at] ?? 1));
    expect(raw[0]).toBeCloseTo(1.5, 1);
    expect(raw[1]).toBeCloseTo(-1, 1);
    expect(raw[2]).toBeCloseTo(0, 1);
    const held = fitLogistic(columns, labels, 5_000);
    expect(Math.abs(held.weights[0] ?? 0)).toBeLessThan(Math.abs(free.weights[0] ?? 0));
  });

  it("works with a constant column, a column that decides alone, and missing values", () => {
    const labels = Uint8Array.from([0, 0, 0, 1, 1, 1]);
    const columns = [
      Float64Array.from([7, 7, 7, 7, 7, 7]),
      Float64Array.from([-1, -1, -1, 1, 1, 1]),
      Float64Array.from([Number.NaN, 1, Number.NaN, 2, 3, Number.NaN]),
    ];
    const model = fitLogistic(columns, labels, 0.1);
    for (const weight of model.weights) expect(Number.isFinite(weight)).toBe(true);
    expect(sigmoid(logisticScore(model, [7, 1, Number.NaN]))).toBeGreaterThan(0.8);
  });
});

describe("boosted trees", () => {
  it("learn what no line can separate: an exclusive or", () => {
    const random = new SeededRandom(3);
    const columns = [0, 1].map(() => Float64Array.from({ length: 600 }, () => random.next()));
    const labels = Uint8Array.from({ length: 600 }, (_, at) =>
      Number((columns[0]?.[at] ?? 0) > 0.5 !== (columns[1]?.[at] ?? 0) > 0.5),
    );
    const trees = fitTrees(columns, labels, { ...OPTIONS.trees, rounds: 60, columnShare: 1, minWeight: 1 });
    const scores = Array.from(labels, (_, at) =>
      treesScore(
        trees,
        columns.map((column) => column[at] ?? 0),
      ),
    );
    expect(auc(scores, labels).value).toBeGreaterThan(0.97);
    const line = fitLogistic(columns, labels, 1);
    const linear = Array.from(labels, (_, at) =>
      logisticScore(
        line,
        columns.map((column) => column[at] ?? 0),
      ),
    );
    expect(auc(linear, labels).value).toBeLessThan(0.65);
  });

  it("are the same for the same seed, and different for another seed", () => {
    const { columns, labels } = sample(300, 4);
    const grow = (seed: number) => JSON.stringify(fitTrees(columns, labels, { ...OPTIONS.trees, rounds: 10, seed }));
    expect(grow(1)).toBe(grow(1));
    expect(grow(1)).not.toBe(grow(2));
  });

  it("and logistic regression alike: the parts of a prediction add up to it", () => {
    const { columns, labels, row } = sample(300, 5);
    const trees = fitTrees(columns, labels, { ...OPTIONS.trees, rounds: 20 });
    const line = fitLogistic(columns, labels, 1);
    const roots = trees.base + trees.trees.reduce((sum, tree) => sum + (tree[0]?.value ?? 0), 0);
    for (const at of [0, 17, 299]) {
      const sum = (parts: number[]) => parts.reduce((total, part) => total + part, 0);
      expect(roots + sum(treeParts(trees, row(at), 3))).toBeCloseTo(treesScore(trees, row(at)), 9);
      expect(line.intercept + sum(logisticParts(line, row(at)))).toBeCloseTo(logisticScore(line, row(at)), 9);
    }
  });
});

describe("figures", () => {
  it("Wilson's interval has the ends of the textbook", () => {
    expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4);
    expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4);
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
    expect(wilson(0, 20).low).toBe(0);
  });

  it("the AUC is the share of pairs in the right order, and a tie counts half", () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, (list) => {
        const passed = list.filter(([, label]) => label === 1);
        const failed = list.filter(([, label]) => label === 0);
        if (passed.length === 0 || failed.length === 0) return;
        let right = 0;
        for (const [p] of passed) for (const [q] of failed) right += p > q ? 1 : p === q ? 0.5 : 0;
        const value = auc(
          list.map(([p]) => p),
          list.map(([, label]) => label),
        ).value;
        expect(value).toBeCloseTo(right / (passed.length * failed.length), 9);
      }),
    );
  });

  it("a curve goes from corner to corner and never falls", () => {
    const { columns, labels } = sample(500, 6);
    const curve = rocCurve(columns[0] ?? [], labels);
    expect(curve[0]).toEqual({ fpr: 0, tpr: 0 });
    expect(curve.at(-1)?.tpr).toBeCloseTo(1, 1);
    curve.forEach((point, at) => {
      expect(point.fpr).toBeGreaterThanOrEqual(curve[at - 1]?.fpr ?? 0);
      expect(point.tpr).toBeGreaterThanOrEqual(curve[at - 1]?.tpr ?? 0);
    });
  });
});

describe("a study", () => {
  const school = madeUpSchool({ terms: 3, modules: 2, learners: 150, seed: 7, start: 0 });
  const periods = { train: ["t0", "t1"], test: ["t2"] };

  it("run twice gives the same model, and another model for other data", async () => {
    const [once, again] = [await study(school, periods, QUICK), await study(structuredClone(school), periods, QUICK)];
    expect(once.report.model_hash).toBe(again.report.model_hash);
    expect(once.report).toEqual(again.report);
    const other = madeUpSchool({ terms: 3, modules: 2, learners: 150, seed: 8, start: 0 });
    expect((await study(other, periods, QUICK)).report.model_hash).not.toBe(once.report.model_hash);
  });

  it("does not use the test period to learn: other outcomes there do not change the model", async () => {
    const turned = school.map((course) =>
      course.period === "t2"
        ? { ...course, learners: course.learners.map((learner) => ({ ...learner, passed: !learner.passed })) }
        : course,
    );
    const [before, after] = [await study(school, periods, QUICK), await study(turned, periods, QUICK)];
    expect(after.report.model_hash).toBe(before.report.model_hash);
    expect(after.report.cut_offs[1]?.model.auc.value).toBeLessThan(0.5);
    expect(before.report.cut_offs[1]?.model.auc.value).toBeGreaterThan(0.75);
  });

  it("has a model and tables that are equal after they were stored", async () => {
    const { model } = await study(school, periods, QUICK);
    const [course] = school.slice(-1);
    if (course === undefined) throw new Error("no course");
    const labelled = labelledTable(course, 0.5);
    const decoded = decodeTable(encodeTable(labelled).buffer);
    expect(decoded).toEqual(labelled);
    const revived = JSON.parse(JSON.stringify(model));
    expect(await modelHash(revived)).toBe(await modelHash(model));
    expect(predict(revived, decoded.table, 0.5)).toEqual(predict(model, labelled.table, 0.5));
  });
});

describe("the verdict on a challenger", () => {
  const labels = Uint8Array.from({ length: 400 }, (_, at) => at % 2);
  const judged = (right: number) =>
    evaluate(
      Array.from(labels, (label, at) => (at < right ? 0.1 + 0.8 * label : 0.9 - 0.8 * label)),
      labels,
    );
  const tested = (model: number, plain: number) => [{ model: judged(model), plain: judged(plain) }];
  const rival = (right: number, learntFrom: string[] = []) => ({ auc: judged(right).auc.value, learntFrom });

  it("promotes a challenger that is better than champion, plain model and majority", () => {
    expect(decide(tested(350, 300), null).promote).toBe(true);
    expect(decide(tested(350, 300), rival(340)).promote).toBe(true);
  });

  it("does not promote a challenger that is worse than, or as good as, one of them", () => {
    expect(decide(tested(350, 300), rival(360))).toMatchObject({
      promote: false,
      reason: expect.stringContaining("champion"),
    });
    expect(decide(tested(350, 300), rival(350)).promote).toBe(false);
    expect(decide(tested(300, 350), null)).toMatchObject({ promote: false, reason: expect.stringContaining("plain") });
    expect(decide(tested(200, 100), null)).toMatchObject({
      promote: false,
      reason: expect.stringContaining("majority"),
    });
    expect(decide([], null).promote).toBe(false);
  });

  it("keeps a champion that has learnt from the tested period, and does not compare its figures", () => {
    expect(decide(tested(350, 300), rival(340, ["2013J"]))).toEqual({
      promote: false,
      reason: `Mean AUC ${judged(350).auc.value.toFixed(4)}; the champion was trained on 2013J already.`,
    });
  });
});

describe("the alarm", () => {
  it("is P1 only when the accuracy is below 70 % with certainty, for at least 400 outcomes", () => {
    expect(alarmOf({ total: 400, correct: 255 }, true)).toMatchObject({ code: "insight_accuracy_low", priority: "P1" });
    // 68 % of 400 may be an accident.
    expect(alarmOf({ total: 400, correct: 272 }, true)).toBeNull();
    expect(alarmOf({ total: 20_000, correct: 13_600 }, true)?.priority).toBe("P1");
    expect(alarmOf({ total: 400, correct: 320 }, true)).toBeNull();
  });

  it("is P2 when too few outcomes are known, once there are predictions", () => {
    expect(alarmOf({ total: 399, correct: 0 }, true)).toMatchObject({ code: "insight_labels_few", priority: "P2" });
    expect(alarmOf({ total: 0, correct: 0 }, false)).toBeNull();
  });
});
