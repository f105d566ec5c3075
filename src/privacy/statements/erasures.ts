import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

// The erasures themselves, and the note in each further shard that somebody is being erased.

/** Orders an erasure; one that was done begins again. */
// plan: looks nothing up
export const insertErasure = statement<[subject: string, user: string, now: number, step: string]>(
  `INSERT INTO erasures (subject, user_id, requested_at, state, step, due_at) VALUES (?1, ?2, ?3, 'running', ?4, ?3)
    ON CONFLICT (subject) DO UPDATE SET user_id = ?2, state = 'running', step = ?4, due_at = ?3, attempts = 0
    WHERE state = 'done'`,
);

// plan: looks nothing up
export const insertTombstone = statement<[subject: string, now: number]>(
  "INSERT INTO tombstones (subject, erased_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
);

// plan: SEARCH erasures USING INDEX erasures_due (due_at<?)
export const erasuresDue = statement<[now: number, limit: number]>(
  "SELECT subject FROM erasures WHERE state <> 'done' AND due_at <= ? ORDER BY due_at LIMIT ?",
);

/** Takes an erasure that is due, unless another worker has it. */
// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const takeErasure = statement<[subject: string, until: number, now: number]>(
  `UPDATE erasures SET due_at = ?2 WHERE subject = ?1 AND state <> 'done' AND due_at <= ?3
    RETURNING subject, user_id, state, step, attempts`,
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const delayErasure = statement<[subject: string, error: string, dueAt: number]>(
  "UPDATE erasures SET attempts = attempts + 1, error = ?2, due_at = ?3 WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const holdErasure = statement<[subject: string, step: string, dueAt: number]>(
  "UPDATE erasures SET step = ?2, due_at = ?3 WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const stepErasure = statement<[subject: string, step: string, dueAt: number]>(
  "UPDATE erasures SET step = ?2, due_at = ?3, attempts = 0, error = NULL WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const settleErasure = statement<[subject: string, step: string, dueAt: number]>(
  `UPDATE erasures SET state = 'settling', step = ?2, due_at = ?3, attempts = 0, error = NULL
    WHERE subject = ?1 AND state = 'running'`,
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const endErasure = statement<[subject: string, now: number]>(
  `UPDATE erasures SET state = 'done', user_id = NULL, step = '', attempts = 0, error = NULL, finished_at = ?2
    WHERE subject = ?1 AND state = 'settling'`,
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const hurry = statement<[subject: string, now: number]>(
  "UPDATE erasures SET due_at = ?2 WHERE subject = ?1 AND state = 'running'",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const erasureState = statement<[subject: string]>("SELECT state FROM erasures WHERE subject = ?");

// plan: SCAN erasures
// scans: a row for each erasure there has been; only where another database brings one that was not known.
export const settleAgain = statement<[step: string, now: number]>(
  "UPDATE erasures SET state = 'running', step = ?1, due_at = ?2, attempts = 0 WHERE state = 'settling'",
);

// plan: SEARCH erasures USING INDEX erasures_by_user (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const RUNNING = setStatement(
  (set) => `SELECT user_id AS id FROM erasures WHERE state = 'running' AND user_id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH erasures USING INDEX erasures_due (due_at>?)
export const erasuresOpen = statement<[]>(
  "SELECT count(*) AS n, min(requested_at) AS oldest FROM erasures WHERE state <> 'done' AND due_at > 0",
);

/** Notes in a further shard that somebody is being erased. */
// plan: looks nothing up
export const raiseBar = statement<[user: string]>("INSERT INTO erasing (user_id) VALUES (?) ON CONFLICT DO NOTHING");

// plan: SEARCH erasing USING PRIMARY KEY (user_id=?)
export const lowerBar = statement<[user: string]>("DELETE FROM erasing WHERE user_id = ?");
