import { type Result, refuse } from "../results.ts";

/** Attempts of one call to an object: the first, and two more if the platform says that a retry may help. */
const STUB_ATTEMPTS = 3;
/**
 * Longest wait before the second attempt, milliseconds; it doubles after that. Full jitter, so that not all callers
 * retry at the same time after a deploy.
 */
const STUB_BACKOFF_MS = 50;

/**
 * Calls an object. A broken stub stays broken, so each attempt of `call` gets a new one. Only faults that the platform
 * marks as retryable and not overloaded are tried again. So every RPC must be harmless to repeat.
 *
 * @param target the name of the callee, for the log.
 * @returns the object's answer, or `unavailable` if it could not answer.
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
