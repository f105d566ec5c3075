import { appendAll } from "../audit/index.ts";
import { publishAll } from "../events/index.ts";
import { askForDeliveries, type EnrollmentNews, listenersOf, newsStatements } from "../hooks/index.ts";
import { notErasing } from "../identity/index.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { writesTo } from "../platform/database/moves.ts";
import { sendInBatches, setStatement } from "../platform/database/set-statement.ts";
import { atCourse, groupByShard, isMoved, type Shard } from "../platform/database/shards.ts";
import { takesWrites } from "../platform/database/takes-writes.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { meter } from "../platform/metrics/meter.ts";
import { inParallel } from "../platform/parallel.ts";
import { retryOrDrop } from "../platform/queue/last-attempt.ts";
import type { ProjectedSubmission, ProjectionBatch } from "./contract.ts";
import { unlinked } from "./course-links.ts";
import { type ProjectionMessage, projectionMessageSchema } from "./messages.ts";
import { mirrorStatements } from "./mirror-rows.ts";
import { callPort } from "./port.ts";

/** Objects called at the same time by one consumer run; the platform allows six open connections, the others wait. */
const PARALLEL_OBJECTS = 12;
/** Bytes that go to D1 in one transaction; its statements are also cut by bytes. One delivery may have more. */
const MAX_GROUP_BYTES = 1_500_000;
/** Bytes of deliveries in memory at once; up to {@link PARALLEL_OBJECTS} more may be on their way. */
const MAX_HELD_BYTES = 8_000_000;

/** Seconds until enrollments that could not be delivered with others come again; a retry of the queue waits as long. */
const APART_DELAY_S = 60;

/** Rows name an enrollment, whose id ends with its user. */
const NOT_ERASED = notErasing("substr(value ->> 'enrollment_id', instr(value ->> 'enrollment_id', ':') + 1)");

const UPSERT_FACTS = setStatement(
  (set) => `
  INSERT INTO progress (enrollment_id, item_id, attempted_at, completed_at, best_score, revoked_at, seq, outcome, outcome_at,
    points, points_min, points_max, viewed_at, submitted_at, told_at, marked_at, passed_at, contributed_at, scored_at, steps,
    latest)
  SELECT value ->> 'enrollment_id', value ->> 'item', value ->> 'attempted_at', value ->> 'completed_at',
         value ->> 'best_score', value ->> 'revoked_at', value ->> 'seq', value ->> 'outcome', value ->> 'outcome_at',
         value ->> 'points', value ->> 'points_min', value ->> 'points_max', value ->> 'viewed_at', value ->> 'submitted_at',
         value ->> 'told_at', value ->> 'marked_at', value ->> 'passed_at', value ->> 'contributed_at', value ->> 'scored_at', value ->> 'steps',
         value ->> 'latest'
  FROM ${set} WHERE ${NOT_ERASED}
  ON CONFLICT (enrollment_id, item_id) DO UPDATE SET
    attempted_at = excluded.attempted_at, completed_at = excluded.completed_at, best_score = excluded.best_score,
    revoked_at = excluded.revoked_at, seq = excluded.seq, outcome = excluded.outcome, outcome_at = excluded.outcome_at,
    points = excluded.points, points_min = excluded.points_min, points_max = excluded.points_max,
    viewed_at = excluded.viewed_at, submitted_at = excluded.submitted_at, told_at = excluded.told_at,
    marked_at = excluded.marked_at, passed_at = excluded.passed_at, contributed_at = excluded.contributed_at,
    scored_at = excluded.scored_at, steps = excluded.steps, latest = excluded.latest
  WHERE excluded.seq > progress.seq`,
);

/** Texts stay in the object. Only an answer that waits for its verdict is here too: graders read it from here. */
const UPSERT_SUBMISSIONS = setStatement(
  (set) => `
  INSERT INTO submissions (id, enrollment_id, item_id, answer, status, score, feedback, submitted_at, judged_at)
  SELECT value ->> 'id', value ->> 'enrollment_id', value ->> 'item', value ->> 'answer', value ->> 'status',
         value ->> 'score', NULL, value ->> 'submitted_at', value ->> 'judged_at'
  FROM ${set} WHERE ${NOT_ERASED}
  ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, score = excluded.score, answer = excluded.answer, judged_at = excluded.judged_at
  WHERE submissions.status = 'pending' OR excluded.judged_at >= submissions.judged_at`,
);

const INSERT_EVENTS = setStatement(
  (set) => `
  INSERT INTO unlock_events (enrollment_id, version, unlocked, locked, cause, announced_at)
  SELECT value ->> 'enrollment_id', value ->> 'version', value ->> 'unlocked', value ->> 'locked', value ->> 'cause',
         value ->> 'announced_at'
  FROM ${set} WHERE ${NOT_ERASED}
  ON CONFLICT (enrollment_id, version) DO NOTHING`,
);

/**
 * Delivers the pending rows of enrollment objects to D1, and confirms them to the objects. A message names objects; the
 * pending rows at the time of the call are delivered, so duplicates and another order have no effect. Each message is
 * acknowledged or retried separately, and one faulty enrollment delays no other: if a message names many, those that
 * could not be delivered come again one by one. After its last retry a message is dropped: the object announces itself
 * again as long as rows are pending.
 */
export async function consumeProjections(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const readable: { message: Message<unknown>; ids: string[] }[] = [];
  for (const message of batch.messages) {
    const parsed = projectionMessageSchema.safeParse(message.body);
    if (parsed.success) readable.push({ message, ids: [parsed.data.enrollment_id, ...(parsed.data.others ?? [])] });
    else message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
  }
  const done = await projectEnrollments(env, [...new Set(readable.flatMap(({ ids }) => ids))]);
  const apart = new Set<string>();
  for (const { message, ids } of readable) {
    const left = ids.filter((id) => !done.has(id));
    if (left.length === 0) message.ack();
    else if (ids.length === 1) retryOrDrop("latchkey-projection", message);
    else for (const id of left) apart.add(id);
  }
  if (apart.size === 0) return;
  const isSent = await sendApart(env, [...apart]);
  for (const { message, ids } of readable) {
    if (ids.length === 1 || !ids.some((id) => apart.has(id))) continue;
    if (isSent) message.ack();
    else retryOrDrop("latchkey-projection", message);
  }
}

/** Announces enrollments again, one by one: a faulty one delays no other. */
async function sendApart(env: Env, ids: readonly string[]): Promise<boolean> {
  try {
    const messages = ids.map((enrollment_id): ProjectionMessage => ({ type: "project", enrollment_id }));
    await sendInBatches(env.PROJECTION_QUEUE, messages, APART_DELAY_S);
    return true;
  } catch (fault) {
    logFault("announcement_failed", fault, { enrollments: ids.length });
    return false;
  }
}

/**
 * Projects enrollments now. It is also called right after a write that can take access away (a lock, a revocation), so
 * that the D1 fallback cannot answer from before it; rows that fail stay in the outbox and come through the queue.
 * @returns the ids whose outbox was empty or has been delivered and confirmed.
 */
export async function projectEnrollments(env: Env, ids: readonly string[]): Promise<Set<string>> {
  const done = new Set<string>();
  const waiting = [...ids];
  while (waiting.length > 0) {
    const collected = await collectPending(env, waiting, done);
    const collectedAt = Date.now();
    const { groups } = await groupByShard(env, collected, courseOf);
    // A shard that does not answer delays none of the others.
    await Promise.all(
      groups.map(async ({ shard, items }) => {
        for (const group of groupBySize(items)) {
          for (const { enrollment_id, oldest_ms } of await deliverGroup(env, shard, group)) {
            done.add(enrollment_id);
            meter.observe("unlock_projection_lag_seconds", [], (oldest_ms + Date.now() - collectedAt) / 1_000);
          }
        }
      }),
    );
  }
  return done;
}

function courseOf({ enrollment_id }: ProjectionBatch): string {
  return parseEnrollmentId(enrollment_id).course;
}

/** Most deliveries of one enrollment in a row, when all its pending rows are needed at once. */
const MAX_DELIVERIES = 200;

/**
 * Projects an enrollment until nothing is pending: one delivery has a limit, the pending rows have none.
 * @returns false when something could not be delivered, or too many new rows came.
 */
export async function drainEnrollment(env: Env, id: string): Promise<boolean> {
  for (let delivery = 0; delivery < MAX_DELIVERIES; delivery += 1) {
    if (!(await projectEnrollments(env, [id])).has(id)) return false;
    const pending = await callPort(env, id, (stub) => stub.pendingProjection());
    if (!pending.ok) return false;
    if (pending.value === null) return true;
  }
  return false;
}

/**
 * Asks objects for their pending rows, and removes those it has asked from the list. It stops when the memory limit is
 * reached: a consumer gets a hundred objects, and each may have megabytes pending.
 */
async function collectPending(env: Env, waiting: string[], done: Set<string>): Promise<ProjectionBatch[]> {
  const collected: ProjectionBatch[] = [];
  let held = 0;
  const ask = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const enrollment = id;
      const withNews = (await listenersOf(env, parseEnrollmentId(enrollment).course)).length > 0;
      const pending = await callPort(env, enrollment, (stub) => stub.pendingProjection(withNews));
      if (pending.ok && pending.value === null) done.add(enrollment);
      else if (pending.ok && pending.value !== null) {
        collected.push(pending.value);
        held += sizeOf(pending.value);
      }
      if (held > MAX_HELD_BYTES) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_OBJECTS, waiting.length) }, ask));
  return collected;
}

/** Delivers a group and confirms it. @returns those that are done. */
async function deliverGroup(env: Env, shard: Shard, group: readonly ProjectionBatch[]): Promise<ProjectionBatch[]> {
  // First, so that a D1 that does not answer does not delay the audit chain.
  const unaudited = await unauditedOf(env, group);
  const delivered = await deliver(env, shard, group);
  for (const id of unaudited) delivered.delete(id);
  for (const id of await unnotified(env, group)) delivered.delete(id);
  for (const id of await unlinked(env, group)) delivered.delete(id);
  const confirmed: ProjectionBatch[] = [];
  await inParallel(group, PARALLEL_OBJECTS, async (batch) => {
    const { enrollment_id, head, sent_up_to } = batch;
    if (!delivered.has(enrollment_id)) return;
    if ((await callPort(env, enrollment_id, (stub) => stub.confirmProjection(head, sent_up_to))).ok)
      confirmed.push(batch);
  });
  return confirmed;
}

/**
 * Brings the objects' pending audit entries into the chain.
 * @returns enrollments whose entries it does not have yet: they are not confirmed, and come again.
 */
async function unauditedOf(env: Env, group: readonly ProjectionBatch[]): Promise<string[]> {
  const withAudit = group.filter(({ audit = [] }) => audit.length > 0);
  const entries = withAudit.flatMap(({ audit = [] }) => audit);
  if (entries.length === 0) return [];
  const appended = await appendAll(env, entries);
  return appended.ok ? [] : withAudit.map(({ enrollment_id }) => enrollment_id);
}

/**
 * Sends live events that learners' objects could not send themselves.
 * @returns enrollments whose learner could not be reached: they are not confirmed, and come again.
 */
async function unnotified(env: Env, group: readonly ProjectionBatch[]): Promise<Set<string>> {
  const addressed = group.flatMap(({ enrollment_id, notices }) => {
    const { user } = parseEnrollmentId(enrollment_id);
    return notices.map((event) => ({ user, event, enrollment_id }));
  });
  const outcomes = await publishAll(env, addressed, "enrollment");
  return new Set(
    addressed.filter((_, index) => outcomes[index]?.status === "unavailable").map(({ enrollment_id }) => enrollment_id),
  );
}

/**
 * Writes a group in one D1 batch. If that fails while D1 accepts other writes, writes them one by one, so that only the
 * faulty enrollment is left out.
 */
async function deliver(env: Env, { name, db }: Shard, group: readonly ProjectionBatch[]): Promise<Set<string>> {
  const delivered = new Set<string>();
  try {
    await writeProjections(env, db, group);
    return new Set(group.map((entry) => entry.enrollment_id));
  } catch (fault) {
    logFault("projection_batch_failed", fault, { enrollments: group.length, shard: name });
    // If a course has moved, each of its enrollments goes to its present place.
    if (!isMoved(fault) && (group.length === 1 || !(await takesWrites(db)))) return delivered;
  }
  // A course that was waited for once, and is still moving, is not waited for again.
  const onTheirWay = new Set<string>();
  for (const entry of group) {
    const course = courseOf(entry);
    try {
      await atCourse(
        env,
        course,
        (own) => writeProjections(env, own, [entry]),
        onTheirWay.has(course) ? [0] : undefined,
      );
      delivered.add(entry.enrollment_id);
    } catch (fault) {
      if (isMoved(fault)) onTheirWay.add(course);
      logFault("projection_failed", fault, { enrollment_id: entry.enrollment_id });
    }
  }
  return delivered;
}

async function writeProjections(env: Env, db: D1Database, group: readonly ProjectionBatch[]): Promise<void> {
  const rowsOf = (pick: (entry: ProjectionBatch) => readonly object[]) =>
    group.flatMap((entry) => pick(entry).map((row) => ({ enrollment_id: entry.enrollment_id, ...row })));
  const told = await newsStatements(env, db, group.flatMap(newsIn), Date.now());
  const statements = [
    // Before the mirrors, which say that other systems were notified.
    ...told.statements,
    ...mirrorStatements(
      db,
      group.flatMap(({ mirror, enrollment_id }) => {
        const told_to = told.toldTo.get(enrollment_id);
        return mirror === null ? [] : told_to === undefined ? [mirror] : [{ ...mirror, told_to }];
      }),
    ),
    ...UPSERT_FACTS.over(
      db,
      rowsOf((entry) => entry.facts),
    ),
    ...UPSERT_SUBMISSIONS.over(
      db,
      rowsOf((entry) => entry.submissions.map(withoutTexts)),
    ),
    ...INSERT_EVENTS.over(
      db,
      rowsOf((entry) => entry.events),
    ),
  ];
  // A delivery that only notifies others has no rows.
  if (statements.length === 0) return;
  await db.batch([...writesTo(db, group.map(courseOf)), ...statements]);
  logEvent("projected", { enrollments: group.length });
  await askForDeliveries(env, told.listeners);
}

function newsIn({ enrollment_id, head, news = [] }: ProjectionBatch): EnrollmentNews[] {
  const { course } = parseEnrollmentId(enrollment_id);
  return news.length === 0 ? [] : [{ enrollment: enrollment_id, course, head, news }];
}

/** The columns of a submission in D1. */
function withoutTexts(submission: ProjectedSubmission): ProjectedSubmission {
  return { ...submission, answer: submission.status === "pending" ? submission.answer : "", feedback: null };
}

/** Bytes of a delivery as JSON. */
function sizeOf(batch: ProjectionBatch): number {
  return utf8Bytes(JSON.stringify(batch));
}

function groupBySize(collected: readonly ProjectionBatch[]): ProjectionBatch[][] {
  const groups: ProjectionBatch[][] = [];
  let room = 0;
  for (const entry of collected) {
    const size = sizeOf(entry);
    const last = groups.at(-1);
    if (last === undefined || size > room) {
      groups.push([entry]);
      room = MAX_GROUP_BYTES - size;
    } else {
      last.push(entry);
      room -= size;
    }
  }
  return groups;
}
