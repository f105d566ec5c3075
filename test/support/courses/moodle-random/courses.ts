import fc from "fast-check";
import type { TextActivity, TextCourse, TextGradeItem, TextLearner } from "../moodle-text/model.ts";
import { CUSTOM, type Names, NOW, STANDARD, TEXTS, trees } from "./trees.ts";

/** A course, some learners of it, and the instant at which they ask, epoch seconds. */
export interface RandomCase {
  course: TextCourse;
  learners: TextLearner[];
  now: number;
}

/** Releases on both sides of what changed; of 4.3 and 4.4 it is not known what they answer. */
const RELEASES = ["2.7.20", "2.9.9", "3.5.18", "3.11.2", "4.1.6", "4.2", "4.5.6", "5.0.1", "5.1", "10.0"];
const SECTIONS = [1, 2, 3, 4];
/** Activities that conditions ask for; 999 is none, and 0 what a restore could not find. */
const ASKED = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
const GONE = [999, 0];
/** The first of the activities that are gated. */
const GATED = 21;
const GROUPS = [31, 32, 33];
const GROUPINGS = new Map([
  [51, [31]],
  [52, [31, 32]],
  [53, []],
]);
const ITEMS: readonly TextGradeItem[] = [
  { id: 101, cm: 11, min: 0, max: 100 },
  { id: 102, cm: 12, min: 0, max: 30 },
  { id: 103, cm: 13, min: -10, max: 10 },
  { id: 104, cm: 14, min: 0, max: 7 },
  { id: 105, cm: null, min: 0, max: 20 },
  { id: 106, cm: null, min: 0, max: 3 },
];
/** Grades are stored with five decimals. */
const POINTS = [-10, 0, 1, 2.33333, 3.5, 7, 8.7, 10, 15, 20, 29.99999, 30, 33.33333, 50, 99.99999, 100];
/** Ranges of attempts; null is that of the grade item. */
const RANGES = [null, null, null, { min: 0, max: 40 }, { min: 10, max: 30 }, { min: 10, max: 10 }];

const often = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
const seldom = often.map((yes) => !yes);

function namesFor(hasPrevious: boolean, hasGrouping: boolean): Names {
  return {
    modules: [...ASKED, GATED, ...GONE],
    gradeItems: [...ITEMS.map(({ id }) => id), 998, 0],
    groups: [...GROUPS, 39, -1],
    groupings: [...GROUPINGS.keys(), 59, -1],
    hasPrevious,
    hasGrouping,
  };
}

const ofSection = trees(namesFor(false, false));
const ofActivity = trees(namesFor(true, false));
const ofGrouped = trees(namesFor(true, true));

const flags = { visible: often, tracked: often, deleting: seldom };
const asked = fc.record({ ...flags, section: fc.constantFrom(1, 2) });
const gated = fc
  .record({
    tracked: often,
    visible: often,
    section: fc.constantFrom(...SECTIONS),
    grouping: fc.constantFrom(0, 0, 51, 52, 53),
  })
  .chain((one) =>
    (one.grouping === 0 ? ofActivity : ofGrouped).map((availability) => ({ ...one, deleting: false, availability })),
  );
const section = fc.record({
  visible: often,
  availability: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ofSection }),
});

/** @param size how many activities are gated. */
function courses(size: number): fc.Arbitrary<TextCourse> {
  return fc
    .record({
      release: fc.constantFrom(...RELEASES),
      sections: fc.tuple(section, section, section, section),
      asked: fc.array(asked, { minLength: ASKED.length, maxLength: ASKED.length }),
      gated: fc.array(gated, { minLength: size, maxLength: size }),
    })
    .map(({ release, sections, asked: first, gated: then }) => {
      const all: TextActivity[] = [
        ...first.map((one, at) => ({ ...one, cm: ASKED[at] ?? 0, grouping: 0 })),
        ...then.map((one, at) => ({ ...one, cm: GATED + at })),
      ];
      return {
        release,
        sections: sections.map((one, at) => ({ id: SECTIONS[at] ?? 0, ...one })),
        activities: SECTIONS.flatMap((id) => all.filter((one) => one.section === id)),
        gradeItems: [...ITEMS],
        groups: GROUPS,
        groupings: GROUPINGS,
      };
    });
}

const grade = fc.option(fc.record({ points: fc.constantFrom(...POINTS), range: fc.constantFrom(...RANGES) }), {
  nil: undefined,
});
const text = fc.constantFrom(...TEXTS);

function learners(id: number, modules: readonly number[]): fc.Arbitrary<TextLearner> {
  return fc
    .record({
      states: fc.array(fc.option(fc.nat(3), { nil: undefined }), {
        minLength: modules.length,
        maxLength: modules.length,
      }),
      grades: fc.array(grade, { minLength: ITEMS.length, maxLength: ITEMS.length }),
      groups: fc.subarray(GROUPS),
      standard: fc.array(text, { minLength: STANDARD.length, maxLength: STANDARD.length }),
      custom: fc.array(fc.option(text, { nil: undefined }), { minLength: CUSTOM.length, maxLength: CUSTOM.length }),
    })
    .map(({ states, grades, groups, standard, custom }) => ({
      id,
      completion: known(modules, states),
      grades: known(
        ITEMS.map((item) => item.id),
        grades.map((one, at) => {
          const { min = 0, max = 100 } = one?.range ?? ITEMS[at] ?? {};
          return one === undefined ? undefined : { points: one.points, min, max };
        }),
      ),
      groups: new Set(groups),
      standard: known(STANDARD, standard),
      custom: known(CUSTOM, custom),
    }));
}

function known<K, V>(keys: readonly K[], values: readonly (V | undefined)[]): Map<K, V> {
  return new Map(
    keys.flatMap((key, at) => {
      const value = values[at];
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}

/** @param size how many gates a course has, @param people how many learners. */
export function randomCases(size: number, people: number): fc.Arbitrary<RandomCase> {
  const modules = [...ASKED, ...Array.from({ length: size }, (_, at) => GATED + at)];
  return fc.record({
    course: courses(size),
    learners: fc.tuple(...Array.from({ length: people }, (_, at) => learners(at + 1, modules))),
    now: fc.integer({ min: NOW - 1, max: NOW + 1 }),
  });
}
