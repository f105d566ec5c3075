import { type CourseMove, MAX_MOVES, movesUnderWay } from "../../platform/database/moves.ts";
import { fillOfShards, shardBound } from "../../platform/database/room.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { directory, everyShard, shardNamed } from "../../platform/database/shards.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { courseToMove, insertMove, LEARNERS_OF, moveOf } from "../statements.ts";
import { COPY_PAGE, type Estimate, estimateOf } from "./estimate.ts";
import { bytesOf, idRange, nextIds, type Shape, shapesOf } from "./tables.ts";

/** A move that may begin. */
export interface Plan {
  course: string;
  source: string;
  target: string;
  /** The course's generation in the target: it grows with each arrival. */
  generation: number;
  learners: number;
  /** The move has begun already. */
  move: CourseMove | null;
}

interface Placed {
  shard: string;
  shard_generation: number | null;
  active_version: number | null;
  learners: number;
}

/** Whether a course may be moved, and why not. Changes nothing. */
export async function planMove(env: Env, course: string, target: string): Promise<Result<Plan>> {
  const names = everyShard(env).map(({ name }) => name);
  if (!names.includes(target)) {
    const message = `there is no such database; there are ${names.join(", ")}`;
    return refuse("invalid_input", { errors: [{ path: "to", rule: "unknown_shard", message }] });
  }
  const placed = await courseToMove(directory(env), course).first<Placed>();
  if (placed === null) return refuse("course_not_found");
  if (placed.active_version === null) return refuse("course_unpublished");
  const { shard: source, shard_generation, learners } = placed;
  const moves = await movesUnderWay(env);
  const move = moves.find(({ course_slug }) => course_slug === course) ?? null;
  if (move !== null && move.target === target) {
    return ok({ course, source: move.source, target, generation: move.generation, learners, move });
  }
  if (move !== null) return refuse("course_moving", { detail: `It is moving to ${move.target}.` });
  if (moves.length >= MAX_MOVES) return refuse("course_moving", { detail: `${moves.length} courses are moving.` });
  if (source === target) {
    const message = "the course is in this database already";
    return refuse("invalid_input", { errors: [{ path: "to", rule: "already_there", message }] });
  }
  const full = await refuseIfFull(env, target, learners, moves);
  if (full !== null) return full;
  return ok({ course, source, target, generation: (shard_generation ?? 0) + 1, learners, move: null });
}

/** A course that is moving to a database counts there already. */
async function refuseIfFull(env: Env, target: string, learners: number, moves: readonly CourseMove[]) {
  const bound = shardBound(env);
  const there = (await fillOfShards(env)).find(({ name }) => name === target)?.learners ?? 0;
  const coming = moves.filter(
    (move) => move.target === target && (move.state === "copying" || move.state === "closing"),
  );
  const slugs = coming.map(({ course_slug }) => course_slug);
  const rows = await LEARNERS_OF.find<{ learners: number }>(directory(env), slugs);
  const expected = rows.reduce((sum, row) => sum + row.learners, there);
  if (expected + learners <= bound) return null;
  const detail = `${target} accepts ${bound} enrollments, has ${expected}, and would get ${learners} more.`;
  return refuse("shards_full", { detail });
}

/** Begins a planned move. Nothing is copied yet. Another call may have begun it meanwhile. */
export async function beginMove(env: Env, plan: Plan, now: number): Promise<CourseMove> {
  const { course, source, target, generation } = plan;
  const db = directory(env);
  await insertMove(db, course, source, target, generation, now).run();
  const move = await moveOf(db, course).first<CourseMove>();
  if (move === null) throw new Error(`the move of ${course} could not be begun`);
  return move;
}

/** The cost of a move, estimated from the first enrollments of the course. */
export async function estimateMove(env: Env, { course, source, target, learners }: Plan): Promise<Estimate> {
  const { db } = shardNamed(env, source);
  const shapes = await shapesOf(db, shardNamed(env, target).db);
  const { from, to } = idRange(course);
  const ids = await nextIds(db, from, to, COPY_PAGE);
  const measured = await Promise.all(
    shapes.map((shape) => measureOf(shape).find<{ n: number; bytes: number }>(db, ids)),
  );
  const sample = { enrollments: ids.length, rows: 0, bytes: 0 };
  for (const [row] of measured) {
    sample.rows += row?.n ?? 0;
    sample.bytes += row?.bytes ?? 0;
  }
  return estimateOf(learners, sample);
}

function measureOf({ name, isOf, columns }: Shape) {
  return setStatement(
    (set) => `SELECT count(*) AS n, coalesce(sum(${bytesOf(columns)}), 0) AS bytes FROM ${name} WHERE ${isOf(set)}`,
  );
}
