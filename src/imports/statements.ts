import { statement } from "../platform/database/statement.ts";

/** Imports that have not ended, or whose owner does not know yet that they have; counted up to a limit. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH course_imports USING INDEX course_imports_waiting (due_at>?)
// plan: SCAN (subquery-1)
export const importsUnderWay = statement<[limit: number]>(
  `SELECT count(*) AS n, min(created_at) AS oldest FROM
    (SELECT created_at FROM course_imports WHERE announced = 0 AND state <> 'receiving' AND due_at >= 0 LIMIT ?)`,
);
