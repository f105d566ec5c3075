// Over 350 lines: one table of all ways in which an item is closed, and of how each course and learner of them is made.

import { expect } from "vitest";
import { AUTHOR, type DocumentInput, enroll, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, author, completed, override, revoke } from "../../support/worker/learners.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const instant = (ms: number) => new Date(ms).toISOString();

/** The text of the closed chapter and of the closed problem, in whichever version: nobody who may not is ever handed it. */
export const TEXT = "TEXT-OF-WHAT-IS-CLOSED";
/** In the titles of both: only where they are hidden, too, must nobody read it. */
export const TITLE = "TITLE-OF-WHAT-IS-CLOSED";

/** The learner of a course: one of its own, so that no walk uses up another's allowance of requests. */
export function learnerOf(slug: string): string {
  return `ada-${slug}`;
}

type Chapter = NonNullable<DocumentInput["chapters"]>[number];
type Problem = NonNullable<DocumentInput["problems"]>[number];

/** One reason for which an item can be closed to its learner. */
export interface Closed {
  reason: string;
  /** Whether the learner may know of the items. */
  hidden: boolean;
  /** The code of the refusal without `at`. */
  code: "locked" | "item_not_found" | "not_enrolled";
  /**
   * Makes the course and whatever closes its chapter `x` and its problem `px` to its learner.
   * @returns instants to ask for besides the usual ones: those at which the items were or will be open.
   */
  make(slug: string): Promise<number[]>;
}

interface Parts {
  options?: DocumentInput["options"];
  /** What chapter and problem share: a rule, a status. */
  both?: Pick<Chapter, "rule" | "status">;
  chapter?: Partial<Chapter>;
  problem?: Partial<Problem>;
  /** Without the two. */
  without?: boolean;
}

/** An open chapter `one`, and chapter `x` with problem `px`, whose texts no lock lets through. */
export function courseWith(slug: string, { options, both, chapter, problem, without = false }: Parts): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  const inner: Problem = {
    id: id("px"),
    title: `${TITLE} (problem)`,
    content: TEXT,
    answer: { kind: "numeric", value: 4 },
    ...both,
    ...problem,
  };
  const x: Chapter = {
    id: id("x"),
    title: `${TITLE} (chapter)`,
    content: TEXT,
    ...both,
    ...chapter,
    problems: [inner],
  };
  return {
    slug,
    title: "Closed",
    options: { sticky: false, ...options },
    chapters: [{ id: id("one"), title: "One", content: "open to all" }, ...(without ? [] : [x])],
  };
}

async function start(slug: string, parts: Parts): Promise<number> {
  await publish(courseWith(slug, parts));
  await enroll(slug, learnerOf(slug));
  return Date.now();
}

/** Some time passes in which the learner sees the course as it is. */
async function lives(slug: string): Promise<number> {
  advanceClock(HOUR_MS);
  const then = Date.now();
  await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(learnerOf(slug)) })).text();
  advanceClock(HOUR_MS);
  return then;
}

/** The learner could open both at this instant: what closes them later is what is tried. */
async function wasOpen(slug: string): Promise<void> {
  const token = await tokenOf(learnerOf(slug));
  for (const path of [`/courses/${slug}/chapters/${slug}.x`, `/problems/${slug}.px`]) {
    const answer = await call("GET", path, { token });
    expect([path, answer.status, (await answer.text()).includes(TEXT)]).toEqual([path, 200, true]);
  }
}

async function change(slug: string, parts: Parts, policy: "grandfather" | "relock" = "relock"): Promise<void> {
  await publish(courseWith(slug, parts), { policy });
  advanceClock(6_000); // the pointer that the isolate remembers is older than it may be
}

async function patch(slug: string, body: object): Promise<void> {
  const answer = await call("PATCH", `/enrollments/${slug}:${learnerOf(slug)}`, { token: await author(), body });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
}

const after = async (slug: string, parts: Parts, close: () => Promise<unknown>): Promise<number[]> => {
  await start(slug, parts);
  await wasOpen(slug);
  const then = await lives(slug);
  await close();
  return [then];
};

/** Every reason for which an item can be closed. */
export const REASONS: readonly Closed[] = [
  {
    reason: "a rule that is not met",
    hidden: false,
    code: "locked",
    make: async (slug) => [await start(slug, { both: { rule: { completed: `${slug}.one` } } })],
  },
  {
    reason: "a date in the future",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const opens = Date.now() + 30 * DAY_MS;
      await start(slug, { both: { rule: { from: instant(opens) } } });
      return [opens, opens + 1_000];
    },
  },
  {
    reason: "a date in the past",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const ends = Date.now() + 90 * 60_000;
      const opened = await after(
        slug,
        { options: { sticky: true }, both: { rule: { until: instant(ends) } } },
        async () => {},
      );
      return [...opened, ends - 1];
    },
  },
  {
    reason: "days since the enrollment",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const enrolled = await start(slug, { both: { rule: { after_enrollment: { days: 7 } } } });
      return [enrolled + 8 * DAY_MS];
    },
  },
  {
    reason: "days since another item",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await start(slug, { both: { rule: { after: { item: `${slug}.one`, days: 3 } } } });
      await completed(slug, learnerOf(slug), "one");
      return [Date.now() + 4 * DAY_MS];
    },
  },
  {
    reason: "a locked chapter",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const opens = Date.now() + DAY_MS;
      await start(slug, { chapter: { rule: { from: instant(opens) } } });
      return [opens + 1];
    },
  },
  {
    reason: "the order of chapters",
    hidden: false,
    code: "locked",
    make: async (slug) => [await start(slug, { options: { sequential: true } })],
  },
  {
    reason: "the tutorial",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await start(slug, {});
      return after2(slug, { options: { tutorial: `${slug}.one` } });
    },
  },
  {
    reason: "a cohort that was taken away",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await publish(courseWith(slug, { both: { rule: { cohort: "spring" } } }));
      await enroll(slug, learnerOf(slug));
      await patch(slug, { cohorts: ["spring"] });
      await wasOpen(slug);
      const then = await lives(slug);
      await patch(slug, { cohorts: [] });
      return [then];
    },
  },
  {
    reason: "practice mode that was ended",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await start(slug, { both: { rule: { completed: `${slug}.one` } } });
      await patch(slug, { practice_mode: true });
      await wasOpen(slug);
      const then = await lives(slug);
      await patch(slug, { practice_mode: false });
      return [then];
    },
  },
  {
    reason: "a revocation",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await start(slug, { both: { rule: { completed: `${slug}.one` } } });
      await completed(slug, learnerOf(slug), "one");
      await wasOpen(slug);
      const then = await lives(slug);
      await revoke(slug, learnerOf(slug), "one");
      return [then];
    },
  },
  {
    reason: "staff who locked it",
    hidden: false,
    code: "locked",
    make: (slug) =>
      after(slug, {}, async () => {
        for (const item of ["x", "px"]) await override(slug, learnerOf(slug), item, { kind: "lock" });
      }),
  },
  {
    reason: "staff who locked it for a day",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const expires_at = instant(Date.now() + DAY_MS);
      const opened = await after(slug, {}, async () => {
        for (const item of ["x", "px"]) await override(slug, learnerOf(slug), item, { kind: "lock", expires_at });
      });
      return [...opened, Date.parse(expires_at) + 1];
    },
  },
  {
    reason: "a pause of the course",
    hidden: false,
    code: "locked",
    make: (slug) => after(slug, {}, () => pause(slug, null)),
  },
  {
    reason: "a pause of the course for a day",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      const until = instant(Date.now() + DAY_MS);
      return [...(await after(slug, {}, () => pause(slug, until))), Date.parse(until) + 1];
    },
  },
  {
    reason: "an exception of staff that has expired",
    hidden: false,
    code: "locked",
    make: async (slug) => {
      await start(slug, { both: { rule: { completed: `${slug}.one` } } });
      const expires_at = instant(Date.now() + 90 * 60_000);
      for (const item of ["x", "px"]) await override(slug, learnerOf(slug), item, { kind: "unlock", expires_at });
      await wasOpen(slug);
      return [await lives(slug)];
    },
  },
  {
    reason: "a version that relocks",
    hidden: false,
    code: "locked",
    make: (slug) => after(slug, {}, () => change(slug, { both: { rule: { completed: `${slug}.one` } } })),
  },
  {
    reason: "a draft",
    hidden: true,
    code: "item_not_found",
    make: (slug) => after(slug, {}, () => change(slug, { both: { status: "draft" } })),
  },
  {
    reason: "deprecation",
    hidden: true,
    code: "item_not_found",
    make: (slug) => after(slug, {}, () => change(slug, { both: { status: "deprecated" } })),
  },
  {
    reason: "removal from the course",
    hidden: true,
    code: "item_not_found",
    make: (slug) => after(slug, {}, () => change(slug, { without: true })),
  },
  {
    reason: "a draft that never was anything else",
    hidden: true,
    code: "item_not_found",
    make: async (slug) => [await start(slug, { both: { status: "draft" } })],
  },
  {
    reason: "a withdrawal by the learner",
    hidden: true,
    code: "not_enrolled",
    make: (slug) =>
      after(slug, {}, async () => {
        const answer = await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf(learnerOf(slug)) });
        expect(answer.status).toBe(200);
      }),
  },
  {
    reason: "a withdrawal by staff",
    hidden: true,
    code: "not_enrolled",
    make: (slug) =>
      after(slug, {}, async () => {
        const answer = await call("DELETE", `/courses/${slug}/enrollments?user_id=${learnerOf(slug)}`, {
          token: await tokenOf(AUTHOR, "author"),
        });
        expect(answer.status).toBe(200);
      }),
  },
];

async function pause(slug: string, until: string | null): Promise<void> {
  const token = await tokenOf(AUTHOR, "author");
  const body = { reason: "the learner is abroad", until };
  const answer = await call("PUT", `/enrollments/${slug}:${learnerOf(slug)}/pause`, { token, body });
  expect(answer.status).toBe(200);
}

async function after2(slug: string, parts: Parts): Promise<number[]> {
  await wasOpen(slug);
  const then = await lives(slug);
  await change(slug, parts);
  return [then];
}

/** Makes the course, closes its items, and brings D1 up to date. @returns instants to ask for. */
export async function closed({ make }: Closed, slug: string): Promise<number[]> {
  const asked = await make(slug);
  advanceClock(1_000);
  await project(slug, learnerOf(slug));
  // The isolate's own clock may have stood at the instant of the last change: "past" is before it, "future" after.
  return [...asked, Date.now() - 1, Date.now() + 1, Date.parse("2099-01-01T00:00:00Z")];
}
