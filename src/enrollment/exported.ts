import type { ExportedTable } from "../platform/cell/export-rows.ts";

/** The parts of an enrollment that are exported to its learner; `outbox` and stored answers only repeat them. */
export const EXPORTED: readonly ExportedTable[] = [
  { kind: "enrollment", query: "SELECT * FROM enrollment" },
  { kind: "fact", query: "SELECT * FROM facts ORDER BY item" },
  { kind: "fact_log", query: "SELECT * FROM fact_log ORDER BY seq" },
  { kind: "kept_open", query: "SELECT * FROM opened ORDER BY item, opened_at" },
  { kind: "override", query: "SELECT * FROM overrides ORDER BY id" },
  { kind: "policy_log", query: "SELECT * FROM policy_log ORDER BY seq" },
  // Only people who judge see what is held.
  {
    kind: "submission",
    query: `SELECT id, item, answer, submitted_at, iif(held_at IS NULL, status, 'pending') AS status,
      iif(held_at IS NULL, score, NULL) AS score, iif(held_at IS NULL, feedback, NULL) AS feedback,
      iif(held_at IS NULL, marks, NULL) AS marks, iif(held_at IS NULL, judged_at, NULL) AS judged_at,
      iif(held_at IS NULL, judged_by, NULL) AS judged_by
      FROM submissions ORDER BY id`,
  },
  { kind: "verdict", query: "SELECT * FROM verdicts WHERE was_held = 0 ORDER BY submission, number" },
];
