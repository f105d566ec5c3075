import { type Result, refuse } from "../results.ts";

/** Attempts of one call to an object: the first, and two more when the platform says a retry may help. */
const STUB_ATTEMPTS = 3;
/** Longest wait before the second attempt, milliseconds; doubles after. Full jitter, so that a deploy is no stampede. */
const STUB_BACKOFF_MS = 50;

/**
 * Calls an object. A broken stub stays broken, so each attempt of `call` takes a new one; only faults the platform marks
 * retryable and not overloaded are tried again. Every RPC must be harmless to repeat.
 *
 * @param target what is called, for the log.
 * @returns what the object answered, or `unavailable` when it could not answer at all.
 */
export async function callObject<T>(
  target: { kind: string; id: string },
  call: () => Promise<Result<T>>,
): Promise<Result<T>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (fault) {
      if (attempt >= STUB_ATTEMPTS || !isRetryable(fault)) {
        const { kind, id } = target;
        const line = { event: `${kind}_unreachable`, [`${kind}_id`]: id, attempt, fault: describe(fault) };
        console.error(JSON.stringify(line));
        return refuse("unavailable", {
          detail: `The ${kind.replaceAll("_", " ")} could not be reached.`,
          retry_after: 1,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * STUB_BACKOFF_MS * 2 ** (attempt - 1)));
    }
  }
}

function isRetryable(fault: unknown): boolean {
  if (typeof fault !== "object" || fault === null) return false;
  return Reflect.get(fault, "retryable") === true && Reflect.get(fault, "overloaded") !== true;
}

function describe(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
