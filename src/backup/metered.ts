import { everyShard } from "../platform/database/shards.ts";

/**
 * Calls of one step to D1, R2 and objects after which it ends, and the next message or request goes on. The platform ends an
 * invocation at 10,000 of them (1,000 in older accounts), and D1 takes 1,000 statements of one invocation; whatever a
 * step still does after it has looked is far less than the rest. An object that is asked beyond the platform's limit looks
 * like one that is broken.
 */
export const MOST_CALLS = 500;

const BUCKETS = ["BACKUPS", "DOCUMENTS", "RECORDS", "FILES"] as const;
const OBJECTS = ["ENROLLMENTS", "CHANNELS", "JOURNALS", "BROADCAST_LOG", "AUDIT_CHAINS", "VAULTS"] as const;

const meters = new WeakMap<Env, { calls: number }>();

/** Bindings that count what is asked of them, see {@link callsOf}. Each statement counts, in a batch as well. */
export function metered(env: Env): Env {
  if (meters.has(env)) return env;
  const meter = { calls: 0 };
  const counted = [
    ...everyShard(env).map(({ name, db }) => [name, countingCalls(db, meter)] as const),
    ...[...BUCKETS, ...OBJECTS].map((name) => [name, countingCalls(env[name], meter)] as const),
  ];
  const bindings: Env = { ...env, ...Object.fromEntries(counted) };
  meters.set(bindings, meter);
  return bindings;
}

/** Calls that were made through these bindings; 0 where nobody counts. */
export function callsOf(env: Env): number {
  return meters.get(env)?.calls ?? 0;
}

/** Whether a step that works with these bindings has to end. */
export function isSpent(env: Env): boolean {
  return callsOf(env) >= MOST_CALLS;
}

/** A binding, each call of which counts. A stub is made for each call to an object, an id is only computed. */
function countingCalls<T extends object>(binding: T, meter: { calls: number }): T {
  return new Proxy(binding, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      return (...values: unknown[]): unknown => {
        if (!String(property).startsWith("idFrom")) meter.calls += 1;
        return Reflect.apply(value, target, values);
      };
    },
  });
}
