import { z } from "@hono/zod-openapi";
import { callEnrollment } from "../../enrollment/index.ts";
import { coursesOf, drainEnrollment } from "../../mirror/index.ts";
import { allAnswers, directory, everyShard, groupByShard, onEveryShard } from "../../platform/database/shards.ts";
import { enrollmentId } from "../../platform/ids.ts";
import { inParallel } from "../../platform/parallel.ts";
import { raiseBars } from "../bars.ts";
import { answered, exportedBy } from "../object-source.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import { NOBODY, type PersonalDataSource } from "../source.ts";
import {
  dropUserCourses,
  enrollmentsOf,
  everyCourse,
  HELD_MIRRORS,
  MIRRORS,
  mirroredIn,
  REGISTRATIONS,
  REMOVE_ENROLLMENTS,
  REMOVE_MIRRORS,
} from "../statements/enrollments.ts";

/** The columns of each shard. */
const PLACES: readonly UserColumn[] = [["enrollments", "user_id"]];
/** The column of the directory. */
const INDEX: readonly UserColumn[] = [["user_courses", "user_id"]];

/** Enrollments erased by one call. */
const PAGE = 25;
const PARALLEL_OBJECTS = 6;
/** The key of each table, and the rows read at a time: an answer is small, an announcement may have a megabyte. */
const PAGES = {
  progress: { key: "item_id", first: "", rows: 1_000 },
  submissions: { key: "id", first: "", rows: 50 },
  unlock_events: { key: "version", first: -1, rows: 5 },
  divergences: { key: "id", first: "", rows: 5 },
} as const;

/** The enrollments that a user may have: one for each course, registered or not. */
type Enrollments = readonly string[];

const positionSchema = z.object({ place: z.int(), from: z.string().nullable() });

/** Enrollments with all facts: in their objects, and in D1 as their mirrors. */
export const enrollmentsSource: PersonalDataSource = {
  name: "enrollments",
  async holds(env, user) {
    if (await anyRow(directory(env), INDEX, user)) return true;
    // Also rows that arrived without a registration.
    const own = await everyEnrollment(env, user);
    const found = await onEveryShard(env, async ({ db }) => {
      if (await anyRow(db, PLACES, user)) return true;
      return (await HELD_MIRRORS.find<{ found: number }>(db, own)).some((row) => row.found === 1);
    });
    return found.some((answer) => answer.ok && answer.value) || allAnswers(found).includes(true);
  },
  async people(env, from) {
    const places = [
      { db: directory(env), columns: INDEX },
      ...everyShard(env).map(({ db }) => ({ db, columns: PLACES })),
    ];
    const at = from === null ? { place: 0, from: null } : positionSchema.parse(JSON.parse(from));
    const place = places[at.place];
    if (place === undefined) return NOBODY;
    const { ids, next } = await idsIn(place.db, place.columns, at.from);
    if (next !== null) return { ids, next: JSON.stringify({ place: at.place, from: next }) };
    return { ids, next: at.place + 1 < places.length ? JSON.stringify({ place: at.place + 1, from: null }) : null };
  },
  async *export(env, user) {
    const courses = await coursesOf(env, user);
    const { groups, unplaced } = await groupByShard(env, courses, (course) => course);
    if (unplaced.length > 0) throw new Error("a course of the user cannot be found now");
    const registrations: { db: D1Database; row: { id: string; course_slug: string } }[] = [];
    for (const { shard, items } of groups) {
      const ids = items.map((course) => enrollmentId(course, user));
      const rows = await REGISTRATIONS.find<{ id: string; course_slug: string }>(shard.db, ids);
      registrations.push(...rows.map((row) => ({ db: shard.db, row })));
    }
    registrations.sort((a, b) => (a.row.course_slug < b.row.course_slug ? -1 : 1));
    for (const { db, row: registration } of registrations) {
      const { id } = registration;
      yield { kind: "registration", row: registration };
      for await (const record of exportedBy((from) => callEnrollment(env, id, (stub) => stub.exportOf(from)))) {
        yield { kind: record.kind, row: { enrollment_id: id, ...record.row } };
      }
      for (const table of MIRRORS) {
        for await (const mirror of mirrorsOf(db, table, id)) yield { kind: `stored_${table}`, row: mirror };
      }
    }
  },
  /**
   * Erases shard after shard, and in each shard the object first and its rows after: after a crash in between, the rows
   * are found again. No object starts from these rows meanwhile, because an erased one never does. The index comes
   * last: it says where to look.
   */
  async erase(env, user) {
    await raiseBars(env, user);
    const own = await everyEnrollment(env, user);
    for (const { db } of everyShard(env)) {
      if (await eraseInShard(env, db, user, own)) return "more";
    }
    await dropUserCourses(directory(env), user).run();
    return "done";
  },
};

/** Erases a page of the enrollments in one shard. @returns whether there may be more. */
async function eraseInShard(env: Env, db: D1Database, user: string, own: Enrollments): Promise<boolean> {
  const { results } = await enrollmentsOf(db, user, PAGE).all<{ id: string }>();
  const ids = results.map(({ id }) => id);
  await inParallel(ids, PARALLEL_OBJECTS, async (id) => {
    const erase = () => callEnrollment(env, id, (stub) => stub.erase());
    const erased = await erase();
    if (erased.ok) return;
    // First its pending entries for the audit chain are delivered, with everything before them.
    await drainEnrollment(env, id);
    answered(await erase());
  });
  // Includes rows that a running delivery wrote after the registration of its enrollment was gone.
  const mirrored = [...new Set([...ids, ...own])];
  const statements = [
    ...Object.values(REMOVE_MIRRORS).flatMap((remove) => remove.over(db, mirrored)),
    ...REMOVE_ENROLLMENTS.over(db, ids),
  ];
  if (statements.length > 0) await db.batch(statements);
  return ids.length === PAGE;
}

/** The enrollment that a user would have in each course there is. */
async function everyEnrollment(env: Env, user: string): Promise<string[]> {
  const { results } = await everyCourse(directory(env)).all<{ slug: string }>();
  return results.map(({ slug }) => enrollmentId(slug, user));
}

/** The rows of an enrollment in one table of the mirror, page by page. */
async function* mirrorsOf(
  db: D1Database,
  table: (typeof MIRRORS)[number],
  enrollment: string,
): AsyncGenerator<Record<string, unknown>> {
  const { key, first, rows } = PAGES[table];
  for (let after: string | number = first; ; ) {
    const { results } = await mirroredIn[table](db, enrollment, after, rows).all<Record<string, unknown>>();
    yield* results;
    const last = results.at(-1);
    if (last === undefined || results.length < rows) return;
    // SAFETY: a key is a text or a number, as the first one.
    after = last[key] as string | number;
  }
}
