import { LogicEngine } from "json-logic-engine";
import { Engine, type TopLevelCondition } from "json-rules-engine";
import { DAY_MS } from "../src/platform/instants.ts";
import {
  type LearnerRecord,
  NONE,
  type Outline,
  type OutlineItem,
  type Program,
  type Rule,
} from "../src/unlock/index.ts";
import { NOW } from "./engine-course.ts";

// The same rules in the words of two public rule engines, and the same learner in the form each reads fastest.

/** Evaluates every item `times` times and returns what is open after the last: 1 open, 0 locked, by item number. */
export type FullEvaluation = (times: number) => Uint8Array | Promise<Uint8Array>;

const NEVER = Number.MAX_SAFE_INTEGER;
const NO_SCORE = -1;

type Logic = boolean | number | string | { [operator: string]: Logic | Logic[] };

/** What rules are evaluated against: plain arrays by item number, because an engine reads those faster than ids. */
interface LogicData {
  now: number;
  enrolled: number;
  done: boolean[];
  /** Epoch ms, {@link NEVER} if not done. */
  done_at: number[];
  tried: boolean[];
  /** {@link NO_SCORE} if none. */
  score: number[];
  cohorts: Record<string, boolean>;
}

function logicData(program: Program, record: LearnerRecord): LogicData {
  const facts = program.ids.map((id) => record.facts.get(id));
  return {
    now: NOW,
    enrolled: record.enrolled_at,
    done: facts.map((fact) => typeof fact?.completed_at === "number"),
    done_at: facts.map((fact) => fact?.completed_at ?? NEVER),
    tried: facts.map((fact) => typeof fact?.attempted_at === "number"),
    score: facts.map((fact) => fact?.best_score ?? NO_SCORE),
    cohorts: Object.fromEntries(record.policy.cohorts.map((name) => [name, true])),
  };
}

/** A rule as JsonLogic. What the language lacks is written out: "n of m" and progress as a sum of ones. */
function logicOf(program: Program, rule: Rule): Logic {
  const inner = (child: Rule) => logicOf(program, child);
  const read = (field: keyof LogicData, item: string): Logic => ({ val: [field, numberOf(program, item)] });
  const sum = (terms: Logic[]): Logic => ({ "+": terms.map((term): Logic => ({ if: [term, 1, 0] })) });
  const now: Logic = { val: ["now"] };
  if ("all" in rule) return rule.all.length === 0 ? true : { and: rule.all.map(inner) };
  if ("any" in rule) return rule.any.length === 0 ? false : { or: rule.any.map(inner) };
  if ("at_least" in rule) return { ">=": [sum(rule.at_least.of.map(inner)), rule.at_least.count] };
  if ("not" in rule) return { "!": [inner(rule.not)] };
  if ("completed" in rule) return read("done", rule.completed);
  if ("attempted" in rule) return read("tried", rule.attempted);
  if ("score" in rule && rule.score.min !== undefined) {
    return { ">=": [read("score", rule.score.item), rule.score.min] };
  }
  if ("progress" in rule) {
    const { items, needed } = progressOf(rule.progress);
    return { ">=": [sum(items.map((item) => read("done", item))), needed] };
  }
  if ("from" in rule) return { ">=": [now, Date.parse(rule.from)] };
  if ("until" in rule) return { "<": [now, Date.parse(rule.until)] };
  if ("after_enrollment" in rule) {
    return { ">=": [now, { "+": [{ val: ["enrolled"] }, rule.after_enrollment.days * DAY_MS] }] };
  }
  if ("after" in rule) {
    return { ">=": [now, { "+": [read("done_at", rule.after.item), rule.after.days * DAY_MS] }] };
  }
  if ("cohort" in rule && typeof rule.cohort === "string") return { val: ["cohorts", rule.cohort] };
  throw new Error(`no course that is compared says ${JSON.stringify(rule)}`);
}

/** json-logic-engine as an interpreter: `run` with rules it has seen, so that its cached execution plans are used. */
export function interpretedLogic(program: Program, record: LearnerRecord): FullEvaluation {
  const engine = new LogicEngine();
  const data = logicData(program, record);
  const rules = rulesOf(program.outline).map((rule) => (rule === null ? null : logicOf(program, rule)));
  // The engine gives up caching plans when it meets 500 unknown rules in a row; meeting each twice keeps it on.
  for (const rule of rules) for (let time = 0; time < 2; time += 1) engine.run(rule, data);
  return (times) => {
    const open = new Uint8Array(program.size);
    for (let time = 0; time < times; time += 1) {
      for (let item = 0; item < program.size; item += 1) {
        const rule = rules[item] ?? null;
        const holds = isChapterOpen(program, open, item) && (rule === null || Boolean(engine.run(rule, data)));
        open[item] = holds ? 1 : 0;
      }
    }
    return open;
  };
}

/** json-logic-engine compiled: one function of JavaScript per rule, built once. */
export function compiledLogic(program: Program, record: LearnerRecord): FullEvaluation {
  const engine = new LogicEngine();
  const data = logicData(program, record);
  const rules = rulesOf(program.outline).map((rule) => (rule === null ? null : engine.build(logicOf(program, rule))));
  return (times) => {
    const open = new Uint8Array(program.size);
    for (let time = 0; time < times; time += 1) {
      for (let item = 0; item < program.size; item += 1) {
        const rule = rules[item] ?? null;
        open[item] = isChapterOpen(program, open, item) && (rule === null || Boolean(rule(data))) ? 1 : 0;
      }
    }
    return open;
  };
}

/**
 * json-rules-engine: one rule per item, built once; every fact a constant of the engine that is not cached again in
 * each run (caching would hash its name each time); progress as a function over the learner's data.
 */
export function rulesEngine(program: Program, record: LearnerRecord): FullEvaluation {
  const data = logicData(program, record);
  const engine = new Engine();
  const conditions = new ConditionWriter(program, data, engine);
  const rules = rulesOf(program.outline);
  rules.forEach((rule, item) => {
    if (rule === null) return;
    const condition = conditions.of(rule);
    const top = "fact" in condition ? { all: [condition] } : condition;
    engine.addRule({ conditions: top, event: { type: "open" }, name: String(item) });
  });
  const ruleless = Uint8Array.from(rules, (rule) => (rule === null ? 1 : 0));
  return async (times) => {
    const open = new Uint8Array(program.size);
    for (let time = 0; time < times; time += 1) {
      open.set(ruleless);
      const { results } = await engine.run();
      for (const { name } of results) open[Number(name)] = 1;
      for (let item = 0; item < program.size; item += 1) if (!isChapterOpen(program, open, item)) open[item] = 0;
    }
    return open;
  };
}

type Condition = TopLevelCondition | { fact: string; operator: string; value: unknown };

class ConditionWriter {
  readonly #program: Program;
  readonly #data: LogicData;
  readonly #engine: Engine;
  #computed = 0;

  constructor(program: Program, data: LogicData, engine: Engine) {
    this.#program = program;
    this.#data = data;
    this.#engine = engine;
    this.#constant("now", data.now);
    this.#constant("enrolled", data.enrolled);
  }

  of(rule: Rule): Condition {
    if ("all" in rule) return { all: rule.all.map((child) => this.of(child)) };
    if ("any" in rule) return { any: rule.any.map((child) => this.of(child)) };
    if ("at_least" in rule) {
      const children = rule.at_least.of.map((child) => this.of(child));
      return { any: choices(children, rule.at_least.count).map((chosen) => ({ all: chosen })) };
    }
    if ("not" in rule) return { not: this.of(rule.not) };
    if ("completed" in rule) return this.#equal("done", rule.completed);
    if ("attempted" in rule) return this.#equal("tried", rule.attempted);
    if ("score" in rule && rule.score.min !== undefined) {
      const fact = this.#fact("score", rule.score.item);
      return { fact, operator: "greaterThanInclusive", value: rule.score.min };
    }
    if ("progress" in rule) return this.#progress(rule.progress);
    if ("from" in rule) return { fact: "now", operator: "greaterThanInclusive", value: Date.parse(rule.from) };
    if ("until" in rule) return { fact: "now", operator: "lessThan", value: Date.parse(rule.until) };
    if ("after_enrollment" in rule) {
      const latest = NOW - rule.after_enrollment.days * DAY_MS;
      return { fact: "enrolled", operator: "lessThanInclusive", value: latest };
    }
    if ("after" in rule) {
      const fact = this.#fact("done_at", rule.after.item);
      return { fact, operator: "lessThanInclusive", value: NOW - rule.after.days * DAY_MS };
    }
    if (!("cohort" in rule) || typeof rule.cohort !== "string") {
      throw new Error(`no course that is compared says ${JSON.stringify(rule)}`);
    }
    const fact = this.#constant(`cohort ${rule.cohort}`, this.#data.cohorts[rule.cohort] ?? false);
    return { fact, operator: "equal", value: true };
  }

  #equal(field: "done" | "tried", item: string): Condition {
    return { fact: this.#fact(field, item), operator: "equal", value: true };
  }

  #fact(field: "done" | "tried" | "score" | "done_at", item: string): string {
    const index = numberOf(this.#program, item);
    return this.#constant(`${field} ${index}`, this.#data[field][index]);
  }

  #constant(name: string, value: unknown): string {
    this.#engine.addFact(name, value, { cache: false });
    return name;
  }

  #progress(progress: { of: string | string[]; min_percent: number }): Condition {
    const { items, needed } = progressOf(progress);
    const indexes = items.map((item) => numberOf(this.#program, item));
    this.#computed += 1;
    const fact = `progress ${this.#computed}`;
    const count = () => indexes.filter((index) => this.#data.done[index] === true).length;
    this.#engine.addFact(fact, count, { cache: false });
    return { fact, operator: "greaterThanInclusive", value: needed };
  }
}

function choices<T>(of: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return of.flatMap((first, at) => choices(of.slice(at + 1), count - 1).map((rest) => [first, ...rest]));
}

/** "66.67 % of three" as "2 of them": percentages are meant to two decimals. */
function progressOf(progress: { of: string | string[]; min_percent: number }): { items: string[]; needed: number } {
  if (typeof progress.of === "string") throw new Error("the benchmark's courses list the items of progress");
  const percent = (done: number) => Math.round((done / progress.of.length) * 10_000) / 100;
  let needed = 0;
  while (percent(needed) < progress.min_percent) needed += 1;
  return { items: progress.of, needed };
}

function rulesOf(outline: Outline): (Rule | null)[] {
  return [...outline.chapters, ...outline.problems].map((item: OutlineItem) => item.rule);
}

function numberOf(program: Program, item: string): number {
  const index = program.indexOf.get(item);
  if (index === undefined) throw new Error(`no item ${item}`);
  return index;
}

/**
 * The peers know rules, not chapters: a problem is open when its rule holds and its chapter is open. Chapters have lower
 * numbers, so theirs is decided; a rule in a locked chapter is not even asked where the peer is asked rule by rule.
 */
function isChapterOpen({ gate }: Program, open: Uint8Array, item: number): boolean {
  const chapter = gate[item] ?? NONE;
  return chapter === NONE || open[chapter] === 1;
}
