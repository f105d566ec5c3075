import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cohortOfLabel, mapAccessControl } from "../../../../src/courses/importers/prairielearn/control.ts";
import { type ControlRule, controlRuleSchema } from "../../../../src/courses/importers/prairielearn/schemas.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 0, 1);
const day = (number: number) => new Date(FIRST + number * DAY).toISOString().slice(0, 19);
const at = (number: number, labels: readonly string[] = []): Known => ({
  now: FIRST + number * DAY,
  states: new Map(),
  scores: new Map(),
  cohorts: new Set(labels.map(cohortOfLabel)),
  profile: new Map(),
});
const outcomes = (rules: ControlRule[], days: number[], labels: string[] = []) =>
  days.map((number) => outcomeOf(mapAccessControl(rules, "UTC").rule, at(number, labels)));

/** Written from the documentation of access control alone: hidden, locked (listed, or without questions), or open. */
function expected(rules: readonly ControlRule[], labels: readonly string[], number: number): string {
  const own = rules.filter((rule, place) => place === 0 || rule.labels?.some((label) => labels.includes(label)));
  const control: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const rule of own) {
    Object.assign(control, rule.dateControl);
    Object.assign(after, rule.afterComplete);
  }
  const merged = controlRuleSchema.parse({ dateControl: control, afterComplete: after });
  const { release, due, earlyDeadlines, lateDeadlines, afterLastDeadline } = merged.dateControl ?? {};
  const ms = (text: string) => Date.parse(`${text}Z`);
  const now = FIRST + number * DAY;
  const outside = rules[0]?.beforeRelease?.listed === true ? "locked" : "hidden";
  if (release?.date == null) return outside;
  const begins = ms(release.date);
  const dueAt = due?.date == null ? null : ms(due.date);
  if (dueAt !== null && dueAt <= begins) return outside;
  if (now < begins) return outside;
  const deadlines = [
    ...(earlyDeadlines ?? [])
      .map(({ date }) => ms(date))
      .filter((one) => one > begins && (dueAt === null || one <= dueAt)),
    ...(dueAt === null ? [] : [dueAt]),
    ...(lateDeadlines ?? [])
      .map(({ date }) => ms(date))
      .filter((one) => one > begins && (dueAt === null || one >= dueAt)),
  ];
  const isWithoutDue = due != null && due.date === null;
  if (isWithoutDue || deadlines.length === 0 || afterLastDeadline?.allowSubmissions === true) return "open";
  if (now < Math.max(...deadlines)) return "open";
  const { questions, score } = merged.afterComplete ?? {};
  const isSeen = (hidden: boolean, from?: string | null, until?: string | null) =>
    !hidden || (from != null && now >= ms(from) && (until == null || now < ms(until)));
  const isReadable =
    isSeen(questions?.hidden ?? true, questions?.visibleFromDate, questions?.visibleUntilDate) &&
    isSeen(score?.hidden ?? false, score?.visibleFromDate);
  return isReadable ? "open" : "locked";
}

const LABELS = ["Section A", "Extended time", "late", "Late"];
const date = fc.integer({ min: 0, max: 12 }).map(day);
const deadlines = fc.array(fc.record({ date, credit: fc.constant(80) }), { maxLength: 2 });
const body = {
  dateControl: fc.record(
    {
      release: fc.record({ date }),
      due: fc.record({ date: fc.option(date) }),
      earlyDeadlines: fc.option(deadlines),
      lateDeadlines: fc.option(deadlines),
      afterLastDeadline: fc.oneof(
        fc.constant({ allowSubmissions: false }),
        fc.constant({ allowSubmissions: true, credit: 0 }),
      ),
    },
    { requiredKeys: [] },
  ),
  afterComplete: fc.record(
    {
      questions: fc.record(
        { hidden: fc.boolean(), visibleFromDate: date, visibleUntilDate: date },
        { requiredKeys: ["hidden"] },
      ),
      score: fc.record({ hidden: fc.boolean(), visibleFromDate: date }, { requiredKeys: ["hidden"] }),
    },
    { requiredKeys: [] },
  ),
};
const first = fc.record({ ...body, beforeRelease: fc.record({ listed: fc.boolean() }) }, { requiredKeys: [] });
const override = fc.record(
  { ...body, labels: fc.uniqueArray(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 2 }) },
  { requiredKeys: ["labels"] },
);

describe("accessControl of PrairieLearn", () => {
  it("opens, locks and hides as the documentation says, for every set of labels at every time", () => {
    fc.assert(
      fc.property(
        first,
        fc.array(override, { maxLength: 4 }),
        fc.subarray(LABELS),
        fc.integer({ min: -1, max: 13 }),
        (defaults, overrides, labels, number) => {
          const rules = [defaults, ...overrides].map((rule) => controlRuleSchema.parse(rule));
          expect(outcomeOf(mapAccessControl(rules, "UTC").rule, at(number, labels))).toBe(
            expected(rules, labels, number),
          );
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("accepts no work after the last deadline, also where the questions stay readable", () => {
    const dateControl = {
      release: { date: day(1) },
      due: { date: day(4) },
      lateDeadlines: [{ date: day(6), credit: 50 }],
    };
    const rules = [{ dateControl, afterComplete: { questions: { hidden: false } } }];
    expect(outcomes(rules, [0, 1, 5, 9])).toEqual(["hidden", "open", "open", "open"]);
    expect(mapAccessControl(rules, "UTC")).toMatchObject({ due: `${day(4)}.000Z`, closes: `${day(6)}.000Z` });
    expect(mapAccessControl([{ dateControl }], "UTC").closes).toBeUndefined();
    expect(outcomes([{ dateControl }], [5, 9])).toEqual(["open", "locked"]);
  });

  it("reports for each rule what could not be imported, and never its password", () => {
    const rules = [
      { dateControl: { release: { date: day(1) }, due: { date: day(4), credit: 90 }, durationMinutes: 50 } },
      { labels: ["Extended time"], dateControl: { due: { date: day(6) } } },
      { uuid: "22222222-2222-4222-8222-222222222222", dateControl: { due: { date: day(8) } } },
      { labels: [], dateControl: { password: "sesame" } },
      { labels: ["late"], integrations: { prairieTest: { exams: [{}] } } },
    ];
    const { gates, cohorts } = mapAccessControl(rules, "UTC");
    expect(gates.map(({ verdict }) => verdict)).toEqual(["approximated", "exact", "unmapped", "unmapped", "unmapped"]);
    expect(gates[0]?.why).toMatch(/credit.*50 minutes.*due date of the first rule/);
    expect(gates[2]).toMatchObject({ mapped: null, why: expect.stringContaining("single learners") });
    expect([...cohorts.values()]).toEqual(["Extended time", "late"]);
    expect(JSON.stringify(gates)).not.toContain("sesame");
  });

  it("with more overrides than can be combined applies to a learner the last override that names them", () => {
    const due = (number: number) => ({ dateControl: { due: { date: day(number) } } });
    const overrides = Array.from({ length: 100 }, (_, i) => ({ labels: [`l${i}`], ...due(5 + i) }));
    const rules = [{ dateControl: { release: { date: day(1) }, due: { date: day(3) } } }, ...overrides];
    expect(outcomes(rules, [2, 3])).toEqual(["open", "locked"]);
    // The rule that is merged with the first one is the last that names one of their labels.
    expect(outcomes(rules, [4, 54, 55], ["l3", "l50"])).toEqual(["open", "open", "locked"]);
    expect(mapAccessControl(rules, "UTC").gates[1]?.verdict).toBe("approximated");
  });
});
