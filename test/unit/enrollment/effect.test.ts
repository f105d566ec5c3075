import fc from "fast-check";
import { expect, it } from "vitest";
import { withoutEffect } from "../../../src/enrollment/effect.ts";
import { compile, evaluate, type LearnerRecord, layOut, type Override } from "../../../src/unlock/index.ts";
import { cases, deeds, idsOf, instants, withDeed } from "../../support/unlock/courses.ts";

const drafts = fc.record({
  pick: fc.nat({ max: 999 }),
  kind: fc.constantFrom("unlock" as const, "excuse" as const, "extend" as const),
  expires: fc.option(instants, { freq: 2 }),
  extend: instants,
});

/** What has happened by an instant: nobody has done anything in the future. */
function upTo(record: LearnerRecord, now: number): LearnerRecord {
  const done = [...record.facts].filter(([, { attempted_at, completed_at }]) =>
    [attempted_at, completed_at].every((at) => at === null || at <= now),
  );
  return { ...record, facts: new Map(done) };
}

it("[fault 28] an override that is refused as without effect opens and closes nothing, now or later, whatever the learner does", {
  timeout: 60_000,
}, () => {
  let refused = 0;
  let taken = 0;
  fc.assert(
    fc.property(
      cases(),
      drafts,
      deeds(4),
      fc.array(instants, { minLength: 4, maxLength: 8 }),
      ({ course, record, now }, draft, later, moments) => {
        const program = compile(course);
        const ids = idsOf(course);
        const item = ids[draft.pick % ids.length] ?? "";
        const { kind } = draft;
        const expires_at = draft.expires !== null && draft.expires > now ? draft.expires : null;
        const extend_to = kind === "extend" ? draft.extend : null;
        const override: Override = { item, kind, created_at: now, expires_at, extend_to };
        const past = upTo(record, now);
        if (withoutEffect(program, layOut(program, past), override, now) === null) {
          taken += 1;
          return;
        }
        refused += 1;
        const others = past.policy.overrides.filter((other) => other.item !== item || other.kind !== kind);
        const openAt = (learner: LearnerRecord, overrides: readonly Override[], at: number) => {
          const laidOut = layOut(program, { ...learner, policy: { ...learner.policy, overrides } });
          const { open, visible } = evaluate(program, laidOut, at);
          return ids.filter((_, index) => open[index] === 1 && visible[index] === 1);
        };
        for (const at of [now, ...moments]) {
          if (at < now) continue;
          let learner = past;
          // What is done from now on, up to this instant.
          for (const deed of later) {
            const next = withDeed(learner, ids, deed);
            const id = ids[deed.pick % ids.length] ?? "";
            const fact = next.facts.get(id);
            const times = [fact?.attempted_at ?? now, fact?.completed_at ?? now];
            if (times.every((time) => time <= at)) learner = next;
            expect(openAt(learner, [...others, override], at)).toEqual(openAt(learner, others, at));
          }
          expect(openAt(learner, [...others, override], at)).toEqual(openAt(learner, others, at));
        }
      },
    ),
    { numRuns: 600 },
  );
  // Both happen, or this test could not fail.
  expect(Math.min(refused, taken)).toBeGreaterThan(60);
});
