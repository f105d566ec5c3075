import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from "cockatiel";
import { TimeOutError, withTimeOut } from "../../platform/http/time-out.ts";
import { logFault } from "../../platform/log.ts";
import { meter } from "../../platform/metrics/meter.ts";
import { type Dependency, NamedFailureError } from "./dependencies.ts";

/** A dependency that does not answer in this time counts as failing, milliseconds. */
const TIMEOUT_MS = 1_000;
/** Failures in a row after which a dependency is not asked any more. */
const FAILURES = 3;
/** How long it is not asked, before one question tries it again, milliseconds. */
const REST_MS = 10_000;
/** A trial that has not ended in this time belongs to a request that was cut off; it must not block others for ever. */
const LOST_TRIAL_MS = 5_000;

type BreakerState = "closed" | "half_open" | "open";

export interface Finding {
  ok: boolean;
  breaker: BreakerState;
  latency_ms: number;
  /** The reason why it is not ok, in words that show nothing internal. */
  detail?: string;
}

/**
 * Asks one dependency, with a time limit and a breaker: after three failures in a row it is not asked for ten seconds,
 * then one question decides. There is one for each dependency and isolate.
 */
export class DependencyCheck {
  readonly #dependency: Dependency;
  #breaker = newBreaker();
  #halfOpenSince: number | null = null;
  #lastGood: { at: number; finding: Finding } | null = null;

  constructor(dependency: Dependency) {
    this.#dependency = dependency;
  }

  /** Never throws. */
  async run(env: Env, now: number): Promise<Finding> {
    const { name, ask, everyMs = 0 } = this.#dependency;
    const good = this.#lastGood;
    if (good !== null && now >= good.at && now - good.at < everyMs) return good.finding;
    this.#lastGood = null;
    if (this.#breaker.state !== CircuitState.HalfOpen) this.#halfOpenSince = null;
    else {
      this.#halfOpenSince ??= now;
      if (now - this.#halfOpenSince >= LOST_TRIAL_MS) this.#breaker = newBreaker();
      // Another request's question decides; this one must not wait for another request.
      else return this.#finding(name, "refused", 0, "a retry is under way");
    }
    const started = performance.now();
    try {
      await this.#breaker.execute(() => withTimeOut(Promise.resolve(ask(env)), TIMEOUT_MS));
      const finding = this.#finding(name, "ok", performance.now() - started);
      this.#lastGood = { at: now, finding };
      return finding;
    } catch (fault) {
      const latency = performance.now() - started;
      if (isBrokenCircuitError(fault))
        return this.#finding(name, "refused", latency, "it failed, and is not asked for some seconds");
      logFault("dependency_failed", fault, { dependency: name });
      if (fault instanceof NamedFailureError) return this.#finding(name, "failed", latency, fault.message);
      const detail = fault instanceof TimeOutError ? `no answer within ${TIMEOUT_MS} ms` : "it refused to answer";
      return this.#finding(name, "failed", latency, detail);
    }
  }

  #finding(name: string, outcome: "ok" | "failed" | "refused", latency: number, detail?: string): Finding {
    meter.count("dependency_checks_total", [name, outcome]);
    return {
      ok: outcome === "ok",
      breaker: stateName(this.#breaker.state),
      latency_ms: Math.round(latency * 10) / 10,
      ...(detail === undefined ? {} : { detail }),
    };
  }
}

function newBreaker() {
  return circuitBreaker(handleAll, { halfOpenAfter: REST_MS, breaker: new ConsecutiveBreaker(FAILURES) });
}

function stateName(state: CircuitState): BreakerState {
  if (state === CircuitState.Closed) return "closed";
  return state === CircuitState.HalfOpen ? "half_open" : "open";
}
