import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chapterRows,
  compile,
  evaluate,
  itemStates,
  type LearnerRecord,
  layOut,
  type Outline,
  type PrerequisiteProgress,
  problemRows,
  type Rule,
  staffView,
  type View,
} from "../../../src/unlock/index.ts";
import { at, cases, chapter, EPOCH, learnerRecord, outline, override, problem } from "../../support/unlock/courses.ts";
import { oracle } from "../../support/unlock/oracle.ts";

const DONE = { attempted_at: EPOCH, completed_at: EPOCH };

function viewOf(course: Outline, record: LearnerRecord, now = EPOCH): View {
  const program = compile(course);
  const learner = layOut(program, record);
  return { program, learner, evaluation: evaluate(program, learner, now), now };
}

describe("rows", () => {
  it("list the visible items in course order, agree with the evaluator, and show nothing hidden", () => {
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        const verdicts = oracle(course, record, now);
        const view = viewOf(course, record, now);
        const isVisible = ({ id }: { id: string }) => verdicts.get(id)?.visible === true;
        const chapters = chapterRows(view, "en");
        const problems = problemRows(view, "zh");
        expect(chapters.map(({ id }) => id)).toEqual(course.chapters.filter(isVisible).map(({ id }) => id));
        expect(problems.map(({ id }) => id)).toEqual(course.problems.filter(isVisible).map(({ id }) => id));
        expect(chapters.map(({ order }) => order)).toEqual(chapters.map((_, place) => place + 1));
        expect(problems.map(({ order }) => order)).toEqual(problems.map((_, place) => place + 1));
        for (const row of chapters) expect(row.is_locked).toBe(verdicts.get(row.id)?.open !== true);
        for (const row of problems) expect(row.is_unlocked).toBe(verdicts.get(row.id)?.open === true);
        for (const row of [...chapters, ...problems]) {
          const isLocked = "is_locked" in row ? row.is_locked : !row.is_unlocked;
          expect(row.unlock_condition_description === "").toBe(!isLocked);
          const fact = record.facts.get(row.id);
          const isDone = typeof fact?.completed_at === "number";
          const open = typeof fact?.attempted_at === "number" ? "started" : "unlocked";
          expect(row.status).toBe(isDone ? "completed" : isLocked ? "locked" : open);
          const { met, total, percent } = row.prerequisite_progress;
          expect(met).toBeLessThanOrEqual(total);
          expect(percent).toBe(total === 0 ? 100 : Math.floor((met / total) * 100 + 1e-9));
        }
        for (const row of chapters) {
          const inside = problems.filter(({ chapter_id }) => chapter_id === row.id);
          expect(row.problems_total).toBe(inside.length);
          expect(row.problems_completed).toBe(inside.filter(({ status }) => status === "completed").length);
        }
        expect(Object.keys(itemStates(view))).toEqual([...chapters, ...problems].map(({ id }) => id));
        const text = JSON.stringify([chapters, problems]);
        for (const hidden of [...course.chapters, ...course.problems].filter((item) => !isVisible(item))) {
          for (const name of [hidden.id, hidden.title.en, hidden.title.zh]) expect(text).not.toContain(name);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("[fault 32] show a deprecated chapter and its items to learners who started one of them", () => {
    const inside = [problem("x", "old"), problem("y", "old"), problem("z", "old", null, "deprecated")];
    const course = outline([chapter("old", null, "deprecated")], [...inside, problem("w")]);
    const shown = (record: LearnerRecord) => {
      const view = viewOf(course, record);
      const [row] = chapterRows(view, "en");
      return {
        chapter: row === undefined ? null : `${row.id} ${row.problems_completed}/${row.problems_total}`,
        problems: problemRows(view, "en").map(({ id, chapter_id }) => `${id} in ${chapter_id}`),
      };
    };
    expect(shown(learnerRecord())).toEqual({ chapter: null, problems: ["demo.w in null"] });
    const all = ["demo.x in demo.old", "demo.y in demo.old", "demo.w in null"];
    expect(shown(learnerRecord({ x: DONE }))).toEqual({ chapter: "demo.old 1/2", problems: all });
    expect(shown(learnerRecord({ old: DONE }))).toEqual({ chapter: "demo.old 0/2", problems: all });
    const withZ = [...all.slice(0, 2), "demo.z in demo.old", "demo.w in null"];
    expect(shown(learnerRecord({ z: DONE }))).toEqual({ chapter: "demo.old 1/3", problems: withZ });
  });

  it("keep the order of the course when one chapter is requested", () => {
    const course = outline([chapter("one"), chapter("two")], [problem("a", "one"), problem("b", "two"), problem("c")]);
    const rows = problemRows(viewOf(course, learnerRecord()), "en", 1);
    expect(rows.map(({ id, order, chapter_id }) => [id, order, chapter_id])).toEqual([["demo.b", 2, "demo.two"]]);
  });

  it("have titles in the requested language", () => {
    const course = outline([chapter("one")], [{ ...problem("a"), title: { zh: "题" } }]);
    const view = viewOf(course, learnerRecord());
    expect(chapterRows(view, "zh")[0]?.title).toBe("第one章");
    expect(problemRows(view, "en")[0]?.title).toBe("题");
  });

  it("show staff all items, drafts too, and all of them open", () => {
    const course = outline([chapter("one", { any: [] }), chapter("two", null, "draft")], [problem("a", "two")]);
    const program = compile(course);
    const view = staffView(program, layOut(program, learnerRecord()), EPOCH);
    expect(chapterRows(view, "en").map(({ is_locked }) => is_locked)).toEqual([false, false]);
    expect(problemRows(view, "en").map(({ is_unlocked }) => is_unlocked)).toEqual([true]);
    expect(itemStates(view)).toEqual({ "demo.one": "unlocked", "demo.two": "unlocked", "demo.a": "unlocked" });
  });
});

describe("prerequisite progress", () => {
  const c = (name: string): Rule => ({ completed: `demo.${name}` });
  const others = [
    problem("a"),
    problem("b"),
    problem("old", null, null, "deprecated"),
    problem("d", null, null, "draft"),
  ];

  function progress(course: Outline, record = learnerRecord()): PrerequisiteProgress | undefined {
    return problemRows(viewOf(course, record, at(4)), "en").find(({ id }) => id === "demo.x")?.prerequisite_progress;
  }

  it("counts conditions, the ones that hold, and a `not` as one", () => {
    const rule: Rule = {
      all: [c("a"), { any: [c("b"), { from: "2020-01-01T00:00:00Z" }] }, { not: { all: [c("a"), c("b")] } }],
    };
    const course = outline([], [problem("x", null, rule), ...others]);
    expect(progress(course)).toEqual({ met: 2, total: 4, percent: 50 });
    expect(progress(course, learnerRecord({ a: DONE }))).toEqual({ met: 3, total: 4, percent: 75 });
  });

  it("leaves out what nobody has to do", () => {
    const course = outline([], [problem("x", null, { all: [c("a"), c("old"), c("d")] }), ...others]);
    expect(progress(course)).toEqual({ met: 0, total: 1, percent: 0 });
    expect(progress(course, learnerRecord({ old: DONE }))).toEqual({ met: 1, total: 2, percent: 50 });
  });

  it("counts the tutorial item, the sequence and a chapter that can be locked", () => {
    const course = outline([chapter("one"), chapter("two")], [problem("x", "two", c("a")), ...others], {
      sequential: true,
      tutorial: "demo.b",
    });
    expect(progress(course)).toEqual({ met: 0, total: 3, percent: 0 });
    expect(progress(course, learnerRecord({ b: DONE, one: DONE }))).toEqual({ met: 2, total: 3, percent: 66 });
  });

  it("is 0 of 0 and 100 % without conditions", () => {
    expect(progress(outline([chapter("one")], [problem("x", "one")]))).toEqual({ met: 0, total: 0, percent: 100 });
  });

  it("does not change with overrides", () => {
    const course = outline([], [problem("x", null, c("a")), ...others]);
    const unlocked = learnerRecord({}, { policy: { overrides: [override("x", "unlock")] } });
    expect(progress(course, unlocked)).toEqual({ met: 0, total: 1, percent: 0 });
  });
});
