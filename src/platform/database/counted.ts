import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";

/** D1 through drizzle. One query builder call is one D1 statement. */
export type Database = DrizzleD1Database;

/**
 * The number of statements sent to D1 for one request. It is logged, and sent as `Server-Timing`, so that a promise can
 * be checked.
 */
export interface QueryCounter {
  count: number;
}

/** D1 that counts every executed statement. */
export function countedDatabase(db: D1Database, counter: QueryCounter): Database {
  return drizzle(countStatements(db, counter));
}

/** Wraps a D1 binding so that `counter` grows by one for each statement it executes; batches count each statement. */
export function countStatements(db: D1Database, counter: QueryCounter): D1Database {
  /** The binding's own statement for each counted one: a batch accepts only its own. */
  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const counted = (statement: D1PreparedStatement): D1PreparedStatement => {
    const proxy = new Proxy(statement, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== "function") return value;
        if (property === "bind") return (...values: unknown[]) => counted(target.bind(...values));
        if (property === "all" || property === "first" || property === "run" || property === "raw") counter.count += 1;
        return value.bind(target);
      },
    });
    originals.set(proxy, statement);
    return proxy;
  };
  return new Proxy(db, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (property === "prepare") return (query: string) => counted(target.prepare(query));
      if (property === "batch") {
        return (statements: D1PreparedStatement[]) => {
          counter.count += statements.length;
          return target.batch(statements.map((statement) => originals.get(statement) ?? statement));
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
