import { withTimeOut } from "../http/time-out.ts";
import { logFault } from "../log.ts";
import { forgetPlacement, placementOf } from "./placement.ts";

// The one seam to D1: no other file names a binding of a database, and a test holds that. What all courses share is in the
// directory; what is large and of one course is in the course's shard. The directory's own database is the first shard,
// so one shard is one database.

/** A database that holds enrollments. */
export interface Shard {
  /** Name of its binding, which is what the directory notes of a course. */
  readonly name: string;
  readonly db: D1Database;
}

/** The first shard, which is the directory too. */
export const FIRST_SHARD = "DB";
/** Names that a shard may have. Further shards are taken in the order of their numbers. scripts/lib/environments.ts makes the names. */
export const SHARD_NAME = /^DB(_SHARD_[1-9]\d{0,3})?$/;
const SHARD_BINDING = /^DB_SHARD_([1-9]\d*)$/;

/** A course is in a database that this deployment has no binding for. */
export class ShardMissingError extends Error {
  override readonly name = "ShardMissingError";
}

/**
 * Users, courses, versions, audit, events, records, files, early warning, privacy and operations, and in which courses
 * a user may be.
 */
export function directory(env: Env): D1Database {
  return env[FIRST_SHARD];
}

/** What is found once for a set of bindings. */
const known = new WeakMap<Env, readonly Shard[]>();

/** Every shard, the first one first: for what goes over all courses. See {@link onEveryShard}. */
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

/** The shard of this name. @throws ShardMissingError when there is no such binding. */
export function shardNamed(env: Env, name: string): Shard {
  const shard = everyShard(env).find((candidate) => candidate.name === name);
  if (shard === undefined) throw new ShardMissingError(`there is no database ${name}`);
  return shard;
}

/**
 * The shard of a course. No query while the isolate remembers where the course is; who writes does it through
 * {@link atCourse}.
 * @param db the directory as the caller counts it.
 * @throws when the isolate does not know, and the directory does not answer.
 */
export async function shardOf(env: Env, course: string, db: D1Database = directory(env)): Promise<Shard> {
  return shardNamed(env, (await placementOf(db, course)).shard);
}

/** The database of a course's enrollments and of their mirrors, see {@link shardOf}. */
export async function forCourse(env: Env, course: string, db?: D1Database): Promise<D1Database> {
  return (await shardOf(env, course, db)).db;
}

/** Whether a write was refused because the course is in another shard by now: nothing of its batch was written. */
export function isMoved(fault: unknown): boolean {
  for (let error = fault; error instanceof Error; error = error.cause) {
    if (error.message.includes("course_moved")) return true;
  }
  return false;
}

/** Waits while a course is on its way, milliseconds: as a rule it is there after the first or the second. */
const MOVE_WAITS_MS: readonly number[] = [0, 50, 100, 200, 400, 800, 1_500];

/**
 * Writes to the shard of a course. A course that has moved is looked up again, and the work is done once more there.
 * One that is on its way refuses writes for a moment; the caller waits.
 *
 * @param waits pauses before each further try, milliseconds.
 * @throws what the work throws; {@link isMoved} while the course is still on its way. What was to be written then
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

/** What belongs to one shard, of many things of many courses. */
export interface ShardGroup<T> {
  shard: Shard;
  items: T[];
}

/**
 * Things by the shard of their course; one lookup for each course that the isolate does not remember.
 * @returns also the things whose course nobody can place now.
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

/** What one shard said, or that it does not answer. */
export type ShardAnswer<T> = { name: string; ok: true; value: T } | { name: string; ok: false; fault: unknown };

/**
 * Asks every shard at the same time. One that does not answer is logged, and stops nothing but itself.
 * @param waitMs how long a shard is waited for; left out, for as long as the platform lets it take.
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

/** The values of the shards that answered. @throws what the first one threw when none did. */
export function answersOf<T>(answers: readonly ShardAnswer<T>[]): T[] {
  return answers.some(({ ok }) => ok)
    ? answers.flatMap((answer) => (answer.ok ? [answer.value] : []))
    : allAnswers(answers);
}

/** What every shard said, for what must be whole. @throws what the first failing one threw. */
export function allAnswers<T>(answers: readonly ShardAnswer<T>[]): T[] {
  return answers.map((answer) => {
    if (!answer.ok) throw answer.fault;
    return answer.value;
  });
}
