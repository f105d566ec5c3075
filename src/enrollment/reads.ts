// Over 350 lines: every read of unlock states goes through one path, which is read from top to bottom.
import { z } from "@hono/zod-openapi";
import {
  type CourseEntry,
  findCourse,
  isStaff,
  loadProgram,
  loadShown,
  observes,
  type Permit,
  rememberedCourse,
  viewQuestion,
} from "../courses/index.ts";
import type { ReadAnswer, ReadRequest, SnapshotInfo, Want } from "../mirror/index.ts";
import {
  contentFrom,
  isDiverted,
  permitFor,
  readRealtime,
  readSwitch,
  type SignCursor,
  shadowCheck,
  walkedBefore,
} from "../mirror/index.ts";
import { countedDatabase } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import type { ErrorCode } from "../platform/error-codes.ts";
import { respond } from "../platform/http/answers.ts";
import { type Actor, type AppContext, actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { namesAny, namesTag } from "../platform/http/etag.ts";
import { languageOf } from "../platform/http/language.ts";
import { encodeCursor } from "../platform/http/pagination.ts";
import { enrollmentId } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { inLanguage, type Language } from "../platform/text.ts";
import { knownZone } from "../platform/zones.ts";
import { ENGINE, evaluate, layOut, NO_POLICY, type Program, staffView, type View } from "../unlock/index.ts";
import { BodyMemory } from "./body-memory.ts";
import { isConcealed } from "./concealed.ts";
import { edgeMemory } from "./edge/memory.ts";
import { readAtEdge } from "./edge/read.ts";
import { sendRead } from "./send-read.ts";
import { askEnrollment } from "./stub.ts";

/** Query parameters every unlock read understands. */
export interface ReadQuery {
  min_seq?: number | undefined;
  /** Seconds by which the answer may be old; lists and states only. */
  max_stale?: number | undefined;
  at?: string | undefined;
  tz?: string | undefined;
  /** Staff only: one learner's view, or that of somebody who has just enrolled. */
  learner?: string | undefined;
  as?: "learner" | undefined;
}

/** Wait suggested when nothing answers; an object or database usually is back within a second. */
const RETRY_AFTER_S = 1;

/** An answer, with whether staff of the course asked, or somebody who may see this learner and nothing else. */
type Asked = ReadAnswer & { byStaff: boolean; byObserver: boolean };

/** What every read of unlock states may refuse beyond its form. */
export const UNLOCK_READ_REFUSALS = [
  "course_not_found",
  "course_unpublished",
  "item_not_found",
  "not_enrolled",
  "sequence_ahead",
] as const satisfies readonly ErrorCode[];

/**
 * One unlock read: course pointer from the isolate's memory, one call to the object, nothing else. Falls back to D1
 * when the object cannot answer, and to the object alone when D1 cannot.
 */
export async function readUnlocks(c: AppContext, course: string, want: Want, query: ReadQuery): Promise<Result<Asked>> {
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
  const byStaff = asksAsStaff(actor, entry);
  const subject = await subjectOf(c, course, byStaff, query);
  if (!subject.ok) return entry?.organization == null ? subject : refuse("course_not_found");
  const byObserver = !byStaff && subject.value.kind === "learner" && subject.value.user !== actor.id;
  const request: ReadRequest = {
    pointer: entry?.pointer ?? null,
    want,
    language: languageOf(c),
    // States hold no sentence: one answer for all zones.
    zone: want.kind === "states" || want.kind === "open" || want.kind === "agenda" ? null : knownZone(query.tz),
    min_seq: query.min_seq ?? null,
    at: instantOf(query),
    // An agenda is no answer by itself: the caller's validator is of another one.
    if_none_match: want.kind === "agenda" ? null : (c.req.header("if-none-match") ?? null),
    // What staff look at, in whose view ever, nobody has opened.
    ...(want.kind === "item" && subject.value.kind === "learner" && subject.value.user === actor.id
      ? { opens: true }
      : {}),
  };
  const answer =
    subject.value.kind === "learner"
      ? await readLearner(c, enrollmentId(course, subject.value.user), request, query.max_stale)
      : await readWithoutEnrollment(c, entry, subject.value.kind, request);
  if (!answer.ok) return concealed(c, entry, answer);
  facts.snapshot_version = answer.value.snapshot.version;
  facts.source = answer.value.snapshot.source;
  countRead(c, want, answer.value.snapshot.source);
  return ok({ ...answer.value, byStaff, byObserver });
}

/** To whom the course does not exist, its refusals say just that. */
export async function concealed<T extends Result<never>>(c: AppContext, entry: CourseEntry | null, answer: T) {
  const isFinal = answer.ok || answer.refusal.code !== "unavailable";
  const mayTell = entry === null || !isFinal || !(await isConcealed(c, entry));
  return mayTell ? answer : refuse("course_not_found");
}

/** One learner's answer of now, for who has shown otherwise that they may have it. */
export function readOf(
  c: AppContext,
  { slug, pointer }: CourseEntry,
  user: string,
  want: Want,
  language: Language,
): Promise<Result<ReadAnswer>> {
  const request = { pointer, want, language, zone: null, min_seq: null, at: null, if_none_match: null };
  return readLearner(c, enrollmentId(slug, user), request, undefined);
}

function instantOf(query: ReadQuery): number | null {
  return query.at === undefined ? null : Date.parse(query.at);
}

/**
 * One item with what it holds. Whether that is shown is decided by the present alone, or by the caller's role; `at`,
 * `as` and `learner` change the states and reasons that stand beside it.
 */
export async function readItem(
  c: AppContext,
  course: string,
  item: string,
  kind: "chapter" | "problem",
  query: ReadQuery,
): Promise<Response> {
  const read = await readUnlocks(c, course, { kind: "item", item }, query);
  const language = languageOf(c);
  if (read.ok && read.value.byObserver) return respond(c, OBSERVERS_READ_STATES.refusal);
  return sendRead(c, read, async (content, snapshot) => {
    if (content.kind !== "item" || !read.ok) return refuse("internal");
    const row: unknown = JSON.parse(content.row);
    if (typeof row !== "object" || row === null || "chapter_id" in row !== (kind === "problem")) {
      return refuse("item_not_found");
    }
    const caller = { isStaff: read.value.byStaff, language };
    const permit = permitFor(caller, { course, item, at: instantOf(query) }, { content, snapshot });
    if (!permit.ok) return permit;
    try {
      const { text, question } = await loadShown(databaseOf(c), permit.value);
      const content = text === null ? null : inLanguage(text, language);
      const salt = `${actorOf(c).id} ${item}`;
      const asked = question === null ? null : viewQuestion(question, language, salt);
      return ok({ ...row, content, ...(kind === "problem" ? { question: asked } : {}), snapshot });
    } catch (fault) {
      logFault("content_unreachable", fault, { course_id: course });
      return refuse("unavailable", {
        detail: "The content of the item cannot be read now.",
        retry_after: RETRY_AFTER_S,
      });
    }
  });
}

const OBSERVERS_READ_STATES = refuse("forbidden", {
  detail: "Observers see states, reasons and history, not content.",
});

/** Permission to show what one item holds, as the rules say just now. */
export async function permitItem(c: AppContext, course: string, item: string): Promise<Result<Permit>> {
  const read = await readUnlocks(c, course, { kind: "item", item }, {});
  if (!read.ok) return read;
  if (read.value.unchanged || read.value.content.kind !== "item") return refuse("internal");
  const { content, snapshot, byStaff } = read.value;
  const caller = { isStaff: byStaff, language: languageOf(c) };
  return permitFor(caller, { course, item, at: null }, { content, snapshot });
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
      db: () => countedDatabase(directory(c.env), { count: 0 }),
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
    return entry === null ? refuse("course_not_found") : ok(entry);
  } catch (fault) {
    logFault("course_unreachable", fault, { course_id: course });
    return ok(rememberedCourse(course) ?? null);
  }
}

type Subject = { kind: "learner"; user: string } | { kind: "staff" } | { kind: "newcomer" };

/** Whether the caller is staff of the course, as the role says just now. An unknown course has no author. */
function asksAsStaff(actor: Actor, entry: CourseEntry | null): boolean {
  return entry === null ? actor.role === "admin" || actor.role === "service" : isStaff(actor, entry);
}

/** Whose view is asked for, and whether the caller may see it (invariant 8). */
async function subjectOf(c: AppContext, course: string, byStaff: boolean, query: ReadQuery): Promise<Result<Subject>> {
  const actor = actorOf(c);
  if (query.learner !== undefined && query.learner !== actor.id) {
    const looksOn = { course, user: actor.id, learner: query.learner };
    if (!byStaff && !(actor.role !== "service" && (await observes(() => databaseOf(c), looksOn)))) {
      const detail = "Only staff of the course, and observers of the learner, read another learner's state.";
      return refuse("forbidden", { detail });
    }
    return ok({ kind: "learner", user: query.learner });
  }
  if (!byStaff || query.learner !== undefined) return ok({ kind: "learner", user: actor.id });
  return ok({ kind: query.as === "learner" ? "newcomer" : "staff" });
}

const bodies = new BodyMemory();

/** One learner's answer, exact unless the caller said how old it may be. */
function readLearner(c: AppContext, enrollment: string, request: ReadRequest, maxStale: number | undefined) {
  c.get("facts").enrollment_id = enrollment;
  if (maxStale === undefined) return readEnrollment(c, enrollment, request);
  return readAtEdge(enrollment, request, maxStale, {
    waitUntil: (work) => c.executionCtx.waitUntil(work),
    exact: (asked) => readEnrollment(c, enrollment, asked),
  });
}

async function readEnrollment(c: AppContext, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  const percent = readSwitch.percent(c.env, Date.now(), (work) => c.executionCtx.waitUntil(work));
  if (isDiverted(enrollment, percent)) {
    // The switch swaps the order and nothing else: what D1 cannot answer, the object may still know.
    const answer = await readMirror(c, enrollment, request);
    return isUnavailable(answer) ? readObject(c.env, enrollment, request) : answer;
  }
  const asked = Date.now();
  const answer = await readObject(c.env, enrollment, request);
  if (answer.ok) {
    checkInBackground(c, enrollment, request);
    if (request.at === null) edgeMemory.seen(enrollment, answer.value.snapshot.version, asked);
  }
  return isUnavailable(answer) ? readMirror(c, enrollment, request) : answer;
}

function isUnavailable(answer: Result<ReadAnswer>): boolean {
  return !answer.ok && answer.refusal.code === "unavailable";
}

async function readMirror(c: AppContext, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  try {
    return await readRealtime(databasesOf(c), enrollment, request, Date.now(), cursorSigner(c));
  } catch (fault) {
    logFault("realtime_failed", fault, { enrollment_id: enrollment });
    return refuse("unavailable", {
      detail: "Neither the enrollment object nor the database answers.",
      retry_after: RETRY_AFTER_S,
    });
  }
}

/** Asks the object, and spares it sending a body that this isolate still has. */
async function readObject(env: Env, enrollment: string, request: ReadRequest): Promise<Result<ReadAnswer>> {
  const key = `${enrollment} ${request.language} ${JSON.stringify(request.want)} ${request.at ?? ""} ${request.zone ?? ""}`;
  const known = bodies.get(key);
  const asked = request.if_none_match;
  // `*` stands alone, and names whatever there is.
  const isEnough = known === undefined || namesAny(asked);
  const tags = isEnough ? asked : asked === null ? known.etag : `${asked}, ${known.etag}`;
  const answer = await askEnrollment(env, enrollment, (stub) => stub.read({ ...request, if_none_match: tags }));
  if (!answer.ok) return answer;
  const { value } = answer;
  if (!value.unchanged) {
    const { etag, content } = value;
    if (etag !== "" && content.kind === "body") bodies.set(key, { etag, body: content.body });
    return answer;
  }
  // The caller's own validator is 304; ours alone is the body we kept.
  if (known === undefined || known.etag !== value.etag || namesTag(asked, value.etag)) return answer;
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
  const { version } = pointer;
  const db = databaseOf(c);
  const walked = await walkedBefore(request.want, { version, program }, (other) =>
    loadProgram(db, entry?.slug ?? "", other),
  );
  if (!walked.ok) return walked;
  const present = viewWithoutEnrollment(program, kind, Date.now());
  const asked = request.at === null ? present : viewWithoutEnrollment(program, kind, request.at);
  const snapshot: SnapshotInfo = {
    version: 0,
    source: kind === "staff" ? "staff" : "realtime",
    computed_at: toInstant(asked.now),
    progress_seq: 0,
    policy_seq: 0,
    course_version: version,
    engine: ENGINE,
    valid_until: null,
  };
  const views = { asked, present, version, presentVersion: version };
  const content = await contentFrom(views, request, walked.value, snapshot, cursorSigner(c));
  return content.ok ? ok({ unchanged: false, etag: "", snapshot, content: content.value }) : content;
}

/** What staff see, or what somebody would see who enrolled at this instant. */
function viewWithoutEnrollment(program: Program, kind: "staff" | "newcomer", now: number): View {
  const learner = layOut(program, { enrolled_at: now, facts: new Map(), opened: new Set(), policy: NO_POLICY });
  if (kind === "staff") return staffView(program, learner, now);
  return { program, learner, now, evaluation: evaluate(program, learner, now) };
}

function cursorSigner(c: AppContext): SignCursor {
  return (scope, position) => encodeCursor(c.env.AUTH_SECRET, scope, position);
}

/** Evaluates a sampled share of reads a second time, from D1, after the answer has gone out. */
function checkInBackground(c: AppContext, enrollment: string, request: ReadRequest): void {
  if (request.at !== null || Math.random() >= Number(c.env.SHADOW_SAMPLE_RATE)) return;
  c.executionCtx.waitUntil(
    shadowRead(c.env, enrollment, request)
      .then((outcome) => {
        meter.count("unlock_shadow_checks_total", [outcome]);
        logEvent("shadow_check", { enrollment_id: enrollment, outcome });
      })
      .catch((fault: unknown) => logFault("shadow_failed", fault, { enrollment_id: enrollment })),
  );
}

export async function shadowRead(env: Env, enrollment: string, request: ReadRequest) {
  const again: ReadRequest = { ...request, want: { kind: "states" }, if_none_match: null, min_seq: null };
  const answer = await askEnrollment(env, enrollment, (stub) => stub.read(again));
  if (!answer.ok || answer.value.unchanged || answer.value.content.kind !== "body") return "lagging" as const;
  const { states } = statesSchema.parse(JSON.parse(new TextDecoder().decode(answer.value.content.body)));
  return shadowCheck(env, enrollment, answer.value.snapshot, states);
}

const statesSchema = z.object({ states: z.record(z.string(), z.string()) });
