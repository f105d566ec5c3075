import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { z } from "zod";
import worker from "../../../src/back.ts";
import type { CourseFacts } from "../../../src/insight/world.ts";
import { AUTHOR, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";

export const DAY_MS = 86_400_000;
/** When the made-up school's first term begins. */
export const START = Date.UTC(2024, 0, 1);

export const admin = () => tokenOf("insight-admin", "admin");
export const author = () => tokenOf(AUTHOR, "author");

/** A queue that keeps what it is given, so that a test decides when, how often and whether a step is done. */
export function heldQueue() {
  const waiting: unknown[] = [];
  const metadata = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  const queue: Queue = {
    metrics: () => env.INSIGHT_QUEUE.metrics(),
    send: async (body) => {
      waiting.push(body);
      return metadata;
    },
    sendBatch: async (messages) => {
      for (const { body } of messages) waiting.push(body);
      return metadata;
    },
  };
  return { queue, waiting };
}

const held = heldQueue();
/** The bindings of these tests. */
export const bindings: Env = { ...env, INSIGHT_QUEUE: held.queue };
export const waiting = held.waiting;

/** Hands one message to the consumer, as the queue would. @returns whether it was taken. */
export async function deliver(body: unknown, attempts = 1, env: Env = bindings): Promise<boolean> {
  let taken = false;
  const batch = createMessageBatch("latchkey-insight", [
    { id: crypto.randomUUID(), timestamp: new Date(), attempts, body },
  ]);
  const message = batch.messages[0];
  if (message === undefined) throw new Error("no message");
  const watched = {
    ...batch,
    queue: batch.queue,
    messages: [
      {
        ...message,
        id: message.id,
        timestamp: message.timestamp,
        attempts,
        body,
        ack: () => {
          taken = true;
        },
        retry: () => undefined,
      },
    ],
  };
  // SAFETY: the consumer uses of a batch what stands here.
  await worker.queue(watched as unknown as MessageBatch<unknown>, env);
  return taken;
}

/** Does what waits in the queue until nothing waits. @returns how many steps there were. */
export async function workOff(): Promise<number> {
  let steps = 0;
  for (let body = waiting.shift(); body !== undefined; body = waiting.shift()) {
    if (!(await deliver(body))) throw new Error(`a step failed: ${JSON.stringify(body)}`);
    steps += 1;
  }
  return steps;
}

/** Calls a route with the held queue. */
export async function callHeld(method: string, path: string, body: unknown): Promise<Response> {
  const { request } = await import("../../support/worker/http.ts");
  return worker.fetch(request(method, path, { body, token: await admin() }), bindings, createExecutionContext());
}

/** Starts a run as an admin does. */
export async function startRun(asOf: number): Promise<string> {
  const answer = await callHeld("POST", "/insight/runs", { as_of: new Date(asOf).toISOString() });
  return (await read(answer, 202, z.object({ run_id: z.string() }))).run_id;
}

/**
 * Brings a school into the database: courses, schedules and outcomes through the API, enrollments and progress as their
 * objects would have mirrored them.
 */
export async function bringSchool(courses: readonly CourseFacts[]): Promise<void> {
  const token = await author();
  for (const { course, module, period, start, length, assessments, learners } of courses) {
    const problems = assessments.map(({ item }) => ({ id: item, title: item }));
    await publish({ slug: course, title: course, chapters: [{ id: `${course}.c`, title: "C", problems }] });
    const rows = learners.map(({ user }) => ({ id: `${course}:${user}`, user, at: start }));
    const facts = learners.flatMap(({ user, submissions }) =>
      submissions.map(({ item, day, score }) => ({ id: `${course}:${user}`, item, at: start + day * DAY_MS, score })),
    );
    await spread.batch([
      spread
        .prepare(
          `INSERT INTO enrollments (id, course_slug, user_id, enrolled_at)
         SELECT value ->> 'id', ?2, value ->> 'user', value ->> 'at' FROM json_each(?1)`,
        )
        .bind(JSON.stringify(rows), course),
      spread
        .prepare(
          `INSERT INTO progress (enrollment_id, item_id, attempted_at, completed_at, best_score, seq)
         SELECT value ->> 'id', value ->> 'item', value ->> 'at', value ->> 'at', value ->> 'score', 1 FROM json_each(?1)`,
        )
        .bind(JSON.stringify(facts)),
    ]);
    const schedule = {
      module,
      period,
      starts_at: new Date(start).toISOString(),
      length_days: length,
      assessments: assessments.map(({ isExam, ...rest }) => ({ ...rest, is_exam: isExam })),
    };
    await read(
      await call("PUT", `/courses/${course}/insight/schedule`, { token, body: schedule }),
      200,
      z.looseObject({}),
    );
    const told = learners.map(({ user, submissions: _submissions, ...rest }) => ({ user_id: user, ...rest }));
    const answer = await call("POST", `/courses/${course}/insight/learners`, { token, body: { learners: told } });
    await read(answer, 200, z.object({ taken: z.literal(learners.length), not_enrolled: z.literal(0) }));
  }
}

export const predictionSchema = z.object({
  enrollment_id: z.string(),
  user_id: z.string(),
  probability_of_passing: z.number(),
  is_at_risk: z.boolean(),
  day: z.number(),
  kind: z.string(),
  reasons: z.array(z.object({ reason: z.string(), weight: z.number(), sentence: z.string() })),
  summary: z.string(),
  advice: z.string().nullable(),
  outcome: z.string().nullable(),
  model: z.string(),
});
export const atRiskSchema = z.object({ results: z.array(predictionSchema), next_cursor: z.string().nullable() });
export const modelsSchema = z.object({
  results: z.array(
    z.object({
      hash: z.string(),
      alias: z.string().nullable(),
      decision: z.string(),
      data_hash: z.string(),
      metrics: z.looseObject({ train: z.array(z.string()), test: z.array(z.string()) }),
    }),
  ),
});
export const statusSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      id: z.string(),
      cause: z.string(),
      state: z.string(),
      predicted: z.number(),
      note: z.string().nullable(),
      cleaning: z.record(z.string(), z.number()).nullable(),
      drift: z.array(z.object({ feature: z.string(), shift: z.number(), count: z.number() })),
    }),
  ),
  weeks: z.array(z.object({ kind: z.string(), week_start: z.string(), total: z.number(), correct: z.number() })),
  ml_eval_total: z.number(),
  ml_correct_total: z.number(),
  alarm: z.looseObject({ code: z.string() }).nullable(),
});

export async function models() {
  return (await read(await call("GET", "/insight/models", { token: await admin() }), 200, modelsSchema)).results;
}

export async function status() {
  return read(await call("GET", "/insight/status", { token: await admin() }), 200, statusSchema);
}
