import { runningBackup } from "../../backup/index.ts";
import { type CourseMove, movesUnderWay } from "../../platform/database/moves.ts";
import { forgetPlacement } from "../../platform/database/placement.ts";
import { fillOfShards, shardBound } from "../../platform/database/room.ts";
import { directory } from "../../platform/database/shards.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { endMove, forgetChanges, nameShard, noteMoved, setMoveState } from "../statements.ts";
import { Copying } from "./copy.ts";
import { COPY_PAGE } from "./estimate.ts";
import { MoveCall, OvertakenError } from "./move-call.ts";
import { Purging } from "./purge.ts";
import { shapesOf } from "./tables.ts";

// A move, step by step. Each step may be killed at any moment and is then repeated. While rows are copied, the source
// accepts writes. In `closing` nobody writes, and pending writes wait in the outboxes of the objects. From `moved` on
// the directory names the target.

/** A course is closed no longer than this: then the source is opened again, and closed another time. */
const CLOSED_AT_MOST_MS = 8_000;
/** Pages of changes that a call copies before it closes the source, even if there are more. */
const CHANGE_PAGES = 40;
const WAITS_FOR_BACKUP = "backup";
const WAITS_FOR_ROOM = "room";
const WAITS_FOR_READERS = "readers";

/**
 * The result of a call: the present state of the move; its last state when it is done; or nothing, because another call
 * holds it.
 */
export type Worked = { move: CourseMove; done: boolean } | null;

/** Works on the move of a course until it is done, it must wait, or `until` (epoch ms). */
export async function workOnMove(env: Env, course: string, until: number): Promise<Worked> {
  const call = await MoveCall.take(env, course, Date.now());
  if (call === null) return null;
  try {
    const done = await advance(call, until);
    if (done) return { move: call.move, done };
  } catch (fault) {
    if (fault instanceof OvertakenError) return { move: call.move, done: false };
    await call.note({ leased_until: 0, progressed_at: call.move.progressed_at }).catch(() => undefined);
    throw fault;
  }
  await call.note({ leased_until: 0, progressed_at: call.move.progressed_at });
  return { move: call.move, done: false };
}

/** @returns whether the move is over. */
async function advance(call: MoveCall, until: number): Promise<boolean> {
  if (call.move.state === "copying" || call.move.state === "closing") {
    await call.enter();
    // A call that wanted to open it again may have been killed before.
    if (call.move.state === "copying") await call.write("leaving", [call.opens(call.source.db)]);
    const copying = new Copying(call, await shapesOf(call.source.db, call.target.db));
    if (call.move.state === "copying" && !(await copied(call, copying, until))) return false;
    if (!(await closed(call, copying))) return false;
  }
  if (call.move.state === "moved") await open(call);
  return purged(call, until);
}

/** Copies while writers write. @returns whether so little is left that the source may be closed. */
async function copied(call: MoveCall, copying: Copying, until: number): Promise<boolean> {
  for (;;) {
    const last = await copying.nextPage(call.move.copied_up_to);
    if (last === null) break;
    await call.note({ copied_up_to: last, waits_for: null });
    if (Date.now() >= until) return false;
  }
  for (let pages = 0; pages < CHANGE_PAGES; pages += 1) {
    if ((await copying.nextChanges()) < COPY_PAGE) break;
    await call.note({ waits_for: null });
    if (Date.now() >= until) return false;
  }
  const waits_for = await obstacle(call);
  if (waits_for !== null) await call.note({ waits_for, progressed_at: call.move.progressed_at });
  return waits_for === null;
}

/** The reason why the course cannot arrive now. */
async function obstacle({ env, move }: MoveCall): Promise<string | null> {
  if ((await runningBackup(env, Date.now())) !== null) return WAITS_FOR_BACKUP;
  const fill = (await fillOfShards(env)).find(({ name }) => name === move.target);
  return fill !== undefined && fill.learners >= shardBound(env) ? WAITS_FOR_ROOM : null;
}

/**
 * Closes the source, copies the rest, and lets the directory name the target.
 * @returns false when it could not be done now: the source is open again.
 */
async function closed(call: MoveCall, copying: Copying): Promise<boolean> {
  const { env, source, target, course } = call;
  // A backup pauses while a course is closed, and no course is closed during a backup: the first of the two wins.
  await call.note({ state: "closing", waits_for: null, progressed_at: call.move.progressed_at });
  const since = Date.now();
  try {
    if ((await runningBackup(env, since)) !== null) {
      await reopen(call, WAITS_FOR_BACKUP);
      return false;
    }
    await call.write("leaving", [call.closes(source.db, target.name)]);
    for (;;) {
      if ((await copying.nextChanges()) === 0) break;
      if (Date.now() > since + CLOSED_AT_MOST_MS) {
        await reopen(call, null);
        return false;
      }
    }
    await name(call);
  } catch (fault) {
    if (fault instanceof OvertakenError) throw fault;
    logFault("move_not_closed", fault, { course_id: course });
    await reopen(call, null);
    throw fault;
  }
  await open(call, since);
  return true;
}

/**
 * The source accepts writes again. The directory is updated first, so that a late update of this call cannot name
 * another place any more. If the source does not answer, the course stays closed until a later call opens it.
 */
async function reopen(call: MoveCall, waits_for: string | null): Promise<void> {
  await call.note({ state: "copying", waits_for, progressed_at: call.move.progressed_at }, "closing");
  await call.write("leaving", [call.opens(call.source.db)]);
}

/** From here on the course is in the target, for everybody who asks the directory. */
async function name(call: MoveCall): Promise<void> {
  const { course, move, source, target, env } = call;
  const db = directory(env);
  const now = Date.now();
  const [placed] = await db.batch([
    nameShard(db, course, source.name, target.name, move.generation, move.step),
    noteMoved(db, course, move.generation, move.step, now, target.name),
  ]);
  call.counted(2);
  if ((placed?.meta.changes ?? 0) === 0) throw new Error(`${course} is not where it was`);
  call.move = { ...move, state: "moved", moved_at: now };
}

/**
 * The target accepts writes. A repeat does no harm.
 * @param since when the source was closed, if this call has closed it.
 */
async function open(call: MoveCall, since?: number): Promise<void> {
  const { course, move, source, target } = call;
  const became = (db: D1Database, state: string) => setMoveState(db, course, move.generation, state);
  await target.db.batch([became(target.db, "arrived"), call.opens(target.db)]);
  const closed_ms = since === undefined ? move.closed_ms : Date.now() - since;
  await source.db.batch([became(source.db, "left"), forgetChanges(source.db, course)]);
  call.counted(4);
  forgetPlacement(course);
  await call.note({ state: "purging", closed_ms });
  logEvent("course_moved", { course_id: course, from: source.name, to: target.name, closed_ms });
}

/**
 * Removes the remaining rows in the source, when nobody looks for them there any more.
 * @returns whether the move is over.
 */
async function purged(call: MoveCall, until: number): Promise<boolean> {
  if (call.isFollowed(Date.now())) {
    await call.note({ waits_for: WAITS_FOR_READERS, progressed_at: call.move.progressed_at });
    return false;
  }
  const purging = new Purging(call);
  while (await purging.nextPage()) {
    await call.note({ waits_for: null });
    if (Date.now() >= until) return false;
  }
  await call.note({ waits_for: null });
  await endMove(directory(call.env), call.course, call.move.step).run();
  logEvent("course_move_done", { course_id: call.course, enrollments: call.move.enrollments });
  return true;
}

/** Limits for the minute cron: time for one move, and for all of them, milliseconds. */
const RESUME_MS = 5_000;
const RESUME_ALL_MS = 15_000;

/** Continues moves that no call holds: no course stays closed because its call was killed. */
export async function resumeMoves(env: Env): Promise<void> {
  const end = Date.now() + RESUME_ALL_MS;
  for (const { course_slug: course } of await movesUnderWay(env)) {
    if (Date.now() >= end) return;
    await workOnMove(env, course, Date.now() + RESUME_MS).catch((fault: unknown) => {
      logFault("move_failed", fault, { course_id: course });
    });
  }
}
