import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { z } from "zod";
import worker from "../../../src/back.ts";
import type { courseDocumentSchema } from "../../../src/courses/document.ts";
import { enrollmentStub } from "../../../src/enrollment/stub.ts";
import { call, tokenOf } from "./http.ts";

export type DocumentInput = z.input<typeof courseDocumentSchema>;

let courseCount = 0;

/** A slug that no other test uses: storage and the isolate's memory are shared within a file. */
export function freshSlug(prefix = "course"): string {
  courseCount += 1;
  return `${prefix}-${courseCount}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The author who owns every course of {@link publish}. */
export const AUTHOR = "author-of-tests";

/** Creates the course if need be and publishes a version through the API; throws when either is refused. */
export async function publish(
  document: DocumentInput,
  options: { policy?: "grandfather" | "relock"; author?: string } = {},
): Promise<{ version: number; activation: number; created: boolean }> {
  const token = await tokenOf(options.author ?? AUTHOR, "author");
  const created = await call("POST", "/courses", { token, body: { slug: document.slug, title: document.title } });
  if (created.status !== 201 && created.status !== 409) throw new Error(`create: ${await created.text()}`);
  await created.body?.cancel();
  const answer = await call("POST", `/courses/${document.slug}/versions`, {
    token,
    body: { document, policy: options.policy ?? "grandfather" },
  });
  const text = await answer.text();
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`publish: ${text}`);
  return JSON.parse(text);
}

/** Enrolls a learner through the API. */
export async function enroll(course: string, user: string): Promise<{ unlocked: string[]; progress_seq: number }> {
  const answer = await call("POST", `/courses/${course}/enrollments`, { token: await tokenOf(user), body: {} });
  const text = await answer.text();
  if (answer.status !== 201 && answer.status !== 200) throw new Error(`enroll: ${text}`);
  return JSON.parse(text);
}

/** The object of an enrollment, for looking inside. */
export function objectOf(course: string, user: string) {
  return enrollmentStub(env, `${course}:${user}`);
}

/** Fires the object's alarm as the platform would; false when none is set. */
export function fireAlarm(course: string, user: string): Promise<boolean> {
  return runDurableObjectAlarm(objectOf(course, user));
}

/** Runs the queue handler on messages and says what it did with each. */
export async function deliver(queue: string, bodies: readonly unknown[], attempts = 1) {
  const batch = createMessageBatch(
    queue,
    bodies.map((body, index) => ({ id: `m${index}-${crypto.randomUUID()}`, timestamp: new Date(), attempts, body })),
  );
  const context = createExecutionContext();
  await worker.queue(batch, env);
  return getQueueResult(batch, context);
}

/** Runs a cron as the platform would. */
export async function runCron(cron: string, at = Date.now()): Promise<void> {
  const context = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron, scheduledTime: new Date(at) }), env);
  await waitOnExecutionContext(context);
}

/** Projects the pending rows of an enrollment to D1, through the queue's consumer. */
export function project(course: string, user: string) {
  return deliver("latchkey-projection", [{ type: "project", enrollment_id: `${course}:${user}` }]);
}
