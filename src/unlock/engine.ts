/**
 * Version of the evaluator's meaning, part of every snapshot's freshness tuple: raising it makes every stored snapshot
 * stale. It must be raised when the sources below may answer anything differently; a test compares their digest with
 * `ENGINE_DIGEST` and fails until both lines are updated (or only the digest, for a change that cannot matter).
 */
export const ENGINE = 1;
export const ENGINE_SOURCES = ["compile.ts", "evaluate.ts", "learner.ts", "rules.ts", "truth.ts"] as const;
export const ENGINE_DIGEST = "b3befe21107ce0166cc0c8d528cdce4bdabe8b9966514071ee3796565fc1ae79";
