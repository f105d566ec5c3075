import { z } from "zod";
import type { LoggedEvent } from "./types.ts";

/** The table of users who read a shard's broadcasts over sockets of their own channels, for a shard's schema. */
export const LISTENERS_TABLE =
  "CREATE TABLE listeners (user TEXT PRIMARY KEY, streams INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;";

/** The step by which shards of an earlier release get the topics of a user's sockets. */
export const LISTENER_TOPICS = "ALTER TABLE listeners ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';";

const topicsSchema = z.array(z.string());

/**
 * The users whose channels are notified of broadcasts, because their clients hold sockets to them. An entry ends with
 * the longest of its streams, if nobody says earlier that they are over. Methods that write are called inside the
 * object's transaction.
 */
export class Listeners {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A user has so many streams, at most until then (epoch ms), with these topics. */
  note(user: string, streams: number, until: number, topics: readonly string[]): void {
    if (streams === 0) this.#sql.exec("DELETE FROM listeners WHERE user = ?", user);
    else
      this.#sql.exec(
        "INSERT OR REPLACE INTO listeners (user, streams, until, topics) VALUES (?, ?, ?, ?)",
        user,
        streams,
        until,
        JSON.stringify(topics),
      );
  }

  /** Whether a user's channel needs some events: events of topics that none of its streams has wake nobody. */
  wants(user: string, events: readonly LoggedEvent[]): boolean {
    if (events.length === 0 || events.some(({ topic }) => topic === null)) return true;
    const [row] = this.#sql.exec<{ topics: string }>("SELECT topics FROM listeners WHERE user = ?", user).toArray();
    const topics = row === undefined ? [] : topicsSchema.parse(JSON.parse(row.topics));
    return events.some(({ topic }) => topic !== null && topics.includes(topic));
  }

  /** Removes a user whose channel said that nobody listens, unless a stream has opened since `until` was stored. */
  drop(user: string, until: number | null): void {
    this.#sql.exec("DELETE FROM listeners WHERE user = ? AND until = ?", user, until);
  }

  /** The latest time until which a user is notified; null for a user who is not. */
  untilOf(user: string): number | null {
    const [row] = this.#sql.exec<{ until: number }>("SELECT until FROM listeners WHERE user = ?", user).toArray();
    return row?.until ?? null;
  }

  /** Whether there is anybody. */
  any(now: number): boolean {
    return this.#sql.exec("SELECT 1 FROM listeners WHERE until > ? LIMIT 1", now).toArray().length > 0;
  }

  users(now: number): string[] {
    return this.#sql
      .exec<{ user: string }>("SELECT user FROM listeners WHERE until > ?", now)
      .toArray()
      .map(({ user }) => user);
  }

  /** Streams of all of them. */
  streams(now: number): number {
    const sum = this.#sql.exec<{ n: number | null }>("SELECT sum(streams) AS n FROM listeners WHERE until > ?", now);
    return sum.one().n ?? 0;
  }

  /** Removes entries that are over. */
  prune(now: number): void {
    this.#sql.exec("DELETE FROM listeners WHERE until <= ?", now);
  }
}
