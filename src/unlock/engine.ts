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
export const ENGINE_DIGEST = "8998fc86ee9d774c65a11974bab1a79ed59a1772ef3b9736a728b93317491643";
