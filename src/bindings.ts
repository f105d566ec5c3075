import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { EnrollmentObject } from "./enrollment/object.ts";
import type { Result } from "./shared/results.ts";
import { refuse } from "./shared/results.ts";

/** D1 through drizzle. One query builder call is one D1 statement. */
export type Database = DrizzleD1Database;

/** Statements sent to D1 on behalf of one request. Logged, and sent as `Server-Timing`, so a promise can be checked. */
export interface QueryCounter {
  count: number;
}

/** D1 whose every executed statement is counted. */
export function countedDatabase(db: D1Database, counter: QueryCounter): Database {
  return drizzle(countStatements(db, counter));
}

/** Wraps a D1 binding so that `counter` grows by one for each statement it executes; batches count each statement. */
export function countStatements(db: D1Database, counter: QueryCounter): D1Database {
  /** The binding's own statement behind each counted one: a batch takes only its own. */
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

/** Attempts of one call to an object: the first, and two more when the platform says a retry may help. */
const STUB_ATTEMPTS = 3;
/** Longest wait before the second attempt, milliseconds; doubles after. Full jitter, so that a deploy is no stampede. */
const STUB_BACKOFF_MS = 50;

export type EnrollmentStub = DurableObjectStub<EnrollmentObject>;

/**
 * Calls an object. A broken stub stays broken, so each attempt of `call` takes a new one; only faults the platform marks
 * retryable and not overloaded are tried again. Every RPC must be harmless to repeat.
 *
 * @param target what is called, for the log.
 * @returns what the object answered, or `unavailable` when it could not answer at all.
 */
export async function callObject<T>(
  target: { kind: string; id: string },
  call: () => Promise<Result<T>>,
): Promise<Result<T>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (fault) {
      if (attempt >= STUB_ATTEMPTS || !isRetryable(fault)) {
        const { kind, id } = target;
        const line = { event: `${kind}_unreachable`, [`${kind}_id`]: id, attempt, fault: describe(fault) };
        console.error(JSON.stringify(line));
        return refuse("unavailable", {
          detail: `The ${kind.replaceAll("_", " ")} could not be reached.`,
          retry_after: 1,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * STUB_BACKOFF_MS * 2 ** (attempt - 1)));
    }
  }
}

/** Calls the object of one enrollment, see {@link callObject}. */
export function callEnrollment<T>(
  env: Env,
  enrollment: string,
  call: (stub: EnrollmentStub) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "enrollment", id: enrollment }, () => call(enrollmentStub(env, enrollment)));
}

/**
 * The one place that turns an enrollment id into a stub, so that placement is decided once. Objects are created near
 * their first caller, which is the learner: no hint is better than that. The location can never be changed later.
 */
export function enrollmentStub(env: Env, enrollment: string): EnrollmentStub {
  // SAFETY: wrangler.toml binds ENROLLMENTS to this very class; the generated Env names it only in a comment.
  const namespace = env.ENROLLMENTS as DurableObjectNamespace<EnrollmentObject>;
  return namespace.get(namespace.idFromName(enrollment));
}

function isRetryable(fault: unknown): boolean {
  if (typeof fault !== "object" || fault === null) return false;
  return Reflect.get(fault, "retryable") === true && Reflect.get(fault, "overloaded") !== true;
}

function describe(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
