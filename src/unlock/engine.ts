/**
 * Version of the evaluator's meaning, part of every snapshot's freshness tuple: raising it makes every stored snapshot
 * stale. It must be raised when the sources below may answer anything differently; a test compares their digest with
 * `ENGINE_DIGEST` and fails until both lines are updated (or only the digest, for a change that cannot matter).
 */
export const ENGINE = 3;
export const ENGINE_SOURCES = [
  "arena.ts",
  "compile.ts",
  "ends.ts",
  "evaluate.ts",
  "facts.ts",
  "hiding.ts",
  "learner.ts",
  "program.ts",
  "rules.ts",
  "scope.ts",
  "traits.ts",
  "truth.ts",
] as const;
export const ENGINE_DIGEST = "408cc09c7a92f82eb20142de585fe130227c1fd625fc78fd3d2b168534eb5794";
