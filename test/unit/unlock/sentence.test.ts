import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toInstant } from "../../../src/platform/instants.ts";
import type { Rule } from "../../../src/unlock/index.ts";
import { at, chapter, EPOCH, learnerRecord, outline, problem } from "../../support/unlock/courses.ts";
import { explainOne } from "../../support/unlock/explained.ts";

describe("sentences", () => {
  const c = (name: string): Rule => ({ completed: `demo.${name}` });
  const s = (name: string, min: number): Rule => ({ score: { item: `demo.${name}`, min } });
  const t = (name: string): Rule => ({ attempted: `demo.${name}` });
  const list = (...names: string[]) => names.map((name) => `demo.${name}`);
  const letters = "abcdefgh".split("");
  const half = { a: { attempted_at: EPOCH, best_score: 50 } };
  const did = { b: { attempted_at: EPOCH, completed_at: at(3) } };
  const day = (step: number) => toInstant(at(step));

  const EXAMPLES: [Rule, Parameters<typeof learnerRecord>[0], string, string][] = [
    [c("a"), {}, "Complete “A”.", "完成《甲a》。"],
    [{ all: [c("a"), c("b"), c("c")] }, {}, "Complete “A”, “B” and “C”.", "完成《甲a》《甲b》和《甲c》。"],
    [{ any: [c("a"), c("b"), c("c")] }, did, "", ""],
    [{ any: [c("a"), c("c")] }, {}, "Complete “A” or “C”.", "完成《甲a》或《甲c》。"],
    [
      { at_least: { count: 2, of: [c("a"), c("b"), c("c"), c("d")] } },
      did,
      "Complete “A”, “C” or “D”.",
      "完成《甲a》《甲c》或《甲d》。",
    ],
    [
      { at_least: { count: 2, of: [c("a"), c("b"), c("c")] } },
      {},
      "Complete any 2 of “A”, “B” and “C”.",
      "完成《甲a》《甲b》《甲c》中的任意 2 项。",
    ],
    [
      { at_least: { count: 2, of: [c("a"), s("b", 70), t("c")] } },
      {},
      "Do any 2 of these: complete “A”; score at least 70 on “B”; attempt “C”.",
      "任选以下 2 项：完成《甲a》；在《甲b》中取得至少 70 分；尝试《甲c》。",
    ],
    [
      { all: [c("b"), s("a", 70)] },
      half,
      "Complete “B” and score at least 70 on “A” (your best so far is 50).",
      "完成《甲b》，并且在《甲a》中取得至少 70 分（目前最高 50 分）。",
    ],
    [
      { progress: { of: "demo.one", min_percent: 100 } },
      {},
      "Complete 2 more problems in “One”.",
      "在《甲one》中再完成 2 题。",
    ],
    [
      { progress: { of: "demo.one", min_percent: 50 } },
      {},
      "Complete 1 more problem in “One”.",
      "在《甲one》中再完成 1 题。",
    ],
    [
      { progress: { of: list("a", "b", "c"), min_percent: 66.67 } },
      {},
      "Complete any 2 of “A”, “B” and “C”.",
      "完成《甲a》《甲b》《甲c》中的任意 2 项。",
    ],
    [
      { progress: { of: list("a", "b", "c"), min_percent: 66.67 } },
      did,
      "Complete “A” or “C”.",
      "完成《甲a》或《甲c》。",
    ],
    [{ from: day(8) }, {}, "It opens on 2026-09-05 00:00 UTC.", "将于 2026-09-05 00:00 UTC 开放。"],
    [
      { all: [{ from: day(9) }, c("a")] },
      {},
      "Wait until 2026-09-05 12:00 UTC and complete “A”.",
      "等到 2026-09-05 12:00 UTC，并且完成《甲a》。",
    ],
    [
      { all: [{ until: day(2) }, c("a")] },
      {},
      "It closed on 2026-09-02 00:00 UTC.",
      "已于 2026-09-02 00:00 UTC 关闭。",
    ],
    [{ any: [{ until: day(2) }, { cohort: "evening" }, c("a")] }, {}, "Complete “A”.", "完成《甲a》。"],
    [{ after_enrollment: { days: 5 } }, {}, "It opens on 2026-09-06 00:00 UTC.", "将于 2026-09-06 00:00 UTC 开放。"],
    [{ after: { item: "demo.b", days: 1 } }, {}, "Complete “B” and then wait 1 day.", "完成《甲b》后再等 1 天。"],
    [
      { after: { item: "demo.b", days: 2.5 } },
      did,
      "It opens on 2026-09-05 00:00 UTC.",
      "将于 2026-09-05 00:00 UTC 开放。",
    ],
    [{ cohort: "evening" }, {}, "It is only for the cohort “evening”.", "仅对“evening”小组开放。"],
    [
      { not: c("b") },
      did,
      "It is not available because of your progress in “B”.",
      "因你在《甲b》中的进度，不再对你开放。",
    ],
    [
      { all: [c("a"), { any: [c("b"), s("c", 80)] }] },
      {},
      "Complete “A”, and either complete “B” or score at least 80 on “C”.",
      "完成《甲a》，并且（完成《甲b》，或者在《甲c》中取得至少 80 分）。",
    ],
    [
      { any: [t("a"), { all: [c("b"), c("c")] }] },
      {},
      "Attempt “A”, or complete “B” and “C”.",
      "尝试《甲a》，或者完成《甲b》和《甲c》。",
    ],
    [
      { all: [{ all: [c("a"), { all: [t("b"), { any: [{ any: [c("c")] }] }] }] }] },
      {},
      "Complete “A” and “C”, and attempt “B”.",
      "完成《甲a》和《甲c》，并且尝试《甲b》。",
    ],
    [
      { all: letters.map(c) },
      {},
      "Complete “A”, “B”, “C”, “D”, “E”, “F” and 2 more.",
      "完成《甲a》《甲b》《甲c》《甲d》《甲e》《甲f》和另外 2 项。",
    ],
    [
      { all: letters.map(t) },
      {},
      "Attempt “A”, attempt “B”, attempt “C”, attempt “D”, attempt “E”, attempt “F” and 2 more.",
      "尝试《甲a》，尝试《甲b》，尝试《甲c》，尝试《甲d》，尝试《甲e》，尝试《甲f》，并且另外 2 项。",
    ],
  ];

  it.each(EXAMPLES)("%j", (rule, facts, en, zh) => {
    const named = <T extends { id: string }>(item: T) => {
      const name = item.id.slice("demo.".length);
      return { ...item, title: { en: `${name.charAt(0).toUpperCase()}${name.slice(1)}`, zh: `甲${name}` } };
    };
    const problems = [problem("i", "one"), problem("j", "one"), ...letters.map((name) => problem(name))];
    const course = outline([chapter("one"), chapter("x", rule)].map(named), problems.map(named));
    expect(explainOne(course, learnerRecord(facts), at(4), "demo.x").sentence).toEqual({ en, zh });
  });

  it("contain the title of every item that a plain rule still asks for", () => {
    const leaf = fc.constantFrom(c, t, (name: string) => s(name, 60));
    const rules = fc.array(fc.tuple(leaf, fc.constantFrom(...letters)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rules, fc.constantFrom("all" as const, "any" as const), (leaves, kind) => {
        const children = leaves.map(([make, name]) => make(name));
        const rule: Rule = kind === "all" ? { all: children } : { any: children };
        const course = outline([], [problem("x", null, rule), ...letters.map((name) => problem(name))]);
        const { sentence } = explainOne(course, learnerRecord(), EPOCH, "demo.x");
        for (const [, name] of leaves) {
          expect(sentence.en).toContain(`“Problem ${name}”`);
          expect(sentence.zh).toContain(`《题目${name}》`);
        }
      }),
      { numRuns: 100 },
    );
  });
});
