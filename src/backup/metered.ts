import { everyShard } from "../platform/database/shards.ts";

/**
 * Calls of one step to D1, R2 and objects, after which the step ends and the next message or request continues. The
 * platform ends an invocation at 10,000 calls (1,000 in older accounts), and D1 accepts 1,000 statements in one
 * invocation; the calls of a step after its last check are far fewer than the rest. An object that is called beyond the
 * platform's limit looks broken.
 */
export const MOST_CALLS = 500;

const BUCKETS = ["BACKUPS", "DOCUMENTS", "RECORDS", "FILES"] as const;
const OBJECTS = ["ENROLLMENTS", "CHANNELS", "JOURNALS", "BROADCAST_LOG", "AUDIT_CHAINS", "VAULTS"] as const;

const meters = new WeakMap<Env, { calls: number }>();

/** Bindings that count their calls, see {@link callsOf}. Each statement of a batch counts too. */
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

/** Calls made through these bindings; 0 if they do not count. */
export function callsOf(env: Env): number {
  return meters.get(env)?.calls ?? 0;
}

/** Whether a step with these bindings must end. */
export function isSpent(env: Env): boolean {
  return callsOf(env) >= MOST_CALLS;
}

/** A binding whose calls are counted. A stub is made for each call to an object; an id is only computed. */
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
