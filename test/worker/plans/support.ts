import { env } from "cloudflare:workers";

/** One statement as it was executed. */
export interface Recorded {
  sql: string;
  values: unknown[];
  /** What was going on: a route or a job. */
  during: string;
}

/** A database that writes down every statement it executes, each text once. */
export class Recorder {
  readonly statements = new Map<string, Recorded>();
  during = "";
  readonly db: D1Database;

  constructor() {
    const known = new WeakMap<object, { statement: D1PreparedStatement; sql: string; values: unknown[] }>();
    const wrap = (statement: D1PreparedStatement, sql: string, values: unknown[]): D1PreparedStatement => {
      const wrapped = new Proxy(statement, {
        get: (target, property) => {
          const value: unknown = Reflect.get(target, property);
          if (typeof value !== "function") return value;
          if (property === "bind") return (...bound: unknown[]) => wrap(target.bind(...bound), sql, bound);
          if (property === "all" || property === "first" || property === "run" || property === "raw") {
            this.#note(sql, values);
          }
          return value.bind(target);
        },
      });
      known.set(wrapped, { statement, sql, values });
      return wrapped;
    };
    this.db = new Proxy(env.DB, {
      get: (target, property) => {
        if (property === "prepare") return (sql: string) => wrap(target.prepare(sql), sql, []);
        if (property === "batch") {
          return (statements: D1PreparedStatement[]) =>
            target.batch(
              statements.map((statement) => {
                const entry = known.get(statement);
                if (entry === undefined) throw new Error("a batch holds a statement that was not prepared here");
                this.#note(entry.sql, entry.values);
                return entry.statement;
              }),
            );
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #note(sql: string, values: unknown[]): void {
    const text = sql.replace(/\s+/g, " ").trim();
    if (!this.statements.has(text)) this.statements.set(text, { sql, values, during: this.during });
  }
}

/** The steps of a statement's plan, as SQLite names them. */
export async function planOf({ sql, values }: Recorded): Promise<string[]> {
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  return results.map((row) => row.detail);
}

/** A school of this size, made in a few statements. */
export const ENROLLMENTS = 50_000;

/** Rows 1 to `count` for the recursive inserts below. */
const upTo = (count: number) => `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** Fills every table that grows with learners or time. The big course is `big`; a fifth belongs to others. */
export async function fillSchool(now: number): Promise<void> {
  await env.DB.batch(
    [
      `${upTo(20)} INSERT INTO courses (slug, owner_id, title, created_at, updated_at)
       SELECT 'other' || i, 'someone', '"T"', 1, 1 FROM n`,
      `${upTo(ENROLLMENTS)} INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at, engine,
         valid_until, is_stale, stale_scope, stale_since, status, withdrawn_at, course_version, activation, version)
       SELECT c || ':u' || i, c, 'u' || i, ${now} - i * 1000, ${now} - i * 20000, 1,
         CASE WHEN i % 3 = 0 THEN ${now} + i END, i % 10 = 0, CASE WHEN i % 20 = 0 THEN 'course' WHEN i % 10 = 0 THEN 'problems' END,
         CASE WHEN i % 10 = 0 THEN ${now} - i END, CASE WHEN i % 50 = 1 THEN 'withdrawn' ELSE 'active' END,
         CASE WHEN i % 50 = 1 THEN ${now} - i END, 1, 1, 1
       FROM (SELECT i, CASE WHEN i % 5 = 0 THEN 'other' || (1 + i % 20) ELSE 'big' END AS c FROM n)`,
      `${upTo(60_000)} INSERT INTO progress (enrollment_id, item_id, attempted_at, completed_at, seq)
       SELECT 'big:u' || (1 + i % 20000), 'big.p' || (i / 20000), 1, 1, i FROM n`,
      `${upTo(30_000)} INSERT INTO unlock_events (enrollment_id, version, unlocked, locked, cause, announced_at)
       SELECT 'big:u' || (1 + i % 10000), i, '[]', '[]', 'progress', ${now} - i FROM n`,
      `${upTo(20_000)} INSERT INTO submissions (id, enrollment_id, item_id, answer, status, submitted_at)
       SELECT 'big:u' || i || ':' || i, 'big:u' || i, 'big.p1', 'a', CASE WHEN i % 4 = 0 THEN 'pending' ELSE 'passed' END, i FROM n`,
      `${upTo(5_000)} INSERT INTO dead_letters (id, queue, body, attempts, failed_at, replayed_at)
       SELECT 'letter' || i, 'latchkey-refresh', '{}', 4, ${now} - i, CASE WHEN i % 2 = 0 THEN ${now} END FROM n`,
      `${upTo(20_000)} INSERT INTO idempotency_keys (scope, key, body_hash, created_at) SELECT 's' || i, 'k', 'h', ${now} - i FROM n`,
      `${upTo(2_000)} INSERT INTO divergences (id, enrollment_id, snapshot, differences, detected_at)
       SELECT 'd' || i, 'big:u' || i, '{}', '[]', ${now} - i FROM n`,
      `${upTo(20_000)} INSERT INTO users (id, name, email, created_at, updated_at)
       SELECT 'u' || i, 'N', 'u' || i || '@example.org', 1, 1 FROM n`,
      `${upTo(20_000)} INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at)
       SELECT 's' || i, 't' || i, 'u' || i, ${now} + i, 1, 1 FROM n`,
      `${upTo(20_000)} INSERT INTO accounts (id, account_id, provider_id, user_id, created_at, updated_at)
       SELECT 'a' || i, 'u' || i, 'credential', 'u' || i, 1, 1 FROM n`,
      `${upTo(5_000)} INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
       SELECT 'v' || i, 'i' || i, 'x', ${now} + i, 1, 1 FROM n`,
      `${upTo(20_000)} INSERT INTO audit_log (chain, seq, hash, key, action, occurred_at, received_at, actor_id,
         actor_role, target_type, target_id, outcome, details, tokens)
       SELECT 'other', i, 'h', 'k' || i, 'a.' || (i % 20), i, i, 'u' || (i % 500), 'admin', 't', 'x' || i, 'done', '{}', 'word' || i FROM n`,
    ].map((sql) => env.DB.prepare(sql)),
  );
}
