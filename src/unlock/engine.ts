/**
 * Version of the meaning of the evaluator. It is part of every snapshot's freshness tuple, so raising it makes each
 * stored snapshot stale. Raise it when the sources below may answer anything differently. A test compares their digest
 * with `ENGINE_DIGEST` and fails until both lines are updated (only the digest, if the change cannot matter).
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
export const ENGINE_DIGEST = "7a828e41aba0a9f67fa1ee5e4d82955784b08108dbacafcff7cf331e409e5e50";
