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
  "meant.ts",
  "program.ts",
  "rules.ts",
  "scope.ts",
  "traits.ts",
  "truth.ts",
] as const;
export const ENGINE_DIGEST = "fa19b1ef5839e1a4d4e697928900e0b981713b8d51555ad8ff0c5fe21dca747e";
