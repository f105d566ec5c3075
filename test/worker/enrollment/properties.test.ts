import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { rememberProgram } from "../../../src/courses/catalog.ts";
import type { NewFact, OverrideInput } from "../../../src/mirror/contract.ts";
import {
  type compile,
  evaluate,
  isStarted,
  itemStates,
  type LearnerRecord,
  layOut,
  mergeFact,
  NO_FACT,
  NO_POLICY,
  openIds,
} from "../../../src/unlock/index.ts";
import { deeds, idsOf, outlines } from "../../support/unlock/courses.ts";
import { freshSlug, objectOf } from "../../support/worker/courses.ts";

const RUNS = { numRuns: 15 };
const ACTOR = { id: "importer", role: "service" };
const DAY_MS = 86_400_000;

/** A course under a slug of its own, with a learner enrolled straight in the object. */
async function start(generated: Parameters<typeof compile>[0]) {
  const slug = freshSlug("property");
  const outline: typeof generated = JSON.parse(JSON.stringify(generated).replaceAll('"demo', `"${slug}`));
  const program = rememberProgram(1, outline);
  const pointer = { version: 1, activation: 1, last_relock: 0 };
  const object = objectOf(slug, "ada");
  const enrolled_at = Date.now() - DAY_MS;
  const enrolled = await object.enroll({
    enrolled_at,
    cohorts: ["evening"],
    practice_mode: false,
    has_history: false,
    pointer,
    actor: ACTOR,
  });
  if (!enrolled.ok) throw new Error(JSON.stringify(enrolled));
  return { outline, program, pointer, object, enrolled_at, opened: enrolled.value.unlocked };
}

type Started = Awaited<ReturnType<typeof start>>;

async function record({ object, pointer }: Started, facts: NewFact[]) {
  const answer = await object.record({
    facts,
    chapters_only: false,
    actor: ACTOR,
    mode: "import",
    language: "en",
    pointer,
    idempotency: null,
  });
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.value;
}

const statesSchema = z.object({ states: z.record(z.string(), z.string()) });

async function statesIn({ object, pointer }: Started): Promise<Record<string, string>> {
  const answer = await object.read({
    pointer,
    want: { kind: "states" },
    language: "en",
    min_seq: null,
    at: null,
    if_none_match: null,
  });
  if (!answer.ok || answer.value.unchanged || answer.value.content.kind !== "body") throw new Error("no states");
  return statesSchema.parse(JSON.parse(new TextDecoder().decode(answer.value.content.body))).states;
}

/** The record the test keeps itself: what is kept open follows the rule of stickiness as DESIGN states it. */
class Model {
  record: LearnerRecord;
  readonly #started: Started;

  constructor(started: Started) {
    this.#started = started;
    const policy = { ...NO_POLICY, cohorts: ["evening"] };
    this.record = { enrolled_at: started.enrolled_at, facts: new Map(), opened: new Set(), policy };
    this.settle([]);
  }

  add(fact: NewFact & { at: number }): void {
    const facts = new Map(this.record.facts);
    const isProblem = this.#started.outline.problems.some(({ id }) => id === fact.item);
    // A completed problem without a score was done fully.
    const score = fact.score ?? (fact.completed && isProblem ? 100 : null);
    facts.set(fact.item, mergeFact(facts.get(fact.item) ?? NO_FACT, { at: fact.at, completed: fact.completed, score }));
    this.record = { ...this.record, facts };
  }

  /** Evaluates in full; in a sticky course what is open by the rules, or was touched, stays. */
  settle(touched: readonly string[]) {
    const { program, outline } = this.#started;
    const now = Date.now();
    const opened = new Set(this.record.opened);
    if (outline.options.sticky) {
      const before = layOut(program, this.record);
      for (const item of touched) if (isStarted(before, program.indexOf.get(item) ?? -1)) opened.add(item);
    }
    const learner = layOut(program, { ...this.record, opened });
    const evaluation = evaluate(program, learner, now);
    if (outline.options.sticky) {
      for (const [item, id] of program.ids.entries()) if (evaluation.earned[item] === 1) opened.add(id);
    }
    this.record = { ...this.record, opened };
    return { states: itemStates({ program, learner, evaluation, now }), open: openIds(program, evaluation) };
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: deeds(3).map((list) => ({ kind: "facts" as const, list })) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("override" as const),
        pick: fc.nat({ max: 999 }),
        what: fc.constantFrom("unlock" as const, "lock" as const, "excuse" as const),
      }),
    },
  ),
  { minLength: 1, maxLength: 8 },
);
const courses = outlines({ dates: false, drips: false }, { chapters: 4, problems: 10 });
const factOf = (
  ids: readonly string[],
  deed: { pick: number; step: number; completed: boolean; score: number | null },
) => ({
  item: ids[deed.pick % ids.length] ?? "",
  completed: deed.completed,
  score: deed.score,
  at: Date.now() - DAY_MS + deed.step * 1_000,
});

describe("any course and any history, through the object", () => {
  it("[I2][I6] states are equal to a full evaluation after each step, and the deltas add up to the open items", {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(courses, steps, async (course, history) => {
        const started = await start(course);
        const ids = idsOf(started.outline);
        const model = new Model(started);
        const open = new Set(started.opened);
        const take = (delta: { unlocked: string[]; locked: string[] }) => {
          for (const item of delta.unlocked) {
            expect(open.has(item)).toBe(false);
            open.add(item);
          }
          for (const item of delta.locked) expect(open.delete(item)).toBe(true);
        };
        for (const step of history) {
          let touched: string[] = [];
          if (step.kind === "facts") {
            const facts = step.list.map((deed) => factOf(ids, deed));
            for (const fact of facts) model.add(fact);
            touched = facts.map(({ item }) => item);
            take(await record(started, facts));
          } else {
            const item = ids[step.pick % ids.length] ?? "";
            const override: OverrideInput = {
              item,
              kind: step.what,
              reason: "property",
              expires_at: null,
              extend_to: null,
            };
            const request = { item, override, actor: ACTOR, pointer: started.pointer, idempotency: null };
            const { policy } = model.record;
            const mine = { item, kind: step.what, created_at: Date.now(), expires_at: null, extend_to: null };
            // One of a kind stays, and those of other kinds beside it.
            const isThere = policy.overrides.some((other) => other.item === item && other.kind === step.what);
            const overrides = isThere ? policy.overrides : [...policy.overrides, mine];
            const answer = await started.object.override(request);
            if (answer.ok) {
              take(answer.value);
              model.record = { ...model.record, policy: { ...policy, overrides } };
            } else {
              // [fault 28] Only what would change nothing is refused.
              expect(answer).toMatchObject({ refusal: { code: "no_effect" } });
              const before = model.settle([]);
              const kept = model.record;
              model.record = { ...kept, policy: { ...policy, overrides } };
              expect(model.settle([]).states).toEqual(before.states);
              model.record = kept;
            }
          }
          const expected = model.settle(touched);
          expect(await statesIn(started)).toEqual(expected.states);
          expect([...open].sort()).toEqual([...expected.open].sort());
        }
      }),
      RUNS,
    );
  });

  it("[I5] facts in another order, and twice, give the same states (not sticky, no `not`)", {
    timeout: 60_000,
  }, async () => {
    const monotone = courses.filter((course) => !course.options.sticky && !JSON.stringify(course).includes('"not"'));
    await fc.assert(
      fc.asyncProperty(monotone, deeds(10), fc.infiniteStream(fc.nat()), async (course, done, order) => {
        const first = await start(course);
        const second = await start(course);
        const facts = (started: Started) => done.map((deed) => factOf(idsOf(started.outline), { ...deed }));
        for (const fact of facts(first)) await record(first, [fact]);
        const shuffled = [...facts(second), ...facts(second)]
          .map((fact) => ({ fact, rank: order.next().value ?? 0 }))
          .sort((a, b) => a.rank - b.rank);
        for (const { fact } of shuffled) await record(second, [fact]);
        const plain = (started: Started, states: Record<string, string>) =>
          JSON.parse(JSON.stringify(states).replaceAll(started.outline.course, "demo"));
        expect(plain(second, await statesIn(second))).toEqual(plain(first, await statesIn(first)));
      }),
      RUNS,
    );
  });
});
