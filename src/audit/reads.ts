import type { MiddlewareHandler } from "hono";
import { respond } from "../platform/http/answers.ts";
import type { AppContext, AppEnv } from "../platform/http/context.ts";
import { enrollmentId, parseEnrollmentId } from "../platform/ids.ts";
import type { OwnEntry } from "./entry.ts";
import { recordOncePerDay } from "./outbox.ts";
import { MAIN_CHAIN } from "./stubs.ts";

/** The description of a read that shows somebody else's data. */
type Seen = Pick<OwnEntry, "action" | "target" | "course" | "enrollment">;

/** An answered request: the parameters of its route, and the caller. */
interface Asked {
  actor: string;
  param(name: string): string;
  query(name: string): string | undefined;
}

/** Routes that show the state of one learner. */
function learnerOf(course: string, user: string): Seen {
  const id = enrollmentId(course, user);
  return { action: "enrollment.read", target: { type: "enrollment", id }, course, enrollment: id };
}

/** Reads of a course. With `?learner=` they show that learner's state, without it the caller's own. */
const asLearner =
  (courseOf: (asked: Asked) => string) =>
  (asked: Asked): Seen | null => {
    const learner = asked.query("learner");
    return learner === undefined || learner === asked.actor ? null : learnerOf(courseOf(asked), learner);
  };
const inCourse = asLearner(({ param }) => param("course"));
const ofItem = (name: string) =>
  asLearner(({ param }) => {
    const item = param(name);
    return item.slice(0, item.indexOf("."));
  });

const ofCourse =
  (action: OwnEntry["action"]) =>
  ({ param }: Asked): Seen => {
    const course = param("course");
    return { action, target: { type: "course", id: course }, course };
  };

const ofEnrollment =
  (action: OwnEntry["action"]) =>
  ({ param, actor }: Asked): Seen | null => {
    const id = param("enrollment");
    const { course, user } = parseEnrollmentId(id);
    return user === actor ? null : { action, target: { type: "enrollment", id }, course, enrollment: id };
  };

/** A record whose id begins with its owner's. */
const ofRecord = ({ param, actor }: Asked): Seen | null => {
  const id = param("id");
  return id.startsWith(`${actor}:`) ? null : { action: "record.read", target: { type: "translation_session", id } };
};

/** Lists that show everybody's data unless one user is asked for. */
const ofUser =
  (action: OwnEntry["action"], name: string, all: string) =>
  ({ query, actor }: Asked): Seen | null => {
    const user = query(name);
    if (user === actor) return null;
    return { action, target: user === undefined ? { type: all, id: "all" } : { type: "user", id: user } };
  };

const always = (action: OwnEntry["action"], type: string, id: string) => (): Seen => ({ action, target: { type, id } });

/**
 * The reads that show somebody else's data, and whose data. There is one entry a day for each reader and target: it
 * says that somebody looked, not how often. The room of files records its own reads, because it knows the owner;
 * exports and backups are recorded when they are ordered. A test goes through every operation of the API and fails for
 * one that is missing here.
 */
const READS: Readonly<Record<string, (asked: Asked) => Seen | null>> = {
  "GET /api/v1/users": always("user.listed", "users", "all"),
  "GET /api/v1/users/:id": ({ param, actor }) =>
    param("id") === actor ? null : { action: "user.read", target: { type: "user", id: param("id") } },
  "GET /api/v1/organizations/:organization/people": ({ param }) => ({
    action: "user.listed",
    target: { type: "organization", id: param("organization") },
  }),
  "GET /api/v1/audit/logs": always("audit.read", "audit_chain", MAIN_CHAIN),
  "GET /api/v1/courses/:course/certificates": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/next": inCourse,
  "GET /api/v1/courses/:course/class": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/class/export": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/enrollments": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/items/:item/audience": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/people": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/cohorts": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/members": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/observers": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/roster/runs/:id": ofCourse("roster.read"),
  "GET /api/v1/courses/:course/class/counts": ofCourse("roster.read"),
  "GET /api/v1/enrollments/:enrollment/history": ofEnrollment("enrollment.read"),
  "GET /api/v1/courses/:course/insight/at-risk": ofCourse("insight.read"),
  "GET /api/v1/courses/:course/chapters": inCourse,
  "GET /api/v1/courses/:course/chapters/:chapter": inCourse,
  "GET /api/v1/courses/:course/problems": inCourse,
  "GET /api/v1/courses/:course/unlocks": inCourse,
  "GET /api/v1/courses/:course/items/:item/why": inCourse,
  "GET /api/v1/chapters/:chapter/problems": ofItem("chapter"),
  "GET /api/v1/problems/:problem": ofItem("problem"),
  "GET /api/v1/problems/:problem/submissions": ofItem("problem"),
  "GET /api/v1/enrollments/:enrollment": ofEnrollment("enrollment.read"),
  "GET /api/v1/enrollments/:enrollment/insight": ofEnrollment("insight.read"),
  "GET /api/v1/enrollments/:enrollment/insight/lineage": ofEnrollment("insight.read"),
  "GET /api/v1/events/archive": ofUser("event.read", "user_id", "events"),
  "GET /api/v1/submissions/:submission": ({ param }) => {
    const submission = param("submission");
    const id = submission.slice(0, submission.lastIndexOf(":"));
    const { course } = parseEnrollmentId(id);
    return { action: "submission.read", target: { type: "enrollment", id }, course, enrollment: id };
  },
  "GET /api/v1/submissions/:submission/files/:file": ({ param, actor }) => {
    const submission = param("submission");
    const id = submission.slice(0, submission.lastIndexOf(":"));
    const { course, user } = parseEnrollmentId(id);
    if (user === actor) return null;
    return { action: "submission.read", target: { type: "enrollment", id }, course, enrollment: id };
  },
  "GET /api/v1/submissions/pending": always("submission.read", "submissions", "pending"),
  "GET /api/v1/system/dead-letters": always("dead_letter.read", "dead_letters", "all"),
  "GET /api/v1/translation/parked": always("record.read", "parked_records", "all"),
  "GET /api/v1/translation/sessions/:id": ofRecord,
  "GET /api/v1/translation/sessions/:id/tasks": ofRecord,
  "GET /api/v1/translation/tasks/:id": ofRecord,
  "POST /api/v1/translation/recovery/restore/:id": ofRecord,
};

/** Lists of records: a learner always sees their own, whether or not the request says so. */
const RECORD_LISTS = [
  "GET /api/v1/translation/sessions",
  "GET /api/v1/translation/tasks",
  "GET /api/v1/translation/search",
  "GET /api/v1/translation/recovery/incomplete-sessions",
];
const ofRecords = ofUser("record.read", "owner", "records");

/**
 * Middleware that records who looks at others' data. It runs after the route has allowed the read and before the answer
 * leaves; if the entry can be recorded nowhere, nothing is shown.
 */
export function auditReads(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const actor = c.get("actor");
    if (actor === null || c.res.status >= 400) return;
    const { method } = c.req;
    const path = `${method === "HEAD" ? "GET" : method} ${c.req.routePath}`;
    const isList = RECORD_LISTS.includes(path) && (actor.role === "service" || actor.role === "admin");
    const seenBy = isList ? ofRecords : Object.hasOwn(READS, path) ? READS[path] : undefined;
    const seen = seenBy?.(askedOf(c, actor.id)) ?? null;
    if (seen === null) return;
    const recorded = await recordOncePerDay(c, seen);
    if (recorded.ok) return;
    await c.res.body?.cancel();
    c.res = respond(c, recorded.refusal);
  };
}

function askedOf(c: AppContext, actor: string): Asked {
  return { actor, param: (name) => c.req.param(name) ?? "", query: (name) => c.req.query(name) };
}
