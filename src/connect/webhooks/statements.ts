import { insertEntryWhere } from "../../audit/index.ts";
import { statement } from "../../platform/database/statement.ts";

/** Pages of which something is not over, in their order. */
// plan: SEARCH webhook_pages USING INDEX webhook_pages_waiting (subscription=? AND seq>?)
export const waitingPages = statement<[subscription: string, after: number, take: number]>(
  `SELECT seq, events, due_at, revision FROM webhook_pages INDEXED BY webhook_pages_waiting
    WHERE subscription = ? AND seq > ? AND due_at IS NOT NULL ORDER BY seq LIMIT ?`,
);

/** Writes down what became of a page, unless somebody else has changed it meanwhile. */
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
export const savePage = statement<
  [subscription: string, seq: number, revision: number, events: string, due: number | null]
>(
  `UPDATE webhook_pages SET events = ?4, due_at = ?5, revision = revision + 1
    WHERE subscription = ?1 AND seq = ?2 AND revision = ?3`,
);

/** The newest pages before one, for the list of deliveries. */
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq<?)
export const pagesBefore = statement<[subscription: string, before: number, take: number]>(
  "SELECT seq, events FROM webhook_pages WHERE subscription = ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
export const pageAt = statement<[subscription: string, seq: number]>(
  "SELECT seq, events, due_at, revision FROM webhook_pages WHERE subscription = ? AND seq = ?",
);

/** Pages whose events are to be delivered once more, the oldest first. */
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq>?)
export const pagesSince = statement<[subscription: string, since: number, take: number]>(
  "SELECT seq, events, due_at, revision FROM webhook_pages WHERE subscription = ? AND seq >= ? ORDER BY seq LIMIT ?",
);

/** Takes a subscription: nobody else delivers until `until`, or until it is released. */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const takeHook = statement<[id: string, lease: string, now: number, until: number]>(
  `UPDATE webhook_subscriptions SET lease = ?2, lease_until = ?4
    WHERE id = ?1 AND state = 'active' AND lease_until <= ?3 AND paused_until <= ?3 RETURNING *`,
);

// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const keepHook = statement<[id: string, lease: string, until: number]>(
  "UPDATE webhook_subscriptions SET lease_until = ?3 WHERE id = ?1 AND lease = ?2 AND state = 'active' RETURNING id",
);

/** Ends a run, and says how it went; where nothing was tried (`at` is null), what was said before stays. */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const releaseHook = statement<
  [
    id: string,
    lease: string,
    pausedUntil: number,
    failures: number,
    failingSince: number | null,
    at: number | null,
    status: number | null,
    error: string | null,
    success: number | null,
  ]
>(
  `UPDATE webhook_subscriptions SET lease = NULL, lease_until = 0, paused_until = ?3, failures = ?4, failing_since = ?5,
      last_at = coalesce(?6, last_at), last_status = iif(?6 IS NULL, last_status, ?7),
      last_error = iif(?6 IS NULL, last_error, ?8), last_success_at = coalesce(?9, last_success_at)
    WHERE id = ?1 AND lease = ?2`,
);

/** The receiver said that it is gone: the one that the run posted to, and no other that was set meanwhile. */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const endHook = statement<[id: string, lease: string, now: number]>(
  `UPDATE webhook_subscriptions SET state = 'disabled', disabled_reason = 'gone', updated_at = ?3
    WHERE id = ?1 AND lease = ?2 AND state = 'active'`,
);

/** A secret that a former key had encrypted is encrypted by the present one. */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const resealHook = statement<[id: string, before: string, secret: string]>(
  "UPDATE webhook_subscriptions SET secret = ?3 WHERE id = ?1 AND secret = ?2",
);

/** Subscriptions that nobody serves now. */
// plan: SCAN webhook_subscriptions
// scans: at most as many rows as there may be subscriptions, once a minute.
export const idleHooks = statement<[now: number, most: number]>(
  `SELECT id FROM webhook_subscriptions WHERE state = 'active' AND lease_until <= ?1 AND paused_until <= ?1 LIMIT ?2`,
);

/** Since when something of a subscription is due; nothing where all waits for its time. */
// plan: SEARCH webhook_pages USING COVERING INDEX webhook_pages_waiting (subscription=?)
export const duePage = statement<[subscription: string, now: number]>(
  `SELECT min(due_at) AS due FROM webhook_pages INDEXED BY webhook_pages_waiting
    WHERE subscription = ?1 AND due_at IS NOT NULL AND due_at <= ?2`,
);

/** The next subscription that has pages, also one that was removed. */
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription>?)
export const nextWithPages = statement<[after: string]>(
  "SELECT subscription FROM webhook_pages WHERE subscription > ? ORDER BY subscription LIMIT 1",
);

/** The last page that is kept beyond a number of newer ones. */
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=?)
export const pageBeyond = statement<[subscription: string, kept: number]>(
  "SELECT seq FROM webhook_pages WHERE subscription = ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq<?)
export const prunePages = statement<[subscription: string, before: number, take: number]>(
  `DELETE FROM webhook_pages WHERE subscription = ?1 AND seq IN
    (SELECT seq FROM webhook_pages WHERE subscription = ?1 AND seq < ?2 ORDER BY seq LIMIT ?3)`,
);

/** How subscriptions stand, for the metrics. */
// plan: SCAN webhook_subscriptions
// scans: at most as many rows as there may be subscriptions, once a scrape.
export const countHooks = statement<[since: number]>(
  `SELECT coalesce(sum(state = 'active'), 0) AS active, coalesce(sum(state = 'disabled'), 0) AS disabled,
      coalesce(sum(state = 'active' AND failing_since < ?1), 0) AS failing FROM webhook_subscriptions`,
);

// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const dropHook = statement<[id: string]>("DELETE FROM webhook_subscriptions WHERE id = ?");

/** Makes a subscription, unless there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH webhook_subscriptions USING COVERING INDEX webhook_subscriptions_by_course (course_slug=?)
// plan: SCALAR SUBQUERY 2
// plan: SCAN webhook_subscriptions USING COVERING INDEX webhook_subscriptions_by_owner
// scans: at most as many rows as there may be subscriptions.
export const addHook = statement<
  [
    id: string,
    course: string | null,
    url: string,
    note: string,
    types: string,
    secret: string,
    owner: string,
    now: number,
    mostOfCourse: number,
    most: number,
  ]
>(
  `INSERT INTO webhook_subscriptions (id, course_slug, url, note, types, secret, owner, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8
    WHERE (SELECT count(*) FROM webhook_subscriptions WHERE course_slug IS ?2) < ?9
      AND (SELECT count(*) FROM webhook_subscriptions) < ?10`,
);

/** Says in the audit log that a subscription was made, if the same batch has made it. */
// plan: SEARCH webhook_subscriptions EXISTS USING PRIMARY KEY (id=?)
export const entryOfMade = insertEntryWhere("EXISTS (SELECT 1 FROM webhook_subscriptions WHERE id = ?)");

/**
 * Changes a subscription; what is null stays. Whoever enables it again begins anew. A run that is under way has it no longer: it
 * ends after its page, and says nothing of what the subscription is now.
 */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const changeHook = statement<
  [
    id: string,
    url: string | null,
    note: string | null,
    types: string | null,
    state: string | null,
    owner: string,
    now: number,
  ]
>(
  `UPDATE webhook_subscriptions SET url = coalesce(?2, url), note = coalesce(?3, note), types = coalesce(?4, types),
      state = coalesce(?5, state), disabled_reason = CASE ?5 WHEN 'active' THEN NULL WHEN 'disabled' THEN 'asked' ELSE disabled_reason END,
      lease = NULL, lease_until = 0, paused_until = 0, failures = 0, failing_since = NULL, owner = ?6, updated_at = ?7 WHERE id = ?1`,
);

/** A new secret; the one before signs beside it for a while. */
// plan: SEARCH webhook_subscriptions USING PRIMARY KEY (id=?)
export const rotateHook = statement<[id: string, secret: string, until: number, now: number]>(
  `UPDATE webhook_subscriptions SET previous_secret = secret, previous_until = ?3, secret = ?2, updated_at = ?4
    WHERE id = ?1`,
);
