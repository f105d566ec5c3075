import { everyShard } from "../platform/database/shards.ts";

/** Gets the number of rows that D1 has read for a statement. */
type Counter = (rows: number) => void;

/**
 * Bindings whose databases count the rows they read. The cost of a backup must depend on the number of changes only, so
 * each part has its number of rows.
 */
export function countingReads(env: Env): { env: Env; read(): number } {
  let rows = 0;
  const count: Counter = (more) => {
    rows += more;
  };
  const counted = everyShard(env).map(({ name, db }) => [name, countedReads(db, count)] as const);
  return { env: { ...env, ...Object.fromEntries(counted) }, read: () => rows };
}

function countedReads(db: D1Database, count: Counter): D1Database {
  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, property) {
        if (property === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        if (property === "all" || property === "run") {
          return async () => {
            const result = await target.all();
            count(result.meta.rows_read ?? 0);
            return result;
          };
        }
        if (property === "first") {
          return async (column?: string) => {
            const result = await target.all<Record<string, unknown>>();
            count(result.meta.rows_read ?? 0);
            const row = result.results[0] ?? null;
            return column === undefined || row === null ? row : (row[column] ?? null);
          };
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    originals.set(wrapped, statement);
    return wrapped;
  };
  return new Proxy(db, {
    get(target, property) {
      if (property === "prepare") return (sql: string) => wrap(target.prepare(sql));
      if (property === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements.map((statement) => originals.get(statement) ?? statement));
          count(results.reduce((sum, { meta }) => sum + (meta.rows_read ?? 0), 0));
          return results;
        };
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
