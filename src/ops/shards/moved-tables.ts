// The data of a course in its shard, for a move: the tables, and the columns that say to whom a row belongs.

/** One table of a shard with rows of enrollments. */
export interface MovedTable {
  name: string;
  /** Condition on its rows, given a set of ids of enrollments. */
  isOf: (set: string) => string;
  /** Column with the id of the enrollment; null: it has only rows for enrollments in `enrollments`. */
  owner: string | null;
  /** Column that tells the rows of one enrollment apart. */
  row: string;
}

const ownedBy = (name: string, owner: string, row: string): MovedTable => ({
  name,
  isOf: (set) => `${owner} IN (SELECT value FROM ${set})`,
  owner,
  row,
});

/** In the order in which they are written; a test compares them with the shards' own tables. */
export const MOVED_TABLES: readonly MovedTable[] = [
  // Before the enrollments: for an enrollment without a row here, one is made from its row.
  {
    name: "freshness",
    isOf: (set) => `(course_slug, user_id) IN
      (SELECT substr(value, 1, instr(value, ':') - 1), substr(value, instr(value, ':') + 1) FROM ${set})`,
    owner: null,
    row: "user_id",
  },
  ownedBy("enrollments", "id", "id"),
  ownedBy("progress", "enrollment_id", "item_id"),
  ownedBy("submissions", "enrollment_id", "id"),
  ownedBy("unlock_events", "enrollment_id", "version"),
  ownedBy("divergences", "enrollment_id", "id"),
];
