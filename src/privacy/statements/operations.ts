import { statement } from "../../platform/database/statement.ts";

// Copies that operating the service leaves behind.

/** Stored answers, a page, with the text of those that name a user. */
// plan: SEARCH idempotency_keys USING PRIMARY KEY ((scope,key)>(?,?))
export const answersPage = statement<[user: string, scope: string, key: string, limit: number, encoded: string]>(
  `SELECT scope, key, status, iif(instr(scope, ?1) + instr(scope, ?5) + coalesce(instr(body, ?1), 0) > 0, coalesce(body, ''), NULL) AS body
    FROM idempotency_keys WHERE (scope, key) > (?2, ?3) ORDER BY scope, key LIMIT ?4`,
);

/** Dead letters, a page, with the text of those that name a user. */
// plan: SEARCH dead_letters USING PRIMARY KEY (id>?)
export const lettersPage = statement<[user: string, after: string, limit: number]>(
  `SELECT id, CASE WHEN instr(body, ?1) + coalesce(instr(replayed_by, ?1), 0) > 0
      THEN body || ' ' || coalesce(replayed_by, '') END AS text
    FROM dead_letters WHERE id > ?2 ORDER BY id LIMIT ?3`,
);

// plan: SEARCH idempotency_keys USING PRIMARY KEY (scope=? AND key=?)
export const dropAnswer = statement<[scope: string, key: string]>(
  "DELETE FROM idempotency_keys WHERE scope = ? AND key = ?",
);

// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
export const dropLetter = statement<[id: string]>("DELETE FROM dead_letters WHERE id = ?");
