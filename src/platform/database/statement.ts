/** The allowed types of a statement's parameter. */
export type Bound = string | number | null;

/** A statement with its parameters, in their order. */
export type Statement<P extends readonly Bound[]> = (db: D1Database, ...values: P) => D1PreparedStatement;

/**
 * A statement of D1 with a fixed text. It is declared in its room's `statements.ts`, with its plan above it; a test
 * asks D1 for the plan and compares. drizzle writes statements that are put together while the program runs.
 */
export function statement<P extends readonly Bound[]>(text: string): Statement<P> {
  return (db, ...values) => db.prepare(text).bind(...values);
}
