import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { type CourseMove, LEFT_BEHIND_MS } from "../../platform/database/moves.ts";
import { directory, type Shard, shardNamed } from "../../platform/database/shards.ts";
import { courseMoves } from "../../platform/database/tables.ts";
import { closeCourse, leaveNote, noteMoveStep, openCourse, takeMove } from "../statements.ts";

// One call that works on a move. Its number grows with each call: both shards and the directory refuse what an earlier
// call still sends, so two calls at once, or one that was thought dead, do no harm.

/** A call holds the move for so long after its last note; after a killed call, the next one waits at most as long. */
const LEASE_MS = 15_000;

/** Another call has taken over the move: this one ends. */
export class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

/** The fields of a move that a call may note. */
type Noted = Partial<
  Pick<CourseMove, "state" | "copied_up_to" | "waits_for" | "closed_ms" | "moved_at" | "leased_until" | "progressed_at">
>;

/** A move that one call holds. */
export class MoveCall {
  readonly env: Env;
  move: CourseMove;
  readonly source: Shard;
  readonly target: Shard;
  /** Counted since the last note. */
  #copied = { enrollments: 0, rows: 0, bytes: 0 };
  #purged = 0;
  #statements = 0;

  private constructor(env: Env, move: CourseMove) {
    this.env = env;
    this.move = move;
    this.source = shardNamed(env, move.source);
    this.target = shardNamed(env, move.target);
  }

  /** Takes a move. @returns null when there is none, or another call holds it. */
  static async take(env: Env, course: string, now: number): Promise<MoveCall | null> {
    const move = await takeMove(directory(env), course, now, now + LEASE_MS).first<CourseMove>();
    return move === null ? null : new MoveCall(env, move);
  }

  get course(): string {
    return this.move.course_slug;
  }

  /** Whether readers may still look for the course in its old place. */
  isFollowed(now: number): boolean {
    return now < (this.move.moved_at ?? now) + LEFT_BEHIND_MS;
  }

  counted(statements: number, copied?: { enrollments: number; rows: number; bytes: number }, purged = 0): void {
    this.#statements += statements;
    this.#purged += purged;
    if (copied === undefined) return;
    this.#copied.enrollments += copied.enrollments;
    this.#copied.rows += copied.rows;
    this.#copied.bytes += copied.bytes;
  }

  /**
   * Notes the progress of the move, and holds it longer.
   * @param from only in this state.
   * @throws OvertakenError
   */
  async note(noted: Noted, from: CourseMove["state"] = this.move.state): Promise<void> {
    const now = Date.now();
    const change: Noted = { leased_until: now + LEASE_MS, progressed_at: now, ...noted };
    const { enrollments, rows, bytes } = this.#copied;
    const counters = {
      enrollments: sql`${courseMoves.enrollments} + ${enrollments}`,
      copied_rows: sql`${courseMoves.copied_rows} + ${rows}`,
      copied_bytes: sql`${courseMoves.copied_bytes} + ${bytes}`,
      purged_rows: sql`${courseMoves.purged_rows} + ${this.#purged}`,
      statements: sql`${courseMoves.statements} + ${this.#statements + 1}`,
    };
    const isOurs = and(
      eq(courseMoves.course_slug, this.course),
      eq(courseMoves.step, this.move.step),
      eq(courseMoves.state, from),
    );
    const row = await drizzle(directory(this.env))
      .update(courseMoves)
      .set({ ...change, ...counters })
      .where(isOurs)
      .returning()
      .get();
    if (row === undefined) throw new OvertakenError(`${this.course} is moved by another call`);
    this.move = row;
    this.#copied = { enrollments: 0, rows: 0, bytes: 0 };
    this.#purged = 0;
    this.#statements = 0;
  }

  /**
   * Writes to the old or the new shard of the course, as one transaction.
   * @throws OvertakenError when a later call has written there.
   */
  async write(side: "leaving" | "arriving", statements: readonly D1PreparedStatement[]): Promise<D1Result[]> {
    const { db } = side === "leaving" ? this.source : this.target;
    this.counted(statements.length + 1);
    try {
      const [, ...results] = await db.batch([this.#fence(db, side), ...statements]);
      return results;
    } catch (fault) {
      const isFenced = fault instanceof Error && fault.message.includes("closed_courses.moved_to");
      throw isFenced ? new OvertakenError(`${this.course} is moved by another call`) : fault;
    }
  }

  /** Fails its transaction unless this call is the newest one here: no course may be closed when its move has ended. */
  #fence(db: D1Database, state: string): D1PreparedStatement {
    return closeCourse(db, this.course, this.move.generation, this.move.step, state);
  }

  /**
   * Makes this call the newest one in both shards. From then on the old shard notes changes, and nobody writes in the
   * new one.
   */
  async enter(): Promise<void> {
    const { generation, step } = this.move;
    for (const [side, { db }] of [["leaving", this.source] as const, ["arriving", this.target] as const]) {
      await noteMoveStep(db, this.course, generation, step, side).run();
    }
    this.counted(2);
    await this.write("arriving", [this.closes(this.target.db, this.source.name)]);
    await this.write("leaving", []);
  }

  /** Statement after which a shard refuses writes of the course. */
  closes(db: D1Database, moved_to: string): D1PreparedStatement {
    return leaveNote(db, this.course, moved_to, this.move.generation);
  }

  /** Statement after which it accepts them again. */
  opens(db: D1Database): D1PreparedStatement {
    return openCourse(db, this.course, this.move.generation);
  }
}
