import { withTimeOut } from "../http/time-out.ts";
import { logFault } from "../log.ts";
import { forgetPlacement, placementOf } from "./placement.ts";

// The only access to D1: no other file names the binding of a database, and a test checks that. Data that all courses
// share is in the directory. Large data of one course is in the course's shard. The directory's own database is the
// first shard, so one shard means one database.

/** A database that holds enrollments. */
export interface Shard {
  /** Name of its binding. The directory stores this name for each course. */
  readonly name: string;
  readonly db: D1Database;
}

/** The first shard, which is also the directory. */
export const FIRST_SHARD = "DB";
/** The names of shards. Shards are used in the order of their numbers. scripts/lib/environments.ts makes the names. */
export const SHARD_NAME = /^DB(_SHARD_[1-9]\d{0,3})?$/;
const SHARD_BINDING = /^DB_SHARD_([1-9]\d*)$/;

/** The course is in a database for which this deployment has no binding. */
export class ShardMissingError extends Error {
  override readonly name = "ShardMissingError";
}

/**
 * Users, courses, versions, audit, events, records, files, early warning, privacy and operations, and which courses
 * each user may be in.
 */
export function directory(env: Env): D1Database {
  return env[FIRST_SHARD];
}

/** The shards found for a set of bindings; they are looked up once. */
const known = new WeakMap<Env, readonly Shard[]>();

/** Every shard, the first one first: for work on all courses. See {@link onEveryShard}. */
export function everyShard(env: Env): readonly Shard[] {
  let shards = known.get(env);
  if (shards === undefined) {
    const numbered: { number: number; shard: Shard }[] = [];
    for (const [name, binding] of Object.entries(env)) {
      const number = SHARD_BINDING.exec(name)?.[1];
      // SAFETY: only databases are bound under such names.
      if (number !== undefined) numbered.push({ number: Number(number), shard: { name, db: binding as D1Database } });
    }
    numbered.sort((a, b) => a.number - b.number);
    shards = [{ name: FIRST_SHARD, db: directory(env) }, ...numbered.map(({ shard }) => shard)];
    known.set(env, shards);
  }
  return shards;
}

/** The shard with this name. @throws ShardMissingError if there is no such binding. */
export function shardNamed(env: Env, name: string): Shard {
  const shard = everyShard(env).find((candidate) => candidate.name === name);
  if (shard === undefined) throw new ShardMissingError(`there is no database ${name}`);
  return shard;
}

/**
 * The shard of a course. No query while the isolate remembers the course's place. For writes, use {@link atCourse}.
 * @param db the directory with the caller's counter.
 * @throws if the isolate does not know, and the directory does not answer.
 */
export async function shardOf(env: Env, course: string, db: D1Database = directory(env)): Promise<Shard> {
  return shardNamed(env, (await placementOf(db, course)).shard);
}

/** The database of a course's enrollments and of their mirrors, see {@link shardOf}. */
export async function forCourse(env: Env, course: string, db?: D1Database): Promise<D1Database> {
  return (await shardOf(env, course, db)).db;
}

/** Whether a write was refused because the course is in another shard by now. Nothing of its batch was written. */
export function isMoved(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (error.message.includes("course_moved")) return true;
  }
  return false;
}

/** Waits while a course is being moved, milliseconds: usually it has arrived after the first or second. */
const MOVE_WAITS_MS: readonly number[] = [0, 50, 100, 200, 400, 800, 1_500];

/**
 * Writes to the shard of a course. If the course has moved, it is looked up again and the work is done once more there.
 * A course that is being moved refuses writes for a moment; the caller waits.
 *
 * @param waits pauses before each further try, milliseconds.
 * @throws what the work throws; {@link isMoved} while the course is still being moved. Then the write waits, or its
 * caller is asked to come again.
 * waits, or its caller is asked to come again.
 */
export async function atCourse<T>(
  env: Env,
  course: string,
  work: (db: D1Database) => Promise<T>,
  waits: readonly number[] = MOVE_WAITS_MS,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work(await forCourse(env, course));
    } catch (fault) {
      const wait = waits[tries];
      if (!isMoved(fault) || wait === undefined) throw fault;
      forgetPlacement(course);
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** The items of one shard, from items of many courses. */
export interface ShardGroup<T> {
  shard: Shard;
  items: T[];
}

/**
 * Groups items by the shard of their course, with one lookup for each course that the isolate does not remember.
 * @returns also the items whose course cannot be found now.
 */
export async function groupByShard<T>(
  env: Env,
  items: readonly T[],
  courseOf: (item: T) => string,
): Promise<{ groups: ShardGroup<T>[]; unplaced: T[] }> {
  const groups = new Map<string, ShardGroup<T>>();
  const unplaced: T[] = [];
  for (const [course, own] of Map.groupBy(items, courseOf)) {
    try {
      const shard = await shardOf(env, course);
      const group = groups.get(shard.name) ?? { shard, items: [] };
      group.items.push(...own);
      groups.set(shard.name, group);
    } catch (fault) {
      logFault("course_unplaced", fault, { course_id: course });
      unplaced.push(...own);
    }
  }
  return { groups: [...groups.values()], unplaced };
}

/** The answer of one shard, or that it does not answer. */
export type ShardAnswer<T> = { name: string; ok: true; value: T } | { name: string; ok: false; fault: unknown };

/**
 * Asks all shards at the same time. A shard that does not answer is logged, and does not affect the others.
 * @param waitMs the longest wait for a shard; absent: as long as the platform allows.
 */
export function onEveryShard<T>(
  env: Env,
  work: (shard: Shard) => Promise<T>,
  waitMs?: number,
): Promise<ShardAnswer<T>[]> {
  return Promise.all(
    everyShard(env).map(async (shard): Promise<ShardAnswer<T>> => {
      try {
        const value = waitMs === undefined ? work(shard) : withTimeOut(work(shard), waitMs, shard.name);
        return { name: shard.name, ok: true, value: await value };
      } catch (fault) {
        logFault("shard_dark", fault, { shard: shard.name });
        return { name: shard.name, ok: false, fault };
      }
    }),
  );
}

/** The values of the shards that answered. @throws the first fault if none did. */
export function answersOf<T>(answers: readonly ShardAnswer<T>[]): T[] {
  return answers.some(({ ok }) => ok)
    ? answers.flatMap((answer) => (answer.ok ? [answer.value] : []))
    : allAnswers(answers);
}

/** The answers of all shards, for results that must be complete. @throws the first fault. */
export function allAnswers<T>(answers: readonly ShardAnswer<T>[]): T[] {
  return answers.map((answer) => {
    if (!answer.ok) throw answer.fault;
    return answer.value;
  });
}
