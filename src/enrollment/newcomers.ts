import { appendOrKeep, ownEntry } from "../audit/index.ts";
import { type CoursePointer, loadProgram } from "../courses/index.ts";
import type { ActorRef, EnrollAnswer, RefreshMessage } from "../mirror/index.ts";
import { countedDatabase, type QueryCounter } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { enrollmentId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { evaluate, layOut, openIds } from "../unlock/index.ts";
import type { Applicant } from "./applicant.ts";
import { profileIn } from "./meta.ts";

/**
 * For up to this many learners in one call, each object is made at once. Beyond that, a newcomer is a row of D1. The
 * row has all information about somebody who has done nothing yet, and the object starts from it with its first call.
 * Rows are marked stale, so that a sweep makes that call if nobody else does; then the learner's devices are notified.
 */
export const MADE_AT_ONCE = 100;

/** How long the requested sweep continues from page to page; the minute cron's own sweep continues after it. */
const SWEEP_SPAN_MS = 55_000;

/**
 * Records who is about to be enrolled. They have no object yet with an outbox, so this comes first.
 * @returns `unavailable` when neither the audit chain nor D1 takes it: then nobody may be enrolled.
 */
export async function recordNewcomers(
  env: Env,
  course: string,
  newcomers: readonly Applicant[],
  actor: ActorRef,
  now: number,
): Promise<Result<null>> {
  const entries = newcomers.map(({ user, cohorts, practice_mode }) => {
    const id = enrollmentId(course, user);
    const details = { cohorts: new Set(cohorts).size, practice_mode: practice_mode ?? false, policy_seq: 0 };
    const { request_id } = actor;
    const entry = {
      action: "enrollment.created",
      actor,
      target: { type: "enrollment", id },
      course,
      enrollment: id,
    } as const;
    return ownEntry({ ...entry, request_id, details, unique: `${id}:${now}` }, now);
  });
  return appendOrKeep(env, entries, now);
}

/** The answers for newcomers: what their objects will say, evaluated once for all with the same settings. */
export class NewcomerAnswers {
  readonly #of: (applicant: Applicant) => string[];
  readonly #pointer: CoursePointer;

  private constructor(pointer: CoursePointer, of: (applicant: Applicant) => string[]) {
    this.#pointer = pointer;
    this.#of = of;
  }

  static async load(
    env: Env,
    queries: QueryCounter,
    course: { slug: string; pointer: CoursePointer },
    now: number,
  ): Promise<Result<NewcomerAnswers>> {
    const { slug, pointer } = course;
    const program = await loadProgram(countedDatabase(directory(env), queries), slug, pointer.version);
    if (program === null) return refuse("course_unpublished");
    const known = new Map<string, string[]>();
    return ok(
      new NewcomerAnswers(pointer, ({ cohorts, practice_mode, profile, enrolled_at }) => {
        const key = JSON.stringify([[...new Set(cohorts)].sort(), practice_mode, enrolled_at, profile]);
        let open = known.get(key);
        if (open === undefined) {
          const asked = { cohorts: cohorts ?? [], practice_mode: practice_mode ?? false, overrides: [] };
          const policy = { ...asked, ...profileIn(profile ?? {}) };
          const learner = layOut(program, {
            enrolled_at: enrolled_at ?? now,
            facts: new Map(),
            opened: new Set(),
            policy,
          });
          open = [...openIds(program, evaluate(program, learner, now))];
          known.set(key, open);
        }
        return open;
      }),
    );
  }

  of(id: string, applicant: Applicant): EnrollAnswer {
    return {
      enrollment_id: id,
      progress_seq: 0,
      policy_seq: 0,
      version: 0,
      course_version: this.#pointer.version,
      unlocked: this.#of(applicant),
      locked: [],
      created: true,
      updated: false,
    };
  }
}

/**
 * Newcomers are registered: they are counted, and a sweep is requested. If the request is lost, this costs a minute.
 */
export async function welcome(env: Env, newcomers: number, now: number): Promise<void> {
  meter.count("enrollments_started_total", [], newcomers);
  const message: RefreshMessage = { type: "sweep", scope: "course", until: now + SWEEP_SPAN_MS };
  try {
    await env.REFRESH_QUEUE.send(message);
  } catch (fault) {
    logFault("sweep_not_asked_for", fault, { newcomers });
  }
}
