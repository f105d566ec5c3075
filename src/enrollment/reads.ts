import { callEnrollment, countedDatabase, type Database } from "../bindings.ts";
import { type CourseEntry, findCourse, isStaff, loadProgram, rememberedCourse } from "../courses/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { type Actor, type AppContext, actorOf, languageOf, respond } from "../shared/http.ts";
import { enrollmentId } from "../shared/ids.ts";
import { toInstant } from "../shared/instants.ts";
import { encodeCursor } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { ENGINE, evaluate, layOut, NO_POLICY, staffView } from "../unlock/index.ts";
import type { Content, ReadAnswer, ReadRequest, SnapshotInfo, Want } from "./contract.ts";
import { answerFrom } from "./reading.ts";
import { readRealtime } from "./realtime.ts";
import { shadowCheck } from "./shadow.ts";

/** Query parameters every unlock read understands. */
export interface ReadQuery {
  min_seq?: number | undefined;
  at?: string | undefined;
  /** Staff only: one learner's view, or that of somebody who has just enrolled. */
  learner?: string | undefined;
  as?: "learner" | undefined;
}

/** Wait suggested when nothing answers; an object or database usually is back within a second. */
const RETRY_AFTER_S = 1;

/**
 * One unlock read: course pointer from the isolate's memory, one call to the object, nothing else. Falls back to D1
 * when the object cannot answer, and to the object alone when D1 cannot.
 */
export async function readUnlocks(
  c: AppContext,
  course: string,
  want: Want,
  query: ReadQuery,
): Promise<Result<ReadAnswer>> {
  const actor = actorOf(c);
  const facts = c.get("facts");
  facts.course_id = course;
  const known = await courseOf(c, course);
  if (!known.ok) return known;
  const entry = known.value;
  if (entry !== null && entry.pointer === null) {
    // That an unpublished course exists is its author's secret.
    return refuse(isStaff(actor, entry) ? "course_unpublished" : "course_not_found");
  }
  const subject = subjectOf(actor, entry, query);
  if (!subject.ok) return subject;
  const request: ReadRequest = {
    pointer: entry?.pointer ?? null,
    want,
    language: languageOf(c),
    min_seq: query.min_seq ?? null,
    at: query.at === undefined ? null : Date.parse(query.at),
    if_none_match: c.req.header("if-none-match") ?? null,
  };
  const answer =
    subject.value.kind === "learner"
      ? await readEnrollment(c, enrollmentId(course, subject.value.user), request)
      : await readWithoutEnrollment(c, entry, subject.value.kind, request);
  if (answer.ok) {
    facts.snapshot_version = answer.value.snapshot.version;
    facts.source = answer.value.snapshot.source;
  }
  return answer;
}

/** The course as remembered; null when D1 does not answer and nothing is remembered (the object may still know). */
async function courseOf(c: AppContext, course: string): Promise<Result<CourseEntry | null>> {
  try {
    const background = {
      db: countedDatabase(c.env.DB, { count: 0 }),
      waitUntil: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
    };
    const entry = await findCourse(c.get("db"), course, background);
    return entry === null ? refuse("course_not_found") : ok(entry);
  } catch (fault) {
    logFault("course_unreachable", fault, { course_id: course });
    return ok(rememberedCourse(course) ?? null);
  }
}

type Subject = { kind: "learner"; user: string } | { kind: "staff" } | { kind: "newcomer" };

/** Whose view is asked for, and whether the caller may see it (invariant 8). */
function subjectOf(actor: Actor, entry: CourseEntry | null, query: ReadQuery): Result<Subject> {
  const staff = entry === null ? actor.role === "admin" || actor.role === "service" : isStaff(actor, entry);
  if (query.learner !== undefined && query.learner !== actor.id) {
    if (!staff) return refuse("forbidden", { detail: "Only staff of the course read another learner's state." });
    return ok({ kind: "learner", user: query.learner });
  }
  if (!staff || query.learner !== undefined) return ok({ kind: "learner", user: actor.id });
  return ok({ kind: query.as === "learner" ? "newcomer" : "staff" });
}

async function readEnrollment(c: AppContext, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  c.get("facts").enrollment_id = enrollment;
  const answer = await callEnrollment(c.env, enrollment, (stub) => stub.read(request));
  if (answer.ok) {
    checkInBackground(c, enrollment, request);
    return answer;
  }
  if (answer.refusal.code !== "unavailable") return answer;
  try {
    return await readRealtime(c.get("db"), enrollment, request, Date.now());
  } catch (fault) {
    logFault("realtime_failed", fault, { enrollment_id: enrollment });
    return refuse("unavailable", {
      detail: "Neither the enrollment nor the database answers.",
      retry_after: RETRY_AFTER_S,
    });
  }
}

/** Staff see everything; the preview shows what somebody who has just enrolled would see. */
async function readWithoutEnrollment(
  c: AppContext,
  entry: CourseEntry | null,
  kind: "staff" | "newcomer",
  request: ReadRequest,
): Promise<Result<ReadAnswer>> {
  const pointer = entry?.pointer;
  const program =
    entry === null || pointer == null ? null : await loadProgram(c.get("db"), entry.slug, pointer.version);
  if (program === null || pointer == null) return refuse("unavailable", { retry_after: RETRY_AFTER_S });
  const now = request.at ?? Date.now();
  const learner = layOut(program, { enrolled_at: now, facts: new Map(), opened: new Set(), policy: NO_POLICY });
  const view =
    kind === "staff"
      ? staffView(program, learner, now)
      : { program, learner, now, evaluation: evaluate(program, learner, now) };
  const content = answerFrom(view, request.want, request.language);
  if (!content.ok) return content;
  const snapshot: SnapshotInfo = {
    version: 0,
    source: kind === "staff" ? "staff" : "realtime",
    computed_at: toInstant(now),
    progress_seq: 0,
    policy_seq: 0,
    course_version: pointer.version,
    engine: ENGINE,
    valid_until: null,
  };
  return ok({ unchanged: false, etag: "", snapshot, content: content.value });
}

/** Evaluates a sampled share of reads a second time, from D1, after the answer has gone out. */
function checkInBackground(c: AppContext, enrollment: string, request: ReadRequest): void {
  if (request.at !== null || Math.random() >= Number(c.env.SHADOW_SAMPLE_RATE)) return;
  c.executionCtx.waitUntil(
    shadowRead(c.env, countedDatabase(c.env.DB, { count: 0 }), enrollment, request)
      .then((outcome) => logEvent("shadow_check", { enrollment_id: enrollment, outcome }))
      .catch((fault: unknown) => logFault("shadow_failed", fault, { enrollment_id: enrollment })),
  );
}

export async function shadowRead(env: Env, db: Database, enrollment: string, request: ReadRequest) {
  const again: ReadRequest = { ...request, want: { kind: "states" }, if_none_match: null, min_seq: null };
  const answer = await callEnrollment(env, enrollment, (stub) => stub.read(again));
  if (!answer.ok || answer.value.unchanged || answer.value.content.kind !== "states") return "lagging" as const;
  return shadowCheck(db, enrollment, answer.value.snapshot, answer.value.content.states);
}

/** The HTTP answer to an unlock read: 304, a page of rows, or what `body` makes of other content. */
export async function sendRead(
  c: AppContext,
  result: Result<ReadAnswer>,
  options: {
    cursorScope?: string;
    body?: (content: Content, snapshot: SnapshotInfo) => Promise<Result<object>> | Result<object>;
  },
): Promise<Response> {
  if (!result.ok) return respond(c, result.refusal);
  const { etag, snapshot } = result.value;
  const headers = new Headers({
    "content-type": "application/json; charset=utf-8",
    "cache-control": etag === "" ? "no-store" : "private, no-cache",
    "x-latchkey-source": snapshot.source,
  });
  if (etag !== "") headers.set("etag", etag);
  if (result.value.unchanged) return new Response(null, { status: 304, headers });
  const { content } = result.value;
  if (content.kind === "rows") {
    const hasMore = content.more && content.last !== null && options.cursorScope !== undefined;
    const cursor = hasMore
      ? JSON.stringify(await encodeCursor(c.env.AUTH_SECRET, options.cursorScope ?? "", content.last ?? ""))
      : "null";
    // Rows arrive as JSON text, rendered once per snapshot: they are passed on without being parsed.
    const text = `{"results":${content.rows},"next_cursor":${cursor},"snapshot":${JSON.stringify(snapshot)}}`;
    return new Response(text, { headers });
  }
  const body = (await options.body?.(content, snapshot)) ?? ok({ ...content, snapshot });
  return body.ok ? new Response(JSON.stringify(body.value), { headers }) : respond(c, body.refusal);
}
