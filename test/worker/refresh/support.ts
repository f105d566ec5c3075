import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { z } from "zod";
import worker from "../../../src/back.ts";
import { markCoursePage } from "../../../src/staleness/marks.ts";
import type { DocumentInput } from "../../support/worker/courses.ts";
import { objectOf, publish } from "../../support/worker/courses.ts";
import { spread } from "../../support/worker/shards.ts";

/** One message a {@link collectingQueue} was given. */
export interface Sent {
  body: unknown;
  delaySeconds: number | undefined;
}

/** A queue that keeps what it is given instead of delivering it. */
export function collectingQueue(): { queue: Queue; sent: Sent[]; sizes: number[] } {
  const sent: Sent[] = [];
  const sizes: number[] = [];
  const queue: Queue = {
    metrics: () => env.REFRESH_QUEUE.metrics(),
    async send(body, options) {
      sent.push({ body, delaySeconds: options?.delaySeconds });
      sizes.push(1);
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    },
    async sendBatch(messages) {
      const bodies = [...messages];
      sizes.push(bodies.length);
      for (const { body, delaySeconds } of bodies) sent.push({ body, delaySeconds });
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
    },
  };
  return { queue, sent, sizes };
}

/** Carries out what a publish has asked to be marked, as the queue would. */
export async function markAll(course: string): Promise<void> {
  for (let page = await markCoursePage(env, course); typeof page === "object"; ) {
    page = await markCoursePage(env, course, page);
  }
}

/** Publishes, and carries out the marks at once. */
export async function publishAndMark(document: DocumentInput): Promise<void> {
  await publish(document);
  await markAll(document.slug);
}

/** The bindings with some replaced. */
export function bindingsWith(replaced: Partial<Env>): Env {
  return { ...env, ...replaced };
}

/** A database every one of whose calls fails. */
export function brokenDatabase(real: D1Database = env.DB): D1Database {
  return new Proxy(real, {
    get() {
      throw new Error("D1 does not answer");
    },
  });
}

/**
 * A database that calls `before` ahead of each batch or executed statement, so that a test can slip something in
 * between two steps of the code under test.
 */
export function watchedDatabase(before: (sql: string) => Promise<void>, real: D1Database = env.DB): D1Database {
  const texts = new WeakMap<object, string>();
  const watch = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const watched = new Proxy(statement, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== "function") return value;
        if (property === "bind") return (...values: unknown[]) => watch(target.bind(...values), sql);
        if (property === "all" || property === "first" || property === "run" || property === "raw") {
          return async (...values: unknown[]) => {
            await before(sql);
            return Reflect.apply(value, target, values);
          };
        }
        return value.bind(target);
      },
    });
    texts.set(watched, sql);
    originals.set(watched, statement);
    return watched;
  };
  const originals = new WeakMap<object, D1PreparedStatement>();
  return new Proxy(real, {
    get(target, property) {
      if (property === "prepare") return (sql: string) => watch(target.prepare(sql), sql);
      if (property === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          await before(statements.map((statement) => texts.get(statement) ?? "").join(";\n"));
          return target.batch(statements.map((statement) => originals.get(statement) ?? statement));
        };
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Namespace of enrollment objects that calls `before` ahead of every call; what that throws, the caller gets. */
export function watchedObjects(before: (enrollment: string, method: string) => Promise<void>): Env["ENROLLMENTS"] {
  return new Proxy(env.ENROLLMENTS, {
    get(target, property) {
      if (property === "get") {
        return (id: DurableObjectId) =>
          new Proxy(target.get(id), {
            get(stub, method) {
              const value: unknown = Reflect.get(stub, method);
              if (typeof value !== "function" || typeof method !== "string") return value;
              return async (...values: unknown[]) => {
                await before(id.name ?? "", method);
                return Reflect.apply(value, stub, values);
              };
            },
          });
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Runs `work` the first time it is called, and nothing after. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done = false;
  return async () => {
    if (done) return;
    done = true;
    await work();
  };
}

/** Runs the Worker's queue handler with these bindings. `explicitAcks` and `retryMessages` name messages `m0`, `m1`... */
export async function consume(queue: string, bodies: readonly unknown[], bindings: Env = env, attempts = 1) {
  const batch = createMessageBatch(
    queue,
    bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts, body })),
  );
  const context = createExecutionContext();
  await worker.queue(batch, bindings);
  const { explicitAcks, retryMessages, ackAll } = await getQueueResult(batch, context);
  return { acked: explicitAcks.sort(), retried: retryMessages.map((message) => message.msgId).sort(), ackAll };
}

/** Replaces bindings inside one enrollment object, as long as it stays in memory. */
export async function rebind(course: string, user: string, replaced: Partial<Env>): Promise<void> {
  await runInDurableObject(objectOf(course, user), (instance) => {
    Reflect.set(instance, "env", bindingsWith(replaced));
  });
}

/** One enrollment's row in D1, with what the sweeps keep of it. */
export async function rowOf(course: string, user: string): Promise<EnrollmentRow> {
  const row = await spread
    .prepare(
      `SELECT e.*, f.reached_activation, f.is_stale, f.stale_reason, f.stale_scope, f.stale_since, f.stale_mark, f.leased_until
       FROM enrollments AS e JOIN freshness AS f ON f.course_slug = e.course_slug AND f.user_id = e.user_id WHERE e.id = ?`,
    )
    .bind(`${course}:${user}`)
    .first<EnrollmentRow>();
  if (row === null) throw new Error(`no row of ${course}:${user}`);
  return row;
}

export interface EnrollmentRow {
  id: string;
  status: string;
  version: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number | null;
  is_stale: number;
  stale_reason: string | null;
  stale_scope: string | null;
  stale_since: number | null;
  stale_mark: number;
  leased_until: number;
  reached_activation: number;
  last_active_at: number;
}

/** All rows of a statement. */
export async function all<T>(sql: string, ...values: unknown[]): Promise<T[]> {
  const { results } = await spread
    .prepare(sql)
    .bind(...values)
    .all<T>();
  return results;
}

export async function run(sql: string, ...values: unknown[]): Promise<void> {
  await spread
    .prepare(sql)
    .bind(...values)
    .run();
}

/** How many enrollment objects hold an outbox row for this learner. */
export async function outboxOf(course: string, user: string): Promise<number> {
  return runInDurableObject(objectOf(course, user), (_instance, state) => {
    const row = state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one();
    return row.n;
  });
}

/** Two chapters, the second behind the first; `note` makes versions differ. */
export function pair(slug: string, note = "", rule = true): DocumentInput {
  return {
    slug,
    title: `Pair ${note}`,
    chapters: [
      { id: `${slug}.one`, title: "One" },
      { id: `${slug}.two`, title: "Two", rule: rule ? { completed: `${slug}.one` } : null },
    ],
  };
}

/** The body of an answer, whatever its status. */
export async function json<T>(answer: Response, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await answer.json());
}
