import { and, eq, sql } from "drizzle-orm";
import { type CoursePointer, loadProgram, type PublishImpact } from "../courses/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import { difference, openIds, type Program } from "../unlock/index.ts";
import { loadMirroredPage } from "./mirror.ts";
import { mirroredView } from "./mirrored.ts";
import { enrollments } from "./tables.ts";

/** Numbers from D1; impact-now.ts says how far D1 is up to date. */
export interface Impact extends Pick<PublishImpact, "enrollments" | "evaluated" | "gaining" | "losing" | "items"> {
  /** Some of the learners for whom something would change: those who lose something come first. */
  changed: { user_id: string; gain: string[]; lose: string[] }[];
}

/** Enrollments per D1 page, and most enrollments evaluated by one dry run; beyond it the answer is a sample. */
const PAGE = 200;
const MAX_EVALUATED = 2_000;
/** Learners that are named at most, and items named for each, in each direction. */
const MAX_NAMED = 50;
const MAX_NAMED_ITEMS = 20;

/**
 * The effect of publishing a version: each active enrollment is evaluated before and after from D1, exactly up to
 * {@link MAX_EVALUATED} enrollments and as a sample (in order of user id) above.
 */
export async function impactOf(
  databases: CourseDatabases,
  course: string,
  current: CoursePointer | null,
  next: Program,
  policy: "grandfather" | "relock",
  now: number,
): Promise<Impact> {
  const impact: Impact = { enrollments: 0, evaluated: 0, gaining: 0, losing: 0, items: [], changed: [] };
  const db = await databases.ofCourse(course);
  const total = await db
    .select({ count: sql<number>`count(*)` })
    .from(enrollments)
    .where(and(eq(enrollments.course_slug, course), eq(enrollments.status, "active")))
    .get();
  impact.enrollments = total?.count ?? 0;
  const before = current === null ? null : await loadProgram(databases.directory, course, current.version);
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
  const gainers: Impact["changed"] = [];
  const losers: Impact["changed"] = [];
  let after = "";
  while (impact.evaluated < MAX_EVALUATED) {
    const { mirrors, next: following } = await loadMirroredPage(db, course, after, PAGE);
    for (const mirror of mirrors) {
      const seen = mirroredView(mirror, current, before, now);
      // What the object will take to the new version: items kept open, and items that the rules have opened by now.
      const earned = before.ids.filter((_, item) => seen.evaluation.earned[item] === 1);
      const carried = { ...mirror, activation: current.activation, earned };
      const would = mirroredView(carried, pointer, next, now);
      const delta = difference(openIds(before, seen.evaluation), openIds(next, would.evaluation));
      if (delta.unlocked.length > 0) impact.gaining += 1;
      if (delta.locked.length > 0) impact.losing += 1;
      const named = delta.locked.length > 0 ? losers : gainers;
      if (delta.unlocked.length + delta.locked.length > 0 && named.length < MAX_NAMED) {
        const [gain, lose] = [delta.unlocked, delta.locked].map((items) => items.slice(0, MAX_NAMED_ITEMS));
        named.push({ user_id: mirror.user, gain: gain ?? [], lose: lose ?? [] });
      }
      for (const item of delta.unlocked) count(item, "gain");
      for (const item of delta.locked) count(item, "lose");
      impact.evaluated += 1;
    }
    if (following === null) break;
    after = following;
  }
  impact.items = [...perItem].map(([item, counts]) => ({ item, ...counts }));
  impact.changed = [...losers, ...gainers].slice(0, MAX_NAMED);
  return impact;
}
