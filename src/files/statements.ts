import { statement } from "../platform/database/statement.ts";

/** Uploads that have not ended; counted up to a limit. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH files USING COVERING INDEX files_pending (created_at>?)
// plan: SCAN (subquery-1)
export const pendingFiles = statement<[limit: number]>(
  "SELECT count(*) AS n FROM (SELECT 1 FROM files WHERE state = 'pending' AND created_at > 0 LIMIT ?)",
);

/** Deletions that wait for the sweep; counted up to a limit. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH files USING COVERING INDEX files_deleting (state=?)
// plan: SCAN (subquery-1)
export const deletingFiles = statement<[limit: number]>(
  "SELECT count(*) AS n FROM (SELECT 1 FROM files WHERE state = 'deleting' LIMIT ?)",
);
