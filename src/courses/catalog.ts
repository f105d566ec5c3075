import { z } from "@hono/zod-openapi";
import { and, asc, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { rememberPlacement } from "../platform/database/placement.ts";
import { compile, type Outline, type Program } from "../unlock/index.ts";
import { type CourseRights, MEMBER_ROLES } from "./access.ts";
import { courseOutlines, courses } from "./tables.ts";

/**
 * The isolate's memory of courses. Versions are immutable, so compiled programs are kept until there is no room; the
 * pointer to the active version is kept for seconds, so an author's change is seen within seconds.
 */

/** The version that applies. `activation` only grows, also when an older version is activated again. */
export interface CoursePointer {
  version: number;
  activation: number;
  /** The latest activation that relocked. */
  last_relock: number;
  /** The approximate number of learners that ever enrolled. */
  learners?: number;
}

export interface CourseEntry extends CourseRights {
  slug: string;
  /** The organisation it belongs to; null: the common space of the installation. */
  organization: string | null;
  /** Null until the first version is published. */
  pointer: CoursePointer | null;
}

/** At this age a pointer is read again in the background while the old one is still used. */
const POINTER_SOFT_AGE_MS = 2_000;
/** No pointer older than this is used while D1 answers: it keeps the promise "author changes within 5 s on read". */
const POINTER_MAX_AGE_MS = 5_000;
/**
 * While D1 does not answer, rights in a course come from memory for so long: a right that was taken away ends at the
 * latest then.
 */
const RIGHTS_MAX_AGE_MS = 60_000;
/** Members of one course: they are read, and remembered, with its pointer. */
export const MAX_MEMBERS = 100;
/** Courses whose pointer is in memory; the oldest entry is removed first. */
const MAX_POINTERS = 2_000;
/** Items of all remembered programs together; about 300 bytes each, so some 60 MB of an isolate's 128. */
const MAX_PROGRAM_ITEMS = 200_000;

interface CachedEntry {
  entry: CourseEntry | null;
  fetchedAt: number;
  refreshing: boolean;
}

const pointers = new Map<string, CachedEntry>();
const programs = new Map<string, Program>();
let programItems = 0;

/**
 * A course as this isolate knows it: at most {@link POINTER_MAX_AGE_MS} old, or older while D1 does not answer.
 * @param db makes the database handle when it is needed: usually it is not.
 * @param background keeps a refresh alive after the answer (`ctx.waitUntil`); the answer does not wait for its query.
 * @returns null when there is no such course.
 * @throws when D1 does not answer and nothing is in memory.
 */
export async function findCourse(
  db: () => Database,
  slug: string,
  background?: { db: () => Database; waitUntil(work: Promise<unknown>): void },
): Promise<CourseEntry | null> {
  const cached = pointers.get(slug);
  const age = cached === undefined ? Number.POSITIVE_INFINITY : Date.now() - cached.fetchedAt;
  if (cached !== undefined && age < POINTER_MAX_AGE_MS) {
    if (age >= POINTER_SOFT_AGE_MS && !cached.refreshing && background !== undefined) {
      cached.refreshing = true;
      // A failed background refresh changes nothing: the pointer becomes older, and the next reader fetches it itself.
      background.waitUntil(fetchCourse(background.db(), slug).catch(() => forgetRefreshing(cached)));
    }
    return cached.entry;
  }
  try {
    return await fetchCourse(db(), slug);
  } catch (fault) {
    if (cached === undefined) throw fault;
    return age < RIGHTS_MAX_AGE_MS ? cached.entry : withoutRights(cached.entry);
  }
}

/** Old memory may still say which version there is, but not who may change it. */
function withoutRights(entry: CourseEntry | null): CourseEntry | null {
  return entry === null ? null : { ...entry, owner_id: "", members: new Map() };
}

/**
 * The same for a write that needs a right in the course: rights are read, so that one that was just taken away is gone.
 * While D1 does not answer, those in memory count for a minute.
 */
export async function findCourseForWrite(db: () => Database, slug: string): Promise<CourseEntry | null> {
  const before = pointers.get(slug);
  try {
    return await fetchCourse(db(), slug);
  } catch (fault) {
    if (before === undefined || Date.now() - before.fetchedAt >= RIGHTS_MAX_AGE_MS) throw fault;
    return before.entry;
  }
}

function forgetRefreshing(cached: CachedEntry): void {
  cached.refreshing = false;
}

/** Whether the pointer in this isolate is fresh enough for a read, without I/O. */
export function isFresh(slug: string): boolean {
  const cached = pointers.get(slug);
  return cached !== undefined && Date.now() - cached.fetchedAt < POINTER_SOFT_AGE_MS;
}

/** The course in this isolate's memory, of any age, without I/O. Undefined when there is none. */
export function rememberedCourse(slug: string): CourseEntry | null | undefined {
  return pointers.get(slug)?.entry;
}

const membersShape = z.array(z.tuple([z.string(), z.enum(MEMBER_ROLES)]));
/** The members of a course in the statement that reads it. */
const MEMBERS = sql<string>`(SELECT json_group_array(json_array(user_id, role)) FROM course_members
  WHERE course_slug = ${courses.slug} LIMIT ${MAX_MEMBERS})`;

/** Reads the course from D1, without any cache, and keeps it in memory. */
export async function fetchCourse(db: Database, slug: string): Promise<CourseEntry | null> {
  const row = await db
    .select({ ...getTableColumns(courses), members: MEMBERS })
    .from(courses)
    .where(eq(courses.slug, slug))
    .get();
  const entry: CourseEntry | null =
    row === undefined
      ? null
      : {
          slug,
          owner_id: row.owner_id,
          organization: row.organization_id,
          members: new Map(membersShape.parse(JSON.parse(row.members))),
          pointer:
            row.active_version === null
              ? null
              : {
                  version: row.active_version,
                  activation: row.activation,
                  last_relock: row.last_relock,
                  learners: row.learners,
                },
        };
  if (row !== undefined && row.active_version !== null) {
    rememberPlacement(slug, { shard: row.shard, generation: row.shard_generation ?? 0 });
  }
  const known = pointers.get(slug)?.entry?.pointer;
  if (known != null && entry?.pointer != null && known.activation > entry.pointer.activation) {
    // A slower query ended after a newer one: an older computation never replaces a newer one (invariant 4).
    return pointers.get(slug)?.entry ?? entry;
  }
  pointers.delete(slug);
  pointers.set(slug, { entry, fetchedAt: Date.now(), refreshing: false });
  for (const oldest of pointers.keys()) {
    if (pointers.size <= MAX_POINTERS) break;
    pointers.delete(oldest);
  }
  return entry;
}

/** Forgets a course's pointer in this isolate, after a publish that this isolate made itself. */
export function forgetCourse(slug: string): void {
  pointers.delete(slug);
}

/** A compiled version if this isolate has it; no I/O. */
export function rememberedProgram(course: string, version: number): Program | null {
  const key = `${course}@${version}`;
  const program = programs.get(key);
  if (program === undefined) return null;
  programs.delete(key);
  programs.set(key, program);
  return program;
}

/** Compiles an outline and remembers the program. */
export function rememberProgram(version: number, outline: Outline): Program {
  const key = `${outline.course}@${version}`;
  const existing = programs.get(key);
  if (existing !== undefined) return existing;
  const program = compile(outline);
  programs.set(key, program);
  programItems += program.size;
  for (const [oldest, old] of programs) {
    if (programItems <= MAX_PROGRAM_ITEMS || oldest === key) break;
    programs.delete(oldest);
    programItems -= old.size;
  }
  return program;
}

/** The compiled version, from memory or by one D1 query; null when the course has no such version. */
export async function loadProgram(db: Database, course: string, version: number): Promise<Program | null> {
  return rememberedProgram(course, version) ?? (await loadOutline(db, course, version).then(compiled));
  function compiled(outline: Outline | null): Program | null {
    return outline === null ? null : rememberProgram(version, outline);
  }
}

/** The stored outline of one version; one D1 query whatever its size. */
async function loadOutline(db: Database, course: string, version: number): Promise<Outline | null> {
  const parts = await db
    .select({ body: courseOutlines.body })
    .from(courseOutlines)
    .where(and(eq(courseOutlines.course_slug, course), eq(courseOutlines.version, version)))
    .orderBy(asc(courseOutlines.part))
    .all();
  return parts.length === 0 ? null : parseOutline(parts.map((part) => part.body));
}

const outlineShape = z.custom<Outline>((value) => typeof value === "object" && value !== null && "chapters" in value);

/** Reads an outline back from its stored parts. It was validated before it was written, so only its shape is checked. */
export function parseOutline(parts: readonly string[]): Outline {
  return outlineShape.parse(JSON.parse(parts.join("")));
}

/** Pointer and outline of a course in ONE statement, for a reader that has neither. */
export async function loadActiveProgram(
  db: Database,
  course: string,
): Promise<{ pointer: CoursePointer; program: Program } | null> {
  const rows = await db
    .select({
      version: courses.active_version,
      activation: courses.activation,
      last_relock: courses.last_relock,
      learners: courses.learners,
      shard: courses.shard,
      shard_generation: courses.shard_generation,
      body: courseOutlines.body,
    })
    .from(courses)
    .innerJoin(
      courseOutlines,
      and(eq(courseOutlines.course_slug, courses.slug), eq(courseOutlines.version, courses.active_version)),
    )
    .where(eq(courses.slug, course))
    .orderBy(asc(courseOutlines.part))
    .all();
  const [first] = rows;
  if (first === undefined || first.version === null) return null;
  const { version, activation, last_relock, learners, shard, shard_generation } = first;
  rememberPlacement(course, { shard, generation: shard_generation ?? 0 });
  const pointer = { version, activation, last_relock, learners };
  const program =
    rememberedProgram(course, first.version) ??
    rememberProgram(first.version, parseOutline(rows.map((row) => row.body)));
  return { pointer, program };
}
