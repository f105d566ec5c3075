import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CoursePointer } from "../../../src/courses/index.ts";
import { keptAcross, type MirroredEnrollment } from "../../../src/mirror/mirrored.ts";
import { standingOf } from "../../../src/mirror/standing.ts";
import {
  compile,
  difference,
  ENGINE,
  type Evaluation,
  evaluate,
  type LearnerRecord,
  layOut,
  type Outline,
  openIds,
  type Program,
} from "../../../src/unlock/index.ts";
import { at, LAST_STEP, outlines, records } from "../../support/unlock/courses.ts";

/** What an enrollment object holds, as far as its snapshot goes, and what it has announced. */
interface Learner {
  pointer: CoursePointer;
  program: Program;
  kept: ReadonlySet<string>;
  evaluation: Evaluation;
  computedAt: number;
  announced: string[];
}

const earnedOf = ({ program, evaluation }: Learner) => program.ids.filter((_, item) => evaluation.earned[item] === 1);

function withSticky(program: Program, kept: ReadonlySet<string>, evaluation: Evaluation): ReadonlySet<string> {
  if (!program.outline.options.sticky) return kept;
  return new Set([...kept, ...program.ids.filter((_, item) => evaluation.earned[item] === 1)]);
}

function enroll(pointer: CoursePointer, program: Program, record: LearnerRecord, now: number): Learner {
  const evaluation = evaluate(program, layOut(program, record), now);
  const kept = withSticky(program, record.opened, evaluation);
  return { pointer, program, kept, evaluation, computedAt: now, announced: [] };
}

/** As the object brings its snapshot up to date (EnrollmentState.refresh). */
function refresh(own: Learner, record: LearnerRecord, pointer: CoursePointer, program: Program, now: number): Learner {
  const seen = { activation: own.pointer.activation, kept: own.kept, earned: earnedOf(own) };
  const opened = keptAcross(pointer, seen);
  const evaluation = evaluate(program, layOut(program, { ...record, opened }), now);
  const { unlocked, locked } = difference(openIds(own.program, own.evaluation), openIds(program, evaluation));
  const announced = [...own.announced, ...[...unlocked.map((id) => `+${id}`), ...locked.map((id) => `-${id}`)].sort()];
  return { pointer, program, kept: withSticky(program, opened, evaluation), evaluation, computedAt: now, announced };
}

function mirrorOf(own: Learner, record: LearnerRecord): MirroredEnrollment {
  const isSticky = own.program.outline.options.sticky;
  return {
    id: "demo:ada",
    course: "demo",
    user: "ada",
    status: "active",
    withdrawn_at: null,
    record: { ...record, opened: own.kept },
    earned: isSticky ? [] : earnedOf(own),
    facts: [],
    version: 1,
    progress_seq: 1,
    policy_seq: 1,
    course_version: own.pointer.version,
    activation: own.pointer.activation,
    engine: ENGINE,
    computed_at: own.computedAt,
    stale_since: null,
  };
}

/** The same items under other rules: some have none any more, some that of an item before, some are as they were. */
function edited(outline: Outline, edits: readonly number[], isSticky: boolean): Program | null {
  const change = <T extends Outline["chapters"][number]>(items: readonly T[], from: number): T[] =>
    items.map((item, index) => {
      const edit = edits[(from + index) % Math.max(edits.length, 1)] ?? 0;
      if (edit < 6) return item;
      if (edit === 6) return { ...item, title: { en: `New ${item.id}` } };
      if (edit === 7) return { ...item, rule: null };
      return { ...item, rule: items[Math.max(0, index - 1)]?.rule ?? null };
    });
  try {
    return compile({
      ...outline,
      options: { ...outline.options, sticky: isSticky },
      chapters: change(outline.chapters, 0),
      problems: change(outline.problems, outline.chapters.length),
    });
  } catch {
    return null; // the edits have closed a circle
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("publish" as const), version: fc.nat({ max: 3 }), relock: fc.nat({ max: 4 }) }),
    fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 1, max: 8 }) }),
  ),
  { minLength: 1, maxLength: 8 },
);

const worlds = outlines({ dates: true, drips: true }, { chapters: 4, problems: 8 }).chain((outline) =>
  fc.record({
    outline: fc.constant(outline),
    record: records(outline),
    edits: fc.array(
      fc.record({ edits: fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 12 }), sticky: fc.boolean() }),
      {
        minLength: 3,
        maxLength: 3,
      },
    ),
    start: fc.nat({ max: LAST_STEP }),
    steps,
  }),
);

describe("an object that is not woken when a page finds its snapshot unchanged", () => {
  it("[I2][I6] ends in the same state as an object that is woken each time, and has announced the same", () => {
    let slept = 0;
    let woken = 0;
    fc.assert(
      fc.property(worlds, ({ outline, record, edits, start, steps }) => {
        const first = edited(outline, [0], outline.options.sticky);
        fc.pre(first !== null);
        const programs = [first, ...edits.map((edit) => edited(outline, edit.edits, edit.sticky))].map(
          (program) => program ?? first,
        );
        let now = at(start);
        let pointer: CoursePointer = { version: 1, activation: 1, last_relock: 0 };
        let program = first;
        const begun = enroll(pointer, program, record, now);
        let eager = begun;
        let sleeper = begun;
        for (const step of steps) {
          if (step.kind === "wait") now += step.days * 86_400_000;
          else {
            const activation: number = pointer.activation + 1;
            pointer = {
              version: step.version + 1,
              activation,
              last_relock: step.relock === 0 ? activation : pointer.last_relock,
            };
            program = programs[step.version] ?? first;
          }
          eager = refresh(eager, record, pointer, program, now);
          const standing = standingOf(mirrorOf(sleeper, record), sleeper.program, { pointer, program }, now);
          if (standing === null) {
            woken += 1;
            sleeper = refresh(sleeper, record, pointer, program, now);
          } else slept += 1;
        }
        sleeper = refresh(sleeper, record, pointer, program, now);
        expect([...sleeper.evaluation.open]).toEqual([...eager.evaluation.open]);
        expect([...sleeper.evaluation.visible]).toEqual([...eager.evaluation.visible]);
        expect(sleeper.announced).toEqual(eager.announced);
        // What a later publish would carry over is the same, too.
        const carried = (own: Learner) => [...new Set([...own.kept, ...earnedOf(own)])].sort();
        expect(carried(sleeper)).toEqual(carried(eager));
      }),
      { numRuns: 600 },
    );
    // The property says nothing where nobody sleeps, or nobody wakes.
    expect(slept).toBeGreaterThan(200);
    expect(woken).toBeGreaterThan(200);
  }, 60_000);

  it("is asked where D1 does not know enough", () => {
    const program = compile({
      course: "demo",
      title: { en: "D" },
      options: options(),
      chapters: [item()],
      problems: [],
    });
    const pointer = { version: 1, activation: 1, last_relock: 0 };
    const record: LearnerRecord = {
      enrolled_at: 0,
      facts: new Map(),
      opened: new Set(),
      policy: { cohorts: [], practice_mode: false, overrides: [] },
    };
    const mirror = mirrorOf(enroll(pointer, program, record, 1), record);
    const stands = (changed: Partial<MirroredEnrollment>, to = pointer) =>
      standingOf({ ...mirror, ...changed }, program, { pointer: to, program }, 5) !== null;
    expect(stands({})).toBe(true);
    expect(stands({ version: 0 })).toBe(false);
    expect(stands({ computed_at: null })).toBe(false);
    expect(stands({ engine: ENGINE - 1 })).toBe(false);
    const late = { item: "demo.a", attempted_at: null, completed_at: 1, best_score: null, revoked_at: null, seq: 2 };
    expect(stands({ facts: [late] })).toBe(false);
    expect(stands({}, { version: 2, activation: 2, last_relock: 2 })).toBe(false);
    expect(stands({ activation: 3 })).toBe(false);
  });
});

const item = () => ({ id: "demo.a", title: { en: "A" }, status: "active" as const, rule: null });
const options = () => ({
  sequential: false,
  tutorial: null,
  sticky: false,
  problems_follow_chapter: true,
  open_enrollment: true,
});
