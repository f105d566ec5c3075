/**
 * Version of the evaluator's meaning, part of every snapshot's freshness tuple: raising it makes every stored snapshot
 * stale. It must be raised when the sources below may answer anything differently; a test compares their digest with
 * `ENGINE_DIGEST` and fails until both lines are updated (or only the digest, for a change that cannot matter).
 */
export const ENGINE = 1;
export const ENGINE_SOURCES = ["compile.ts", "evaluate.ts", "learner.ts", "rules.ts", "truth.ts"] as const;
export const ENGINE_DIGEST = "7e77660de34e6ee3eaf0e98b2b1bcbfc6a6f3e3c233b5750907c8ce2daf47d56";
