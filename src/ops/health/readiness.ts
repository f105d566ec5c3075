import { gauge, gaugeBy } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { secretDefect } from "../../platform/secrets.ts";
import { DependencyCheck, type Finding } from "./check.ts";
import { DEPENDENCIES, type DependencyName } from "./dependencies.ts";

/** A result is used again for this long, milliseconds. */
const CACHE_MS = 5_000;

export interface Readiness {
  /** ok; degraded: something fails, and the reasons say what it means for users; unavailable: nothing can be served. */
  status: "ok" | "degraded" | "unavailable";
  reasons: string[];
  dependencies: Record<string, Finding>;
  checked_at: number;
}

/** Checks all dependencies of the service. One for each isolate; tests make their own. */
export class ReadinessWatch {
  readonly #checks = DEPENDENCIES.map((dependency) => ({ dependency, check: new DependencyCheck(dependency) }));
  #last: Readiness | null = null;

  /** The state of the service, at most five seconds old. */
  async look(env: Env, now: number): Promise<Readiness> {
    const last = this.#last;
    if (last !== null && now >= last.checked_at && now - last.checked_at < CACHE_MS) return last;
    const found = await Promise.all(
      this.#checks.map(async ({ dependency, check }) => [dependency, await check.run(env, now)] as const),
    );
    const dependencies = Object.fromEntries(found.map(([{ name }, finding]) => [name, finding]));
    const isDown = (name: DependencyName) => dependencies[name]?.ok === false;
    const reasons = found.flatMap(([{ name, effect, partOf }, { ok, detail }]) =>
      ok || (partOf !== undefined && isDown(partOf)) ? [] : [`${name}: ${detail ?? "away"}; ${effect}`],
    );
    const isUnsafe = secretDefect(env.AUTH_SECRET) !== null;
    if (isUnsafe) reasons.unshift("the server is not configured safely and refuses to serve");
    // Reads of unlock states need the object or the database; with one of them something can be served.
    const cannotServe = isUnsafe || (isDown("objects") && isDown("d1"));
    const status = cannotServe ? "unavailable" : reasons.length > 0 ? "degraded" : "ok";
    this.#last = { status, reasons, dependencies, checked_at: now };
    return this.#last;
  }
}

/** This isolate's. */
export const readiness = new ReadinessWatch();

const BREAKER_NUMBERS = { closed: 0, half_open: 1, open: 2 } as const;

export const readinessSection: Section = {
  name: "readiness",
  async read(env, now) {
    const { status, dependencies } = await readiness.look(env, now);
    const by = (pick: (finding: Finding) => number) =>
      Object.entries(dependencies).map(([name, finding]) => [name, pick(finding)] as const);
    return [
      gauge("service_ready", "1: at least some requests can be served.", status === "unavailable" ? 0 : 1),
      gauge("service_degraded", "1: a dependency does not answer.", status === "ok" ? 0 : 1),
      gaugeBy(
        "dependency_up",
        "1: the dependency answered this isolate.",
        "dependency",
        by(({ ok }) => (ok ? 1 : 0)),
      ),
      gaugeBy(
        "dependency_breaker_state",
        "Circuit breaker of this isolate: 0 closed, 1 half-open, 2 open.",
        "dependency",
        by(({ breaker }) => BREAKER_NUMBERS[breaker]),
      ),
      gaugeBy(
        "dependency_latency_seconds",
        "Time of its last answer to this isolate.",
        "dependency",
        by(({ latency_ms }) => latency_ms / 1_000),
      ),
    ];
  },
};
