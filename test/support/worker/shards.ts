import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { directory, everyShard, forCourse } from "../../../src/platform/database/shards.ts";

/** Every database that holds enrollments. */
export const shards = (): D1Database[] => everyShard(env).map(({ db }) => db);

/** The database of a course's enrollments and their mirrors, for fixtures and for looking inside. */
export function databaseOfCourse(course: string): Promise<D1Database> {
  return forCourse(env, course);
}

/** Bindings in which every database is what is made of it. */
export function everywhere(make: (real: D1Database) => D1Database): Partial<Env> {
  const made = everyShard(env).map(({ name, db }) => [name, make(db)] as const);
  // SAFETY: the names are those of the databases' bindings.
  return Object.fromEntries(made) as Partial<Env>;
}

const SHARDED =
  /\b(FROM|JOIN|INTO|UPDATE|ON)\s+(enrollments|freshness|progress|submissions|unlock_events|divergences)\b/;
const COUNT = /^\s*SELECT\s+count\(/i;
const NEW_ROWS =
  /\bINSERT\s+(OR\s+\w+\s+)?INTO\s+(enrollments|freshness|progress|submissions|unlock_events|divergences)\b/i;

/** One statement of {@link spread}. */
class SpreadStatement {
  readonly #sql: string;
  readonly #values: readonly unknown[];

  constructor(sql: string, values: readonly unknown[] = []) {
    this.#sql = sql;
    this.#values = values;
  }

  bind(...values: unknown[]): SpreadStatement {
    return new SpreadStatement(this.#sql, values);
  }

  async all<T = Record<string, unknown>>(): Promise<{ results: T[]; meta: { changes: number } }> {
    const found = await Promise.all((await this.#databases()).map((db) => this.#on(db).all<T>()));
    return {
      results: this.#asOne(found.flatMap(({ results }) => results)),
      meta: { changes: found.reduce((sum, { meta }) => sum + meta.changes, 0) },
    };
  }

  run<T = Record<string, unknown>>(): Promise<{ results: T[]; meta: { changes: number } }> {
    return this.all<T>();
  }

  async first<T = Record<string, unknown>>(column?: string): Promise<T | null> {
    const [row] = (await this.all<Record<string, unknown>>()).results;
    if (row === undefined) return null;
    // SAFETY: a test names what its own statement selects.
    return (column === undefined ? row : row[column]) as T;
  }

  /** What one database would have answered: a count is one row, and no row comes twice that is to come once. */
  #asOne<T>(rows: T[]): T[] {
    if (rows.length < 2) return rows;
    if (/^\s*SELECT\s+DISTINCT\b/i.test(this.#sql))
      return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
    if (!COUNT.test(this.#sql) || /GROUP BY/i.test(this.#sql)) return rows;
    const total: Record<string, number> = {};
    for (const row of rows) {
      for (const [key, value] of Object.entries(row ?? {})) total[key] = (total[key] ?? 0) + Number(value ?? 0);
    }
    // SAFETY: a row of counts has numbers only.
    return [total as T];
  }

  #on(db: D1Database): D1PreparedStatement {
    return this.#values.length === 0 ? db.prepare(this.#sql) : db.prepare(this.#sql).bind(...this.#values);
  }

  async #databases(): Promise<D1Database[]> {
    if (/^\s*DROP TRIGGER IF EXISTS/.test(this.#sql)) return shards();
    if (!SHARDED.test(this.#sql)) return [directory(env)];
    if (!NEW_ROWS.test(this.#sql) || /^\s*CREATE/i.test(this.#sql)) return shards();
    // A new row goes to the shard of its course, which an id in it begins with.
    const texts = [...this.#values, ...this.#sql.matchAll(/'([^']*)'/g).map(([, text]) => text)];
    const ids = texts.flatMap((value) => (typeof value === "string" ? (/([a-z0-9-]+):/.exec(value)?.[1] ?? []) : []));
    const slugs = texts.flatMap((value) => (typeof value === "string" ? value : []));
    return [await forCourse(env, ids[0] ?? slugs[0] ?? "")];
  }
}

/**
 * All databases as if they were one, for fixtures and for looking inside: a statement goes to the directory, to every
 * shard, or, where it adds a row, to the shard of the row's course. Nothing of the application uses it.
 */
export const spread = {
  prepare: (sql: string) => new SpreadStatement(sql),
  async batch(statements: readonly SpreadStatement[]): Promise<void> {
    for (const statement of statements) await statement.run();
  },
};

/** Makes the tables of every database, where they are not there yet. */
export async function makeTables(): Promise<void> {
  const [first, ...further] = shards();
  if (first !== undefined) await applyD1Migrations(first, asOne(env.TEST_MIGRATIONS));
  for (const shard of further) await applyD1Migrations(shard, asOne(env.TEST_SHARD_MIGRATIONS));
}

/** All migrations as one: each would be a transaction, and most of the time it takes to make the tables. */
function asOne(migrations: typeof env.TEST_MIGRATIONS): typeof env.TEST_MIGRATIONS {
  const last = migrations.at(-1);
  if (last === undefined) return [];
  const queries = migrations.flatMap(({ name, queries: own }) =>
    name === last.name ? own : [...own, `INSERT INTO d1_migrations (name) VALUES ('${name}')`],
  );
  return [{ name: last.name, queries }];
}
