import type { ExportedTable } from "../platform/cell/export-rows.ts";

/** What of an enrollment is exported to its learner; `outbox` and stored answers repeat it. */
export const EXPORTED: readonly ExportedTable[] = [
  { kind: "enrollment", query: "SELECT * FROM enrollment" },
  { kind: "fact", query: "SELECT * FROM facts ORDER BY item" },
  { kind: "fact_log", query: "SELECT * FROM fact_log ORDER BY seq" },
  { kind: "kept_open", query: "SELECT * FROM opened ORDER BY item, opened_at" },
  { kind: "override", query: "SELECT * FROM overrides ORDER BY id" },
  { kind: "policy_log", query: "SELECT * FROM policy_log ORDER BY seq" },
  { kind: "submission", query: "SELECT * FROM submissions ORDER BY id" },
];
