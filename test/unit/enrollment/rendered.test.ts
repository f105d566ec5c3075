import { describe, expect, it } from "vitest";
import type { Want } from "../../../src/mirror/contract.ts";
import { FROM_START } from "../../../src/mirror/paging.ts";
import { contentFrom, presentOnly } from "../../../src/mirror/reading.ts";
import { compile, evaluate, layOut, type Outline, type View } from "../../../src/unlock/index.ts";
import { EPOCH, learnerRecord } from "../../support/unlock/courses.ts";

/** A course of so many chapters with two problems each, all but the first chapter locked by the chapter before. */
function courseOf(chapters: number): Outline {
  const numbers = Array.from({ length: chapters }, (_, number) => number);
  const common = (id: string) => ({ id, title: { en: id }, status: "active" as const });
  return {
    course: "demo",
    title: { en: "Demo" },
    options: {
      sequential: false,
      tutorial: null,
      sticky: true,
      problems_follow_chapter: true,
      open_enrollment: true,
    },
    chapters: numbers.map((number) => ({
      ...common(`demo.c${number}`),
      rule: number === 0 ? null : { completed: `demo.c${number - 1}` },
    })),
    problems: numbers.flatMap((number) =>
      ["p", "q"].map((name) => ({
        ...common(`demo.${name}${number}`),
        rule: { attempted: `demo.c${number}` },
        chapter: `demo.c${number}`,
        difficulty: 1,
        answer: null,
      })),
    ),
  };
}

/** What is looked at of a course that is evaluated already: titles that are put into a language, nodes of rules. */
interface Looks {
  titles: number;
  nodes: number;
}

function counted(course: Outline): { view: View; looks: Looks } {
  const looks: Looks = { titles: 0, nodes: 0 };
  const program = compile(course);
  const learner = layOut(program, learnerRecord());
  const evaluation = evaluate(program, learner, EPOCH);
  const titled = <T extends { title: Outline["title"] }>(item: T): T =>
    Object.defineProperty({ ...item }, "title", {
      get: () => {
        looks.titles += 1;
        return item.title;
      },
    });
  const { outline, nodes } = program;
  const op = new Proxy(nodes.op, {
    get: (target, property) => {
      if (typeof property === "string" && /^\d+$/.test(property)) looks.nodes += 1;
      return Reflect.get(target, property);
    },
  });
  const watched = {
    ...program,
    nodes: { ...nodes, op },
    outline: { ...outline, chapters: outline.chapters.map(titled), problems: outline.problems.map(titled) },
  };
  return { view: { program: watched, learner, evaluation, now: EPOCH }, looks };
}

async function looksFor(chapters: number, want: Want): Promise<Looks & { text: string }> {
  const { view, looks } = counted(courseOf(chapters));
  const snapshot = {
    version: 1,
    source: "snapshot" as const,
    computed_at: new Date(EPOCH).toISOString(),
    progress_seq: 0,
    policy_seq: 0,
    course_version: 1,
    engine: 1,
    valid_until: null,
  };
  const asked = { want, language: "en" as const };
  const answer = await contentFrom(presentOnly(view, 1), asked, FROM_START, snapshot, async () => "cursor");
  if (!answer.ok) throw new Error(answer.refusal.code);
  const { value } = answer;
  return { ...looks, text: value.kind === "body" ? new TextDecoder().decode(value.body) : JSON.stringify(value) };
}

describe("[fault 19] a read renders only what it answers", () => {
  it.each<[string, Want]>([
    ["an open chapter", { kind: "item", item: "demo.c0" }],
    ["a locked chapter", { kind: "item", item: "demo.c1" }],
    ["a locked problem", { kind: "item", item: "demo.p0" }],
    ["why", { kind: "why", item: "demo.c1" }],
    ["a page of three chapters", { kind: "chapters", after: null, limit: 3 }],
    ["a page of three problems", { kind: "problems", chapter: null, after: null, limit: 3 }],
    ["the problems of a chapter", { kind: "problems", chapter: "demo.c1", after: null, limit: 3 }],
  ])("%s", async (_what, want) => {
    const { text: _small, ...small } = await looksFor(5, want);
    const { text, ...large } = await looksFor(1_000, want);
    expect(large.titles).toBe(small.titles);
    // What can still come right of a lock is asked of the course as a whole, once for an answer; of what is open it is not.
    if (!/"is_locked":true|"is_unlocked":false/.test(text)) expect(large.nodes).toBe(small.nodes);
    expect(text).toContain("demo.");
    // The row and what it says: a handful of looks, not one for each item of the course.
    expect(large.titles).toBeLessThanOrEqual(20);
    expect(large.titles).toBeGreaterThan(0);
  });
});
