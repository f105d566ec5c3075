import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  evaluate,
  type LearnerRecord,
  layOut,
  type Outline,
  type OutlineItem,
  type Rule,
} from "../../../src/unlock/index.ts";
import {
  cases,
  chapter,
  EPOCH,
  FOREIGN,
  learnerRecord,
  outline,
  override,
  problem,
} from "../../support/unlock/courses.ts";
import { explainOne, obey } from "../../support/unlock/explained.ts";

// From Canvas, what locks again counts as undone for what rests on it.

const CANVAS = { platform: "canvas", release: "2026" } as const;
const DONE = { attempted_at: EPOCH, completed_at: EPOCH };
const CHILDREN = { children: { percent: 100 } } as const;

/** Three modules, each after the one before; the first one asks for a score that may fall. */
function chain(keeps: boolean, source: Outline["source"] = CANVAS): Outline {
  const module = (name: string, rule: Rule | null = null): OutlineItem => ({
    ...chapter(name, rule),
    completion: CHILDREN,
    keeps,
  });
  const course = outline(
    [module("a"), module("b", { completed: "demo.a" }), module("c", { completed: "demo.b" })],
    [
      { ...problem("pa", "a"), completion: { score: { min: 70 } }, keeps },
      { ...problem("pb", "b"), completion: { mark: true }, keeps },
      { ...problem("pc", "c"), keeps },
    ],
    { sticky: keeps },
  );
  return source === undefined ? course : { ...course, source };
}

const graded = (score: number, latest = score): LearnerRecord =>
  learnerRecord({
    pa: { attempted_at: EPOCH, best_score: score, scored_at: EPOCH, latest: JSON.stringify([latest, EPOCH]) },
    pb: { ...DONE, marked_at: EPOCH },
  });

function openIn(course: Outline, record: LearnerRecord, now = EPOCH): string {
  const program = compile(course);
  const { open, visible } = evaluate(program, layOut(program, record), now);
  const names = program.ids.filter((_, item) => open[item] === 1 && visible[item] === 1);
  return names.map((id) => id.slice("demo.".length)).join(" ");
}

describe("an item that locks again, in a course from Canvas", () => {
  it("counts as not done for all items that rest on it, directly or not; in other courses it stays done", () => {
    expect(openIn(chain(false), graded(80))).toBe("a b c pa pb pc");
    expect(openIn(chain(false), graded(80, 40))).toBe("a pa");
    const moodle = chain(false, { platform: "moodle", release: "4.5" });
    expect(openIn(moodle, graded(80, 40))).toBe("a c pa pc");
  });

  it("stays done where progress is kept", () => {
    const opened = new Set(["a", "b", "c", "pa", "pb", "pc"].map((name) => `demo.${name}`));
    const kept = { ...graded(40), opened };
    expect(openIn(chain(true), kept)).toBe("a b c pa pb pc");
    expect(openIn(chain(true), graded(40))).toBe("a pa");
  });

  it("counts as done again when staff open it; an item that staff lock undoes the items that rest on it", () => {
    const by = (kind: "unlock" | "lock" | "excuse", name: string, record: LearnerRecord) => ({
      ...record,
      policy: { ...record.policy, overrides: [override(name, kind)] },
    });
    expect(openIn(chain(false), by("unlock", "b", graded(40)))).toBe("a b c pa pb pc");
    expect(openIn(chain(false), by("lock", "b", graded(80)))).toBe("a b c pa pb pc".replace("b c pa pb pc", "pa"));
    expect(openIn(chain(false), by("excuse", "b", graded(40)))).toBe("a c pa pc");
  });

  it("also locks again at a date, and the answer is valid until then", () => {
    const [a, b, c] = chain(false).chapters;
    if (a === undefined || b === undefined || c === undefined) throw new Error("three modules");
    const until = { ...a, rule: { until: new Date(EPOCH + 1_000).toISOString() } };
    const course = { ...chain(false), chapters: [until, b, c] };
    const program = compile(course);
    expect(evaluate(program, layOut(program, graded(80)), EPOCH).validUntil).toBe(EPOCH + 1_000);
    expect(openIn(course, graded(80))).toBe("a b c pa pb pc");
    expect(openIn(course, graded(80), EPOCH + 1_000)).toBe("");
  });

  it.each<[string, (item: string) => Rule]>([
    ["completed", (item) => ({ completed: item })],
    ["state", (item) => ({ state: { item, is: ["complete", "passed"] } })],
    ["progress", (item) => ({ progress: { of: [item], min_percent: 100 } })],
    ["after", (item) => ({ after: { item, days: 0 } })],
  ])("is not done for `%s` of an item in its module, nor of the module", (_, rule) => {
    for (const item of ["demo.pb", "demo.b"]) {
      const course = chain(false);
      const asking = { ...course, problems: [...course.problems, problem("x", null, rule(item))] };
      expect(openIn(asking, graded(80))).toContain("x");
      expect(openIn(asking, graded(40))).not.toContain("x");
    }
  });

  it("is explained by the module that is locked, and the plan opens that module", () => {
    const record = graded(40);
    const { reasons, to_unlock, sentence } = explainOne(chain(false), record, EPOCH, "demo.c");
    expect(reasons).toEqual([{ code: "chapter_locked", item: "demo.b" }]);
    expect(to_unlock).toEqual([{ action: "score", item: "demo.pa", min_score: 70 }]);
    expect(sentence).toEqual({ en: "Unlock the chapter “Chapter b”.", zh: "先解锁章节《第b章》。" });
    const then = obey(chain(false), record, to_unlock ?? [], EPOCH);
    expect(openIn(chain(false), then.record, then.now)).toBe("a b c pa pb pc");
  });

  it("is asked of nobody who cannot see it", () => {
    const hidden = { ...problem("h", "a"), visibility: "hidden" as const };
    const rules: Rule[] = [{ completed: "demo.h" }, { state: { item: "demo.h", is: ["complete"] } }];
    for (const rule of rules) {
      const course = { ...outline([chapter("a")], [hidden, problem("x", null, rule)]), source: CANVAS };
      expect(openIn(course, learnerRecord())).toBe("a x");
      expect(openIn({ ...course, source: { platform: "moodle", release: "4.5" } }, learnerRecord())).toBe("a");
    }
  });

  it("occurs often in random courses: without the source, the answers are different", () => {
    const differing = fc.sample(cases(FOREIGN), { numRuns: 400, seed: 4 }).filter(({ course, record, now }) => {
      const { source: _, ...plain } = course;
      const seen = { ...plain, problems: plain.problems.map(({ opens: _opens, ...rest }) => rest) };
      return openIn({ ...seen, source: CANVAS }, record, now) !== openIn(seen, record, now);
    });
    expect(differing.length).toBeGreaterThan(20);
  });
});
