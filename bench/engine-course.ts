import { DAY_MS, toInstant } from "../src/platform/instants.ts";
import {
  type Fact,
  type LearnerRecord,
  NO_POLICY,
  type Outline,
  type OutlineItem,
  type OutlineProblem,
  type Rule,
} from "../src/unlock/index.ts";
import { Random } from "../test/support/node/random.ts";

// Courses of any size for the pure engine: blocks of 50 items, each of 5 chapters with 9 problems. Every rule names
// three earlier items. The first chapter of a block is its hub: exactly 30 problems of the block wait for it.

export const BLOCK = 50;
export const FAN_IN = 3;
/** Items that wait for a hub, and for an ordinary item that is measured. */
export const HUB_DEPENDENTS = 30;
export const USUAL_DEPENDENTS = 3;
/** The instant of every evaluation. */
export const NOW = Date.UTC(2026, 5, 1);

const CHAPTERS_PER_BLOCK = 5;
const PROBLEMS_PER_CHAPTER = BLOCK / CHAPTERS_PER_BLOCK - 1;
/** Prerequisites stand among so many items before. */
const REACH = 20;
const ENROLLED = NOW - 60 * DAY_MS;
const PAST = toInstant(NOW - 30 * DAY_MS);
const FUTURE = toInstant(NOW + 30 * DAY_MS);
/** Titles cost the evaluator nothing. */
const UNTITLED = { en: "" };
const COHORTS = ["evening", "spring-2026"];
/** Share of the items that are attempted, and of those that are then completed. */
const TRIED_BEHIND = 0.97;
const TRIED_AHEAD = 0.05;
const DONE_OF_TRIED = 0.95;
const LOWEST_SCORE = 40;

type Three = [string, string, string];

/** Rules over three items, by weight. All thirteen operators occur. */
const RULES: { weight: number; rule: (items: Three) => Rule }[] = [
  { weight: 24, rule: (items) => ({ all: items.map((item) => ({ completed: item })) }) },
  {
    weight: 14,
    rule: ([a, b, c]) => ({ all: [{ completed: a }, { score: { item: b, min: 70 } }, { attempted: c }] }),
  },
  {
    weight: 12,
    rule: ([a, b, c]) => ({ any: [{ completed: a }, { score: { item: b, min: 50 } }, { completed: c }] }),
  },
  { weight: 10, rule: (items) => ({ at_least: { count: 2, of: items.map((item) => ({ completed: item })) } }) },
  { weight: 10, rule: (items) => ({ progress: { of: items, min_percent: 66.67 } }) },
  {
    weight: 6,
    rule: ([a, b, c]) => ({ all: [{ completed: a }, { attempted: b }, { not: { score: { item: c, min: 90 } } }] }),
  },
  {
    weight: 6,
    rule: ([a, b, c]) => ({ all: [{ from: PAST }, { any: [{ completed: a }, { completed: b }, { attempted: c }] }] }),
  },
  {
    weight: 3,
    rule: (items) => ({ all: [{ from: FUTURE }, ...items.map((item) => ({ completed: item }))] }),
  },
  {
    weight: 5,
    rule: (items) => ({ all: [{ until: FUTURE }, { progress: { of: items, min_percent: 33.33 } }] }),
  },
  {
    weight: 5,
    rule: ([a, b, c]) => ({
      all: [{ completed: a }, { after: { item: b, days: 7 } }, { attempted: c }],
    }),
  },
  {
    weight: 5,
    rule: (items) => ({
      all: [
        { after_enrollment: { days: 14 } },
        { at_least: { count: 1, of: items.map((item) => ({ attempted: item })) } },
      ],
    }),
  },
];
/** The rest have a cohort's short cut. */
const COHORT_RULE = ([a, b, c]: Three): Rule => ({
  any: [{ cohort: "evening" }, { all: [{ completed: a }, { completed: b }, { score: { item: c, min: 60 } }] }],
});

export interface EngineCourse {
  outline: Outline;
  /** One learner who is half through. */
  record: LearnerRecord;
}

/** @param size a multiple of {@link BLOCK}. The same size gives the same course. */
export function engineCourse(size: number): EngineCourse {
  const random = new Random(size);
  const chapters: OutlineItem[] = [];
  const problems: OutlineProblem[] = [];
  const earlier: string[] = [];
  const inOrder: string[] = [];
  for (let block = 0; block < size / BLOCK; block += 1) {
    const hub = `bench.c${block * CHAPTERS_PER_BLOCK}`;
    const inBlock = CHAPTERS_PER_BLOCK * PROBLEMS_PER_CHAPTER;
    const waiting = new Set(random.sample([...Array(inBlock).keys()], HUB_DEPENDENTS));
    for (let place = 0; place < CHAPTERS_PER_BLOCK; place += 1) {
      const chapter = `bench.c${chapters.length}`;
      chapters.push({ id: chapter, title: UNTITLED, status: "active", rule: drawRule(random, earlier, null) });
      inOrder.push(chapter);
      // Hubs are named by those alone that wait for them.
      if (chapter !== hub) earlier.push(chapter);
      for (let at = 0; at < PROBLEMS_PER_CHAPTER; at += 1) {
        const waits = waiting.has(place * PROBLEMS_PER_CHAPTER + at);
        const id = `bench.p${problems.length}`;
        const rule = drawRule(random, earlier, waits ? hub : null);
        problems.push({ id, title: UNTITLED, status: "active", rule, chapter, difficulty: 1, answer: null });
        earlier.push(id);
        inOrder.push(id);
      }
    }
  }
  const outline: Outline = {
    course: "bench",
    title: UNTITLED,
    options: {
      sequential: false,
      tutorial: null,
      sticky: false,
      problems_follow_chapter: true,
      open_enrollment: true,
    },
    chapters,
    problems,
  };
  return { outline, record: recordOf(random, inOrder) };
}

function drawRule(random: Random, earlier: readonly string[], hub: string | null): Rule {
  const near = random.sample(earlier.slice(-REACH), FAN_IN);
  const [a, b, c] = hub === null ? near : [hub, ...near];
  // The first items of a course have fewer than three before them.
  if (a === undefined || b === undefined || c === undefined) {
    return { all: [a, b].filter((item) => item !== undefined).map((item) => ({ completed: item })) };
  }
  let drawn = random.below(100);
  for (const { weight, rule } of RULES) {
    drawn -= weight;
    if (drawn < 0) return rule([a, b, c]);
  }
  return COHORT_RULE([a, b, c]);
}

/** In course order: half of the course is nearly done, of the other half hardly anything. */
function recordOf(random: Random, itemsInOrder: readonly string[]): LearnerRecord {
  const facts = new Map<string, Fact>();
  itemsInOrder.forEach((id, place) => {
    const isBehind = place < itemsInOrder.length / 2;
    if (random.next() >= (isBehind ? TRIED_BEHIND : TRIED_AHEAD)) return;
    const attempted = ENROLLED + random.below(NOW - ENROLLED);
    facts.set(id, {
      attempted_at: attempted,
      completed_at: random.next() < DONE_OF_TRIED ? attempted : null,
      best_score: LOWEST_SCORE + random.below(101 - LOWEST_SCORE),
    });
  });
  return { enrolled_at: ENROLLED, facts, opened: new Set(), policy: { ...NO_POLICY, cohorts: COHORTS.slice(1) } };
}
