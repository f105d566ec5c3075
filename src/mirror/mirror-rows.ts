import { setStatement } from "../platform/database/set-statement.ts";
import type { Mirror } from "./contract.ts";

// D1 bills each row that is written and each entry of an index, and SQLite writes an index again as soon as a statement sets
// one of its columns, whatever the value. So what hardly ever changes has statements of its own, which find nothing to do.

/** Only a newer snapshot replaces an older one (invariant 4); the stale mark is not touched here. */
const isNewer = `enrollments.id = m.value ->> 'enrollment_id'
    AND (m.value ->> 'version', m.value ->> 'computed_at') >= (enrollments.version, coalesce(enrollments.computed_at, 0))`;

/**
 * A refresh brings no facts: a mirror whose facts D1 does not have yet is left to the outbox that brings both, else D1
 * would say it has reached a progress_seq whose facts it does not know.
 */
const hasFacts = "AND (m.value ->> 'progress_seq') = enrollments.progress_seq";

/** Columns that indexes are made of, where they differ. */
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

/** The index of who was active lately follows by the hour; `active_at` is exact. */
const ACTIVITY_STEP_MS = 3_600_000;
const activity = (set: string) => `
  UPDATE enrollments SET last_active_at = m.value ->> 'last_active_at' FROM ${set} AS m
  WHERE ${isNewer} AND m.value ->> 'last_active_at' >= last_active_at + ${ACTIVITY_STEP_MS}`;

/** Everything else. The last of them, because it moves the version that all of them are fenced by. */
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
 * Writes snapshots' mirrors. The facts they rest on must be written in the same batch.
 * @param isRefresh they come without facts, and where D1 lacks some of them the row stays as it is.
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
