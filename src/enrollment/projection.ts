import { appendAll } from "../audit/stubs.ts";
import { callEnrollment } from "../bindings.ts";
import { publishAll } from "../events/index.ts";
import { notBeingErased } from "../identity/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { meter } from "../ops/metrics/meter.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import { inParallel } from "../shared/parallel.ts";
import type { Mirror, ProjectionBatch } from "./contract.ts";
import { projectionMessageSchema } from "./messages.ts";

/** Objects asked at the same time by one consumer run; the platform allows six open connections, the rest queue. */
const PARALLEL_OBJECTS = 12;
/** JSON characters of one D1 batch; a bound parameter may hold 2 MB. */
const MAX_BATCH_CHARACTERS = 600_000;

/** Rows name an enrollment, whose id ends with its user. */
const NOT_ERASED = notBeingErased("substr(value ->> 'enrollment_id', instr(value ->> 'enrollment_id', ':') + 1)");

const UPSERT_FACTS = `
  INSERT INTO progress (enrollment_id, item_id, attempted_at, completed_at, best_score, revoked_at, seq)
  SELECT value ->> 'enrollment_id', value ->> 'item', value ->> 'attempted_at', value ->> 'completed_at',
         value ->> 'best_score', value ->> 'revoked_at', value ->> 'seq'
  FROM json_each(?) WHERE ${NOT_ERASED}
  ON CONFLICT (enrollment_id, item_id) DO UPDATE SET
    attempted_at = excluded.attempted_at, completed_at = excluded.completed_at, best_score = excluded.best_score,
    revoked_at = excluded.revoked_at, seq = excluded.seq
  WHERE excluded.seq > progress.seq`;

const UPSERT_SUBMISSIONS = `
  INSERT INTO submissions (id, enrollment_id, item_id, answer, status, score, feedback, submitted_at, judged_at)
  SELECT value ->> 'id', value ->> 'enrollment_id', value ->> 'item', value ->> 'answer', value ->> 'status',
         value ->> 'score', value ->> 'feedback', value ->> 'submitted_at', value ->> 'judged_at'
  FROM json_each(?) WHERE ${NOT_ERASED}
  ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, score = excluded.score, feedback = excluded.feedback, judged_at = excluded.judged_at
  WHERE submissions.status = 'pending'`;

const INSERT_EVENTS = `
  INSERT INTO unlock_events (enrollment_id, version, unlocked, locked, cause, announced_at)
  SELECT value ->> 'enrollment_id', value ->> 'version', value ->> 'unlocked', value ->> 'locked', value ->> 'cause',
         value ->> 'announced_at'
  FROM json_each(?) WHERE ${NOT_ERASED}
  ON CONFLICT (enrollment_id, version) DO NOTHING`;

/** Only a newer snapshot replaces an older one (invariant 4); the stale mark is not touched here. */
const UPDATE_MIRRORS = `
  UPDATE enrollments SET
    policy = m.value ->> 'policy', kept = m.value ->> 'kept', earned = m.value ->> 'earned',
    version = m.value ->> 'version', progress_seq = m.value ->> 'progress_seq', policy_seq = m.value ->> 'policy_seq',
    course_version = m.value ->> 'course_version', activation = m.value ->> 'activation', engine = m.value ->> 'engine',
    valid_until = m.value ->> 'valid_until', computed_at = m.value ->> 'computed_at',
    open_count = m.value ->> 'open_count', completed_count = m.value ->> 'completed_count',
    item_count = m.value ->> 'item_count', last_active_at = m.value ->> 'last_active_at'
  FROM json_each(?) AS m
  WHERE enrollments.id = m.value ->> 'enrollment_id'
    AND (m.value ->> 'version', m.value ->> 'computed_at') >= (enrollments.version, coalesce(enrollments.computed_at, 0))`;

/** Statement that writes snapshots' mirrors. The facts they rest on must be written in the same batch. */
function updateMirrors(db: D1Database, mirrors: readonly Mirror[]): D1PreparedStatement {
  return db.prepare(UPDATE_MIRRORS).bind(JSON.stringify(mirrors));
}

/**
 * The same for a refresh, which brings no facts: a mirror whose facts D1 does not have yet is left to the outbox that
 * brings both, else D1 would say it has reached a progress_seq whose facts it does not know.
 */
export function updateRefreshedMirrors(db: D1Database, mirrors: readonly Mirror[]): D1PreparedStatement {
  const statement = `${UPDATE_MIRRORS} AND (m.value ->> 'progress_seq') = enrollments.progress_seq`;
  return db.prepare(statement).bind(JSON.stringify(mirrors));
}

/**
 * Delivers what enrollment objects owe to D1 and confirms it back. A message names an object; what is delivered is what
 * the object owes when it is asked, so duplicates and reordering have no effect. Each message is acknowledged or
 * retried by itself, and one bad enrollment delays no other.
 */
export async function consumeProjections(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const byEnrollment = new Map<string, Message<unknown>[]>();
  for (const message of batch.messages) {
    const parsed = projectionMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
      continue;
    }
    const id = parsed.data.enrollment_id;
    byEnrollment.set(id, [...(byEnrollment.get(id) ?? []), message]);
  }
  const done = await projectEnrollments(env, [...byEnrollment.keys()]);
  for (const [id, messages] of byEnrollment) {
    for (const message of messages) {
      if (done.has(id)) message.ack();
      else message.retry();
    }
  }
}

/**
 * Projects enrollments now. Also called directly after a write that can take access away (a lock, a revocation), so
 * that the D1 fallback cannot answer from before it; whatever fails stays in the outbox and comes through the queue.
 *
 * @returns the ids whose outbox was empty or has been delivered and confirmed.
 */
export async function projectEnrollments(env: Env, ids: readonly string[]): Promise<Set<string>> {
  const done = new Set<string>();
  const owed: ProjectionBatch[] = [];
  await inParallel(ids, PARALLEL_OBJECTS, async (id) => {
    const pending = await callEnrollment(env, id, (stub) => stub.pendingProjection());
    if (!pending.ok) return;
    if (pending.value === null) done.add(id);
    else owed.push(pending.value);
  });
  const collectedAt = Date.now();
  for (const group of groupBySize(owed)) {
    // First, so that a dark D1 does not keep the audit chain waiting.
    const unaudited = await unauditedOf(env, group);
    const delivered = await deliver(env, group);
    for (const id of unaudited) delivered.delete(id);
    for (const id of await untold(env, group)) delivered.delete(id);
    await inParallel(group, PARALLEL_OBJECTS, async ({ enrollment_id, head, oldest_ms }) => {
      if (!delivered.has(enrollment_id)) return;
      const confirmed = await callEnrollment(env, enrollment_id, (stub) => stub.confirmProjection(head));
      if (!confirmed.ok) return;
      done.add(enrollment_id);
      meter.observe("unlock_projection_lag_seconds", [], (oldest_ms + Date.now() - collectedAt) / 1_000);
    });
  }
  return done;
}

/**
 * Tells the audit chain what objects owe it.
 * @returns enrollments whose entries it does not have yet: they are not confirmed, and come again.
 */
async function unauditedOf(env: Env, group: readonly ProjectionBatch[]): Promise<string[]> {
  const owing = group.filter(({ audit = [] }) => audit.length > 0);
  const entries = owing.flatMap(({ audit = [] }) => audit);
  if (entries.length === 0) return [];
  const appended = await appendAll(env, entries);
  return appended.ok ? [] : owing.map(({ enrollment_id }) => enrollment_id);
}

/**
 * Tells learners' live events what their objects could not tell themselves.
 * @returns enrollments whose learner could not be reached: they are not confirmed, and come again.
 */
async function untold(env: Env, group: readonly ProjectionBatch[]): Promise<Set<string>> {
  const addressed = group.flatMap(({ enrollment_id, notices }) => {
    const { user } = parseEnrollmentId(enrollment_id);
    return notices.map((event) => ({ user, event, enrollment_id }));
  });
  const outcomes = await publishAll(env, addressed);
  return new Set(
    addressed.filter((_, index) => outcomes[index]?.status === "unavailable").map(({ enrollment_id }) => enrollment_id),
  );
}

/** Writes a group in one D1 batch; if that fails, one by one, so that a poisonous enrollment is found and left. */
async function deliver(env: Env, group: readonly ProjectionBatch[]): Promise<Set<string>> {
  try {
    await writeProjections(env.DB, group);
    return new Set(group.map((entry) => entry.enrollment_id));
  } catch (fault) {
    logFault("projection_batch_failed", fault, { enrollments: group.length });
  }
  const delivered = new Set<string>();
  if (group.length === 1) return delivered;
  for (const entry of group) {
    try {
      await writeProjections(env.DB, [entry]);
      delivered.add(entry.enrollment_id);
    } catch (fault) {
      logFault("projection_failed", fault, { enrollment_id: entry.enrollment_id });
    }
  }
  return delivered;
}

async function writeProjections(db: D1Database, group: readonly ProjectionBatch[]): Promise<void> {
  const rowsOf = (pick: (entry: ProjectionBatch) => readonly object[]) =>
    group.flatMap((entry) => pick(entry).map((row) => ({ enrollment_id: entry.enrollment_id, ...row })));
  const statements: D1PreparedStatement[] = [
    updateMirrors(
      db,
      group.flatMap((entry) => entry.mirror ?? []),
    ),
  ];
  const add = (sql: string, rows: readonly object[]) => {
    if (rows.length > 0) statements.push(db.prepare(sql).bind(JSON.stringify(rows)));
  };
  add(
    UPSERT_FACTS,
    rowsOf((entry) => entry.facts),
  );
  add(
    UPSERT_SUBMISSIONS,
    rowsOf((entry) => entry.submissions),
  );
  add(
    INSERT_EVENTS,
    rowsOf((entry) => entry.events),
  );
  await db.batch(statements);
  logEvent("projected", { enrollments: group.length });
}

function groupBySize(owed: readonly ProjectionBatch[]): ProjectionBatch[][] {
  const groups: ProjectionBatch[][] = [];
  let room = 0;
  for (const entry of owed) {
    const size = JSON.stringify(entry).length;
    const last = groups.at(-1);
    if (last === undefined || size > room) {
      groups.push([entry]);
      room = MAX_BATCH_CHARACTERS - size;
    } else {
      last.push(entry);
      room -= size;
    }
  }
  return groups;
}
