import { vi } from "vitest";
import { z } from "zod";
import { AUTHOR, type DocumentInput } from "./courses.ts";
import { type Call, call, read, tokenOf } from "./http.ts";

export const deltaSchema = z.looseObject({
  enrollment_id: z.string(),
  progress_seq: z.number(),
  policy_seq: z.number(),
  version: z.number(),
  course_version: z.number(),
  unlocked: z.array(z.string()),
  locked: z.array(z.string()),
});
export type DeltaView = z.infer<typeof deltaSchema>;

export const snapshotSchema = z.looseObject({
  version: z.number(),
  source: z.string(),
  progress_seq: z.number(),
  policy_seq: z.number(),
  course_version: z.number(),
  valid_until: z.string().nullable(),
  stale_since: z.string().optional(),
});
export const unlocksSchema = z.object({ states: z.record(z.string(), z.string()), snapshot: snapshotSchema });
export const rowSchema = z.looseObject({ id: z.string(), title: z.string(), status: z.string() });
export const pageSchema = z.object({
  results: z.array(rowSchema),
  next_cursor: z.string().nullable(),
  snapshot: snapshotSchema,
});
export const whySchema = z.looseObject({
  item: z.string(),
  is_locked: z.boolean(),
  reasons: z.array(z.looseObject({ code: z.string(), item: z.string().optional() })),
  to_unlock: z.array(z.looseObject({ action: z.string(), item: z.string().optional() })).nullable(),
  sentence: z.object({ en: z.string(), zh: z.string() }),
});

/** A token of the author of every test course. */
export const author = () => tokenOf(AUTHOR, "author");
export const admin = () => tokenOf("admin-of-tests", "admin");
export const service = () => tokenOf("service-of-tests", "service");

/** States of every item a learner sees, with the snapshot they come from. */
export async function unlocks(course: string, user: string, query = "") {
  const answer = await call("GET", `/courses/${course}/unlocks${query}`, { token: await tokenOf(user) });
  return read(answer, 200, unlocksSchema);
}

/** States without their snapshot. */
export async function statesOf(course: string, user: string, query = ""): Promise<Record<string, string>> {
  return (await unlocks(course, user, query)).states;
}

export async function complete(course: string, user: string, chapter: string, options: Call = {}) {
  const path = `/courses/${course}/chapters/${course}.${chapter}/mark_as_completed/`;
  return call("POST", path, { token: await tokenOf(user), ...options });
}

/** Completes a chapter; throws when it is refused. */
export async function completed(course: string, user: string, chapter: string): Promise<DeltaView> {
  return read(await complete(course, user, chapter), 200, deltaSchema);
}

export async function submit(course: string, user: string, problem: string, answer: string, options: Call = {}) {
  const path = `/problems/${course}.${problem}/submissions/`;
  return call("POST", path, { token: await tokenOf(user), body: { answer }, ...options });
}

/** Sets an override as the course's author. */
export async function override(course: string, user: string, item: string, body: object): Promise<DeltaView> {
  const path = `/enrollments/${course}:${user}/overrides/${course}.${item}`;
  const answer = await call("PUT", path, { token: await author(), body: { reason: "for the test", ...body } });
  return read(answer, 200, deltaSchema);
}

export async function removeOverride(course: string, user: string, item: string): Promise<DeltaView> {
  const path = `/enrollments/${course}:${user}/overrides/${course}.${item}`;
  return read(await call("DELETE", path, { token: await author() }), 200, deltaSchema);
}

export async function revoke(course: string, user: string, item: string): Promise<DeltaView> {
  const body = { item: `${course}.${item}`, reason: "taken back for the test" };
  const answer = await call("POST", `/enrollments/${course}:${user}/revocations`, { token: await author(), body });
  return read(answer, 200, deltaSchema);
}

/** Ids of the items a learner can open now, as the two lists say; `unlocks` shows a completed item as completed even where it has locked again. */
export async function openItems(course: string, user: string): Promise<Set<string>> {
  const token = await tokenOf(user);
  const open = new Set<string>();
  for (const list of ["chapters", "problems"]) {
    const page = await read(await call("GET", `/courses/${course}/${list}?limit=1000`, { token }), 200, pageSchema);
    for (const row of page.results) if (row.is_locked === false || row.is_unlocked === true) open.add(row.id);
  }
  return open;
}

/** What opened and what locked between two sets of open items. */
export function differenceOf(before: ReadonlySet<string>, after: ReadonlySet<string>) {
  return { unlocked: [...after.difference(before)].sort(), locked: [...before.difference(after)].sort() };
}

/** The delta of a write in the form of {@link differenceOf}. */
export function deltaOf({ unlocked, locked }: { unlocked: string[]; locked: string[] }) {
  return { unlocked: unlocked.toSorted(), locked: locked.toSorted() };
}

/** Moves the clock; `vi.useRealTimers()` brings it back. Only Date is faked: queues and timers stay real. */
export function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

export function advanceClock(ms: number): void {
  setClock(Date.now() + ms);
}

/** Four chapters in a row, each behind the one before; two problems in the first, one in the second. */
export function ladder(slug: string, options: Partial<DocumentInput["options"]> = {}): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: { en: "Ladder", zh: "梯子" },
    options: { sticky: false, ...options },
    chapters: [
      {
        id: id("one"),
        title: { en: "One", zh: "一" },
        content: { en: "# Content of one", zh: "# 一的内容" },
        problems: [
          { id: id("p1"), title: "P1", content: "2 + 2?", answer: { kind: "numeric", value: 4 } },
          { id: id("p2"), title: "P2", difficulty: 3 },
        ],
      },
      {
        id: id("two"),
        title: { en: "Two", zh: "二" },
        content: "# Content of two",
        rule: { completed: id("one") },
        problems: [{ id: id("p3"), title: "P3", rule: { score: { item: id("p1"), min: 50 } } }],
      },
      {
        id: id("three"),
        title: { en: "Three", zh: "三" },
        content: "# Content of three",
        rule: { completed: id("two") },
      },
      { id: id("four"), title: "Four", rule: { all: [{ completed: id("three") }, { attempted: id("p2") }] } },
    ],
  };
}
