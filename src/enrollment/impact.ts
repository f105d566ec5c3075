import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import { type CoursePointer, loadProgram } from "../courses/index.ts";
import { difference, openIds, type Program } from "../unlock/index.ts";
import { loadMirroredPage } from "./mirror.ts";
import { mirroredView } from "./realtime.ts";
import { enrollments } from "./tables.ts";

export interface Impact {
  /** Active enrollments of the course, and how many of them were evaluated. */
  enrollments: number;
  evaluated: number;
  /** Learners (of the evaluated ones) who would gain or lose at least one item. */
  gaining: number;
  losing: number;
  /** Per item: how many would gain it and how many would lose it. Items without any change are left out. */
  items: { item: string; gain: number; lose: number }[];
}

/** Enrollments per D1 page, and most enrollments evaluated by one dry run; beyond it the answer is a sample. */
const PAGE = 200;
export const MAX_EVALUATED = 2_000;

/**
 * What publishing a version would do: each active enrollment is evaluated before and after from D1, exactly up to
 * {@link MAX_EVALUATED} enrollments and as a sample (in order of user id) beyond.
 */
export async function impactOf(
  db: Database,
  course: string,
  current: CoursePointer | null,
  next: Program,
  policy: "grandfather" | "relock",
  now: number,
): Promise<Impact> {
  const impact: Impact = { enrollments: 0, evaluated: 0, gaining: 0, losing: 0, items: [] };
  const total = await db
    .select({ count: sql<number>`count(*)` })
    .from(enrollments)
    .where(and(eq(enrollments.course_slug, course), eq(enrollments.status, "active")))
    .get();
  impact.enrollments = total?.count ?? 0;
  const before = current === null ? null : await loadProgram(db, course, current.version);
  if (current === null || before === null) return impact;
  const activation = current.activation + 1;
  const pointer = {
    version: current.version + 1,
    activation,
    last_relock: policy === "relock" ? activation : current.last_relock,
  };
  const perItem = new Map<string, { gain: number; lose: number }>();
  const count = (item: string, kind: "gain" | "lose") => {
    const entry = perItem.get(item) ?? { gain: 0, lose: 0 };
    entry[kind] += 1;
    perItem.set(item, entry);
  };
  let after = "";
  while (impact.evaluated < MAX_EVALUATED) {
    const page = await loadMirroredPage(db, course, after, PAGE);
    for (const mirror of page) {
      const seen = mirroredView(mirror, current, before, now);
      // What the object will carry over: what is kept, and what the rules have opened by now.
      const earned = before.ids.filter((_, item) => seen.evaluation.earned[item] === 1);
      const carried = { ...mirror, activation: current.activation, earned };
      const would = mirroredView(carried, pointer, next, now);
      const delta = difference(openIds(before, seen.evaluation), openIds(next, would.evaluation));
      if (delta.unlocked.length > 0) impact.gaining += 1;
      if (delta.locked.length > 0) impact.losing += 1;
      for (const item of delta.unlocked) count(item, "gain");
      for (const item of delta.locked) count(item, "lose");
      impact.evaluated += 1;
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    after = last.user;
  }
  impact.items = [...perItem].map(([item, counts]) => ({ item, ...counts }));
  return impact;
}
