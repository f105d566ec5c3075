import { statement } from "../../platform/database/statement.ts";

/** Events for other systems, a page of their rows, and which name an enrollment of a user. */
// plan: SEARCH webhook_pages USING PRIMARY KEY ((subscription,seq)>(?,?))
export const hookPages = statement<[named: string, subscription: string, seq: number, limit: number]>(
  `SELECT subscription, seq, instr(events, ?1) > 0 AS found FROM webhook_pages
    WHERE (subscription, seq) > (?2, ?3) ORDER BY subscription, seq LIMIT ?4`,
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropFromHookPage = statement<[subscription: string, seq: number, user: string]>(
  `UPDATE webhook_pages SET revision = revision + 1, events = (SELECT json_group_array(json(value)) FROM json_each(events)
      WHERE substr(value ->> 'about', instr(value ->> 'about', ':') + 1) <> ?3)
    WHERE subscription = ?1 AND seq = ?2`,
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
export const dropEmptyHookPage = statement<[subscription: string, seq: number]>(
  "DELETE FROM webhook_pages WHERE subscription = ? AND seq = ? AND events = '[]'",
);

// plan: SEARCH webhook_subscriptions USING INDEX webhook_subscriptions_by_owner (owner=?)
export const renameHookOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE webhook_subscriptions SET owner = ?2 WHERE owner = ?1",
);
