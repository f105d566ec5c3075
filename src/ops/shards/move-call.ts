import { type CourseMove, LEFT_BEHIND_MS } from "../../platform/database/moves.ts";
import { directory, type Shard, shardNamed } from "../../platform/database/shards.ts";

// One call that works on a move. Its number grows with each call: what an earlier one still sends is refused by both shards
// and by the directory, so that two that work at once, or one that was thought dead, do no harm.

/** A call holds the move so long after its last note; one that was killed keeps the next waiting no longer. */
const LEASE_MS = 15_000;

/** Another call has taken the move over: this one ends. */
export class OvertakenError extends Error {
  override readonly name = "OvertakenError";
}

/** What a call may note of a move. */
type Noted = Partial<
  Pick<CourseMove, "state" | "copied_up_to" | "waits_for" | "closed_ms" | "moved_at" | "leased_until" | "progressed_at">
>;

/** A move in the hands of one call. */
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
    const move = await directory(env)
      .prepare(
        `UPDATE course_moves SET step = step + 1, leased_until = ?3 WHERE course_slug = ?1 AND leased_until <= ?2
         RETURNING *`,
      )
      .bind(course, now, now + LEASE_MS)
      .first<CourseMove>();
    return move === null ? null : new MoveCall(env, move);
  }

  get course(): string {
    return this.move.course_slug;
  }

  /** Whether readers may still look for the course where it was. */
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

  /** Notes how far the move is, and holds it on. @param from only in this state. @throws OvertakenError */
  async note(noted: Noted, from: CourseMove["state"] = this.move.state): Promise<void> {
    const now = Date.now();
    const change: Noted = { leased_until: now + LEASE_MS, progressed_at: now, ...noted };
    const names = Object.keys(change);
    const { enrollments, rows, bytes } = this.#copied;
    const row = await directory(this.env)
      .prepare(
        `UPDATE course_moves SET ${names.map((name, at) => `${name} = ?${at + 9}`).join(", ")},
           enrollments = enrollments + ?3, copied_rows = copied_rows + ?4, copied_bytes = copied_bytes + ?5,
           purged_rows = purged_rows + ?6, statements = statements + ?7
         WHERE course_slug = ?1 AND step = ?2 AND state = ?8 RETURNING *`,
      )
      .bind(
        this.course,
        this.move.step,
        enrollments,
        rows,
        bytes,
        this.#purged,
        this.#statements + 1,
        from,
        ...Object.values(change),
      )
      .first<CourseMove>();
    if (row === null) throw new OvertakenError(`${this.course} is moved by another call`);
    this.move = row;
    this.#copied = { enrollments: 0, rows: 0, bytes: 0 };
    this.#purged = 0;
    this.#statements = 0;
  }

  /**
   * Writes to the shard that the course leaves, or arrives in, as one transaction. @throws OvertakenError when a later call
   * has been there.
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

  /** Fails its transaction unless this call is the newest that was here: no course is closed on its way to nowhere. */
  #fence(db: D1Database, state: string): D1PreparedStatement {
    return db
      .prepare(
        `INSERT INTO closed_courses (course_slug, moved_to, generation) SELECT ?1, NULL, ?2
         WHERE NOT EXISTS (SELECT 1 FROM moving_courses
           WHERE course_slug = ?1 AND generation = ?2 AND step = ?3 AND state = ?4)`,
      )
      .bind(this.course, this.move.generation, this.move.step, state);
  }

  /** Makes this call the newest in both shards. From then on changes are noted in the one, and nobody writes in the other. */
  async enter(): Promise<void> {
    const { generation, step } = this.move;
    for (const [side, { db }] of [["leaving", this.source] as const, ["arriving", this.target] as const]) {
      await db
        .prepare(
          `INSERT INTO moving_courses (course_slug, generation, step, state) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (course_slug) DO UPDATE SET generation = ?2, step = ?3, state = ?4
           WHERE generation < ?2 OR (generation = ?2 AND step < ?3 AND state = ?4)`,
        )
        .bind(this.course, generation, step, side)
        .run();
    }
    this.counted(2);
    await this.write("arriving", [this.closes(this.target.db, this.source.name)]);
    await this.write("leaving", []);
  }

  /** Statement after which a shard refuses writes of the course. */
  closes(db: D1Database, moved_to: string): D1PreparedStatement {
    return db
      .prepare(
        `INSERT INTO closed_courses (course_slug, moved_to, generation) VALUES (?1, ?2, ?3)
         ON CONFLICT (course_slug) DO UPDATE SET moved_to = ?2, generation = ?3`,
      )
      .bind(this.course, moved_to, this.move.generation);
  }

  /** Statement after which it takes them again. */
  opens(db: D1Database): D1PreparedStatement {
    return db
      .prepare("DELETE FROM closed_courses WHERE course_slug = ? AND generation = ?")
      .bind(this.course, this.move.generation);
  }
}
