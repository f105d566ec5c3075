/**
 * Version of the evaluator's meaning, part of every snapshot's freshness tuple: raising it makes every stored snapshot
 * stale. It must be raised when the sources below may answer anything differently; a test compares their digest with
 * `ENGINE_DIGEST` and fails until both lines are updated (or only the digest, for a change that cannot matter).
 */
export const ENGINE = 4;
export const ENGINE_SOURCES = [
  "arena.ts",
  "compile.ts",
  "completion/compile.ts",
  "completion/deeds.ts",
  "completion/derive.ts",
  "completion/excuses.ts",
  "completion/score-steps.ts",
  "ends.ts",
  "evaluate.ts",
  "facts.ts",
  "hiding.ts",
  "laid-out.ts",
  "latest.ts",
  "learner.ts",
  "meant.ts",
  "program.ts",
  "rules.ts",
  "scope.ts",
  "scores.ts",
  "share.ts",
  "traits.ts",
  "truth.ts",
] as const;
export const ENGINE_DIGEST = "b584713b74abac0ee4638d11c62b009244ba9ee2a5f52dbeb749d5287677dd4e";
