import { z } from "@hono/zod-openapi";
import { callEnrollment, countedDatabase, type Database } from "../bindings.ts";
import { type CourseEntry, findCourse, isStaff, loadProgram, rememberedCourse } from "../courses/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { meter } from "../ops/metrics/meter.ts";
import { isDiverted, readSwitch } from "../ops/read-switch.ts";
import { type Actor, type AppContext, actorOf, databaseOf, languageOf, respond } from "../shared/http.ts";
import { enrollmentId } from "../shared/ids.ts";
import { toInstant } from "../shared/instants.ts";
import { encodeCursor } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { ENGINE, evaluate, layOut, NO_POLICY, staffView } from "../unlock/index.ts";
import { BodyMemory } from "./body-memory.ts";
import type { Content, ReadAnswer, ReadRequest, SnapshotInfo, Want } from "./contract.ts";
import { contentFrom, hasTag, type SignCursor } from "./reading.ts";
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
    countRead(c, want, answer.value.snapshot.source);
  }
  return answer;
}

/** Counts where a read's answer came from, and whether it found its snapshot stale. */
function countRead(c: AppContext, want: Want, source: SnapshotInfo["source"]): void {
  const isOfProblems = want.kind === "problems" || c.req.param("problem") !== undefined;
  const kind = isOfProblems ? "problem" : "chapter";
  meter.count(`${kind}_unlock_snapshot_hits_total`, [source]);
  if (source === "recomputed") meter.count(`${kind}_unlock_stale_snapshots_total`, ["read"]);
}

/** The course as remembered; null when D1 does not answer and nothing is remembered (the object may still know). */
async function courseOf(c: AppContext, course: string): Promise<Result<CourseEntry | null>> {
  try {
    const entry = await findCourse(() => databaseOf(c), course, {
      db: () => countedDatabase(c.env.DB, { count: 0 }),
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
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

const bodies = new BodyMemory();

async function readEnrollment(c: AppContext, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  c.get("facts").enrollment_id = enrollment;
  const percent = readSwitch.percent(c.env, Date.now(), (work) => c.executionCtx.waitUntil(work));
  if (isDiverted(enrollment, percent)) {
    // The switch swaps the order and nothing else: what D1 cannot answer, the object may still know.
    const answer = await readMirror(c, enrollment, request);
    return isUnavailable(answer) ? readObject(c.env, enrollment, request) : answer;
  }
  const answer = await readObject(c.env, enrollment, request);
  if (answer.ok) checkInBackground(c, enrollment, request);
  return isUnavailable(answer) ? readMirror(c, enrollment, request) : answer;
}

function isUnavailable(answer: Result<ReadAnswer>): boolean {
  return !answer.ok && answer.refusal.code === "unavailable";
}

async function readMirror(c: AppContext, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  try {
    return await readRealtime(databaseOf(c), enrollment, request, Date.now(), cursorSigner(c));
  } catch (fault) {
    logFault("realtime_failed", fault, { enrollment_id: enrollment });
    return refuse("unavailable", {
      detail: "Neither the enrollment nor the database answers.",
      retry_after: RETRY_AFTER_S,
    });
  }
}

/** Asks the object, and spares it sending a body that this isolate still has. */
async function readObject(env: Env, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  const key = `${enrollment} ${request.language} ${JSON.stringify(request.want)} ${request.at ?? ""}`;
  const known = bodies.get(key);
  const asked = request.if_none_match;
  const tags = known === undefined ? asked : asked === null ? known.etag : `${asked}, ${known.etag}`;
  const answer = await callEnrollment(env, enrollment, (stub) => stub.read({ ...request, if_none_match: tags }));
  if (!answer.ok) return answer;
  const { value } = answer;
  if (!value.unchanged) {
    const { etag, content } = value;
    if (etag !== "" && content.kind === "body") bodies.set(key, { etag, body: content.body });
    return answer;
  }
  // The caller's own validator is 304; ours alone is the body we kept.
  if (known === undefined || known.etag !== value.etag || hasTag(asked, value.etag)) return answer;
  const { etag, snapshot } = value;
  return ok({ unchanged: false, etag, snapshot, content: { kind: "body", body: known.body } });
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
    entry === null || pointer == null ? null : await loadProgram(databaseOf(c), entry.slug, pointer.version);
  if (program === null || pointer == null) return refuse("unavailable", { retry_after: RETRY_AFTER_S });
  const now = request.at ?? Date.now();
  const learner = layOut(program, { enrolled_at: now, facts: new Map(), opened: new Set(), policy: NO_POLICY });
  const view =
    kind === "staff"
      ? staffView(program, learner, now)
      : { program, learner, now, evaluation: evaluate(program, learner, now) };
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
  const content = await contentFrom(view, request, snapshot, cursorSigner(c));
  return content.ok ? ok({ unchanged: false, etag: "", snapshot, content: content.value }) : content;
}

function cursorSigner(c: AppContext): SignCursor {
  return (scope, position) => encodeCursor(c.env.AUTH_SECRET, scope, position);
}

/** Evaluates a sampled share of reads a second time, from D1, after the answer has gone out. */
function checkInBackground(c: AppContext, enrollment: string, request: ReadRequest): void {
  if (request.at !== null || Math.random() >= Number(c.env.SHADOW_SAMPLE_RATE)) return;
  c.executionCtx.waitUntil(
    shadowRead(c.env, countedDatabase(c.env.DB, { count: 0 }), enrollment, request)
      .then((outcome) => {
        meter.count("unlock_shadow_checks_total", [outcome]);
        logEvent("shadow_check", { enrollment_id: enrollment, outcome });
      })
      .catch((fault: unknown) => logFault("shadow_failed", fault, { enrollment_id: enrollment })),
  );
}

export async function shadowRead(env: Env, db: Database, enrollment: string, request: ReadRequest) {
  const again: ReadRequest = { ...request, want: { kind: "states" }, if_none_match: null, min_seq: null };
  const answer = await callEnrollment(env, enrollment, (stub) => stub.read(again));
  if (!answer.ok || answer.value.unchanged || answer.value.content.kind !== "body") return "lagging" as const;
  const { states } = statesSchema.parse(JSON.parse(new TextDecoder().decode(answer.value.content.body)));
  return shadowCheck(db, enrollment, answer.value.snapshot, states);
}

const statesSchema = z.object({ states: z.record(z.string(), z.string()) });

/**
 * The HTTP answer to an unlock read: 304, the bytes as they were rendered, or what `body` makes of a single item.
 * @param body only of reads of one item; lists and states need none.
 */
export async function sendRead(
  c: AppContext,
  result: Result<ReadAnswer>,
  body?: (content: Content, snapshot: SnapshotInfo) => Promise<Result<object>> | Result<object>,
): Promise<Response> {
  if (!result.ok) return respond(c, result.refusal);
  const { etag, snapshot } = result.value;
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": etag === "" ? "no-store" : "private, no-cache",
    "x-latchkey-source": snapshot.source,
  };
  if (etag !== "") headers.etag = etag;
  if (result.value.unchanged) return new Response(null, { status: 304, headers });
  const { content } = result.value;
  if (content.kind === "body") return new Response(content.body, { headers });
  const single = (await body?.(content, snapshot)) ?? refuse("internal");
  return single.ok ? new Response(JSON.stringify(single.value), { headers }) : respond(c, single.refusal);
}
