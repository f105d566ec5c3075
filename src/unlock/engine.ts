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
export const ENGINE_DIGEST = "ad1c454f7f7d7c1cda7f70529b448d24ef504df40fc75c9ee5e496827ef188de";
