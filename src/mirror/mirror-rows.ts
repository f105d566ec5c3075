import { setStatement } from "../platform/database/set-statement.ts";
import type { Mirror } from "./contract.ts";

// D1 bills each written row and each entry of an index, and SQLite writes an index again whenever a statement sets one
// of its columns, whatever the value. So columns that hardly ever change have their own statements, which usually find
// nothing to do.

/** Only a newer snapshot replaces an older one (invariant 4); the stale mark is not changed here. */
const isNewer = `enrollments.id = m.value ->> 'enrollment_id'
    AND (m.value ->> 'version', m.value ->> 'computed_at') >= (enrollments.version, coalesce(enrollments.computed_at, 0))`;

/**
 * A refresh brings no facts. If D1 does not have the facts of a mirror yet, the mirror is left to the outbox, which
 * brings both; otherwise D1 would name a progress_seq whose facts it does not have.
 */
const hasFacts = "AND (m.value ->> 'progress_seq') = enrollments.progress_seq";

/** Columns of indexes, if they differ. */
const indexed = (set: string) => `
  UPDATE enrollments SET status = coalesce(m.value ->> 'status', status),
    withdrawn_at = CASE coalesce(m.value ->> 'status', status)
      WHEN 'withdrawn' THEN coalesce(m.value ->> 'withdrawn_at', withdrawn_at) END,
    engine = m.value ->> 'engine', valid_until = m.value ->> 'valid_until'
  FROM ${set} AS m
  WHERE ${isNewer}
    AND (coalesce(m.value ->> 'status', status), m.value ->> 'engine', m.value ->> 'valid_until',
         CASE coalesce(m.value ->> 'status', status)
           WHEN 'withdrawn' THEN coalesce(m.value ->> 'withdrawn_at', withdrawn_at) END)
      IS NOT (status, engine, valid_until, withdrawn_at)`;

/** The index of last activity is exact to the hour; `active_at` is exact. */
const ACTIVITY_STEP_MS = 3_600_000;
const activity = (set: string) => `
  UPDATE enrollments SET last_active_at = m.value ->> 'last_active_at' FROM ${set} AS m
  WHERE ${isNewer} AND m.value ->> 'last_active_at' >= last_active_at + ${ACTIVITY_STEP_MS}`;

/** All other columns. It comes last, because it changes the version by which all of them are fenced. */
const others = (set: string) => `
  UPDATE enrollments SET
    enrolled_at = coalesce(m.value ->> 'enrolled_at', enrolled_at),
    policy = m.value ->> 'policy', kept = m.value ->> 'kept', earned = m.value ->> 'earned',
    version = m.value ->> 'version', progress_seq = m.value ->> 'progress_seq', policy_seq = m.value ->> 'policy_seq',
    course_version = m.value ->> 'course_version', activation = m.value ->> 'activation',
    computed_at = m.value ->> 'computed_at', open_count = m.value ->> 'open_count',
    completed_count = m.value ->> 'completed_count', item_count = m.value ->> 'item_count',
    active_at = m.value ->> 'last_active_at', told_to = max(told_to, coalesce(m.value ->> 'told_to', 0))
  FROM ${set} AS m
  WHERE ${isNewer}`;

const OF_DELIVERY = [indexed, activity, others].map((sql) => setStatement(sql));
const OF_REFRESH = [indexed, activity, others].map((sql) => setStatement((set) => `${sql(set)} ${hasFacts}`));

/**
 * Writes the mirrors of snapshots. Their facts must be written in the same batch.
 * @param isRefresh they come without facts, and if D1 does not have all of these the row stays as it is.
 */
export function mirrorStatements(db: D1Database, mirrors: readonly Mirror[], isRefresh = false): D1PreparedStatement[] {
  const heads = mirrors.map(({ policy: _policy, kept: _kept, earned: _earned, ...head }) => head);
  const [ofIndexes, ofActivity, ofOthers] = isRefresh ? OF_REFRESH : OF_DELIVERY;
  return [
    ...(ofIndexes?.over(db, heads) ?? []),
    ...(ofActivity?.over(db, heads) ?? []),
    ...(ofOthers?.over(db, mirrors) ?? []),
  ];
}
