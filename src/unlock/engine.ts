/**
 * Version of the evaluator's meaning, part of every snapshot's freshness tuple: raising it makes every stored snapshot
 * stale. It must be raised when the sources below may answer anything differently; a test compares their digest with
 * `ENGINE_DIGEST` and fails until both lines are updated (or only the digest, for a change that cannot matter).
 */
export const ENGINE = 5;
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
  "pause.ts",
  "program.ts",
  "rules.ts",
  "scope.ts",
  "scores.ts",
  "share.ts",
  "traits.ts",
  "truth.ts",
] as const;
export const ENGINE_DIGEST = "316f2346e9f8aceb3c404f0284f4392f6bcf6fd33093e04bff8dd24f863698f0";
