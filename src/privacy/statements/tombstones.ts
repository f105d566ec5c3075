import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

// The hashes of the ids of those who were erased, and how far the list beside the backups was read.

// plan: SEARCH tombstones USING PRIMARY KEY (subject>?)
export const tombstonesAfter = statement<[after: string, limit: number]>(
  "SELECT subject FROM tombstones WHERE subject > ? ORDER BY subject LIMIT ?",
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: USING INDEX sqlite_autoindex_tombstones_1 FOR IN-OPERATOR
export const UNKNOWN_SUBJECTS = setStatement(
  (set) => `SELECT value AS subject FROM ${set} WHERE value NOT IN (SELECT subject FROM tombstones)`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const BURY = setStatement(
  (set) => `INSERT INTO tombstones (subject, erased_at) SELECT value, ?2 FROM ${set} WHERE true ON CONFLICT DO NOTHING`,
);

// plan: SCAN erasure_watch
// scans: it has one row.
export const watched = statement<[]>("SELECT read_to, walk_at FROM erasure_watch");

// plan: looks nothing up
export const saveWatch = statement<[readTo: string, walkAt: string | null]>(
  `INSERT INTO erasure_watch (one, read_to, walk_at) VALUES (1, ?1, ?2)
    ON CONFLICT (one) DO UPDATE SET read_to = ?1, walk_at = ?2`,
);
