import {
  createExecutionContext,
  evictDurableObject,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import worker from "../../../src/back.ts";
import type { EnrollmentObject } from "../../../src/enrollment/object.ts";
import { objectOf } from "./courses.ts";
import { type Call, request } from "./http.ts";

/** SQL texts in the order in which they were executed. */
export type QueryLog = string[];

type Statement = D1PreparedStatement;

/** Under these a recorded statement keeps its text and the statement it wraps: a batch may receive it proxied. */
const TEXT = Symbol("text");
const ORIGINAL = Symbol("original");

/** A D1 that writes down every statement it executes, independently of the one the application counts with. */
export function recordedDatabase(log: QueryLog, db: D1Database = env.DB): D1Database {
  const wrap = (statement: Statement, text: string): Statement => {
    const execute = (method: "all" | "first" | "run" | "raw") =>
      function executed(...values: unknown[]): unknown {
        log.push(text);
        return Reflect.apply(statement[method], statement, values);
      };
    const wrapped = {
      [TEXT]: text,
      [ORIGINAL]: statement,
      bind: (...values: unknown[]) => wrap(statement.bind(...values), text),
      all: execute("all"),
      first: execute("first"),
      run: execute("run"),
      raw: execute("raw"),
    };
    // SAFETY: these five are all the methods of a prepared statement.
    return wrapped as unknown as Statement;
  };
  // SAFETY: prepare and batch are all that the application calls.
  return {
    prepare: (text: string) => wrap(db.prepare(text), text),
    batch: (statements: Statement[]) => {
      for (const statement of statements) log.push(String(Reflect.get(statement, TEXT)));
      return db.batch(statements.map((statement) => Reflect.get(statement, ORIGINAL)));
    },
  } as unknown as D1Database;
}

/** A D1 whose every statement is answered by `answer`: with a rejection, or with a promise that never settles. */
function answering(answer: () => Promise<never>): D1Database {
  const statement: object = { bind: () => statement, all: answer, first: answer, run: answer, raw: answer };
  // SAFETY: prepare and batch are all that the application calls.
  return { prepare: () => statement, batch: answer } as unknown as D1Database;
}

/** A D1 that rejects everything. */
export function brokenDatabase(): D1Database {
  return answering(() => Promise.reject(new Error("D1_ERROR: the database does not answer")));
}

/** A D1 that never answers: whoever waits for it waits for ever. */
export function silentDatabase(): D1Database {
  return answering(() => new Promise<never>(() => {}));
}

/** What begins a statement that changes something. */
const WRITES = /^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|WITH\b[^;]*\b(INSERT|UPDATE|DELETE))\b/i;

/**
 * A D1 that answers every read and refuses every write, as one does that is full, or whose primary does not answer
 * while its replicas serve. `refused` counts.
 */
export function readOnlyDatabase(
  db: D1Database = env.DB,
  isRefused: (sql: string) => boolean = (sql) => WRITES.test(sql),
  answer: () => Promise<never> = () => Promise.reject(new Error("D1_ERROR: the database refuses writes")),
): { db: D1Database; refused: () => number } {
  let refused = 0;
  const refuse = () => {
    refused += 1;
    return answer();
  };
  const wrap = (statement: Statement, text: string): Statement => {
    const execute = (method: "all" | "first" | "run" | "raw") =>
      function executed(...values: unknown[]): unknown {
        return isRefused(text) ? refuse() : Reflect.apply(statement[method], statement, values);
      };
    const wrapped = {
      [TEXT]: text,
      [ORIGINAL]: statement,
      bind: (...values: unknown[]) => wrap(statement.bind(...values), text),
      all: execute("all"),
      first: execute("first"),
      run: execute("run"),
      raw: execute("raw"),
    };
    // SAFETY: these five are all the methods of a prepared statement.
    return wrapped as unknown as Statement;
  };
  // SAFETY: prepare and batch are all that the application calls.
  const readOnly = {
    prepare: (text: string) => wrap(db.prepare(text), text),
    batch: (statements: Statement[]) =>
      statements.some((statement) => isRefused(String(Reflect.get(statement, TEXT))))
        ? refuse()
        : db.batch(statements.map((statement) => Reflect.get(statement, ORIGINAL))),
  } as unknown as D1Database;
  return { db: readOnly, refused: () => refused };
}

/** A namespace none of whose objects can be called. */
export function brokenObjects(fault: { retryable?: boolean; overloaded?: boolean } = {}): {
  namespace: typeof env.ENROLLMENTS;
  calls: () => number;
} {
  let calls = 0;
  const stub = new Proxy(
    {},
    {
      get: () => async () => {
        calls += 1;
        throw Object.assign(new Error("the object cannot be reached"), fault);
      },
    },
  );
  // SAFETY: the application only turns names into ids and ids into stubs.
  const namespace = { idFromName: (name: string) => name, get: () => stub } as unknown as typeof env.ENROLLMENTS;
  return { namespace, calls: () => calls };
}

/** Calls the Worker with some of its bindings replaced, and with the shadow check off. */
export async function callWith(
  bindings: Partial<Env>,
  method: string,
  path: string,
  options: Call & { background?: "wait" | "abandon" } = {},
): Promise<Response> {
  const context = createExecutionContext();
  const all = { ...env, SHADOW_SAMPLE_RATE: "0", ...bindings } as Env;
  const answer = await worker.fetch(request(method, path, options), all, context);
  if (options.background !== "abandon") await waitOnExecutionContext(context);
  return answer;
}

/** Replaces bindings of one living object, until it is evicted. */
export async function rebind(course: string, user: string, bindings: Partial<Env>): Promise<void> {
  await runInDurableObject(objectOf(course, user), (instance: EnrollmentObject) => {
    Object.assign(instance, { env: { ...env, ...bindings } });
  });
}

/** Rows of one enrollment object's own database. */
export function rowsOf(course: string, user: string, query: string): Promise<Record<string, SqlStorageValue>[]> {
  return runInDurableObject(objectOf(course, user), (_instance, state) => state.storage.sql.exec(query).toArray());
}

/** Empties an object's storage and memory, as a loss of the platform would. */
export async function loseStorage(course: string, user: string): Promise<void> {
  await runInDurableObject(objectOf(course, user), async (_instance, state) => {
    await state.storage.deleteAlarm();
    await state.storage.deleteAll();
  });
  await evictDurableObject(objectOf(course, user));
}
