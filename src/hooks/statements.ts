import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** The active subscriptions, with their types and courses. */
// plan: SCAN webhook_subscriptions
// scans: at most as many rows as there may be subscriptions, once in ten seconds in an isolate that projects.
export const listeningHooks = statement<[most: number]>(
  "SELECT id, course_slug, types FROM webhook_subscriptions WHERE state = 'active' LIMIT ?",
);

const PAGE = `max(?3, coalesce((SELECT max(seq) FROM webhook_pages WHERE subscription = ?2), 0) + 1)`;

/** Events of enrollments that are not in a page yet. Events about erased users have no enrollment and are dropped. */
// plan: CO-ROUTINE (subquery-2)
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: SCAN (subquery-2)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=?)
export const ADD_PAGE_OF_ENROLLMENTS = setStatement(
  (set) => `
  INSERT INTO webhook_pages (subscription, seq, events, due_at, created_at)
  SELECT ?2, ${PAGE}, events, ?3, ?3 FROM (
    SELECT json_group_array(json(value -> 'event')) AS events, count(*) AS count
    FROM ${set} CROSS JOIN enrollments ON enrollments.id = value ->> 'enrollment' WHERE value ->> 'row' > told_to
  ) WHERE count > 0`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 1
// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=?)
export const ADD_PAGE = setStatement(
  (set) => `
  INSERT INTO webhook_pages (subscription, seq, events, due_at, created_at)
  SELECT ?2, ${PAGE}, json_group_array(json(value)), ?3, ?3 FROM ${set}`,
);
