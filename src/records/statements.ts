import { statement } from "../platform/database/statement.ts";

/** Raises the barrier of a journal: writes that carry an older epoch do nothing. */
// plan: looks nothing up
export const raiseFence = statement<[journal: string]>(
  `INSERT INTO record_fences (name, epoch) VALUES (?, 1)
    ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1 RETURNING epoch`,
);

// plan: SEARCH record_fences USING PRIMARY KEY (name=?)
export const fenceOf = statement<[journal: string]>("SELECT epoch FROM record_fences WHERE name = ?");
