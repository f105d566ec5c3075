import { z } from "@hono/zod-openapi";
import { fnv1a } from "../platform/hash.ts";
import { logFault } from "../platform/log.ts";

/**
 * Shares of the reads that may be sent to D1 instead of the objects, percent. There are few, so that nobody has to
 * calculate at night.
 */
const REALTIME_SHARES = [0, 10, 50, 100] as const;

/** The key of the switch in the SWITCHES namespace. */
export const READ_SWITCH_KEY = "realtime-reads";

/** At this age an isolate reads KV again, in the background, milliseconds. */
export const READ_SWITCH_AGE_MS = 10_000;
/** How long a location may keep KV's answer, seconds; the platform's minimum. */
const KV_CACHE_SECONDS = 30;

export const readSwitchSchema = z
  .object({
    realtime_percent: z.literal(REALTIME_SHARES).openapi({
      description: "Share of the enrollments whose reads are evaluated from D1 instead of their objects.",
    }),
    reason: z.string(),
    set_at: z.string().nullable(),
  })
  .openapi("ReadSwitch");
export type ReadSwitch = z.output<typeof readSwitchSchema>;

/** The switch before anybody has set it. */
const READS_AS_USUAL: ReadSwitch = { realtime_percent: 0, reason: "", set_at: null };

/**
 * Whether a read of this enrollment goes to the realtime fallback. Only the id decides, so one learner always gets
 * answers from the same source, and an enrollment in the 10 % is also in the 50 %.
 */
export function isDiverted(enrollment: string, percent: number): boolean {
  return percent > 0 && fnv1a(enrollment) % 100 < percent;
}

/** The switch as it is in KV. @throws when KV does not answer or holds something else. */
export async function loadReadSwitch(env: Env): Promise<ReadSwitch> {
  const stored = await env.SWITCHES.get(READ_SWITCH_KEY, { type: "json", cacheTtl: KV_CACHE_SECONDS });
  return stored === null ? READS_AS_USUAL : readSwitchSchema.parse(stored);
}

/**
 * The switch in one isolate. No read ever waits for it: the remembered value counts, and is read again in the
 * background when it is older than {@link READ_SWITCH_AGE_MS}. While KV does not answer, the last known value stays.
 */
export class ReadSwitchMemory {
  #known = READS_AS_USUAL;
  /** It does not remember whether a read of KV runs: one of a request whose caller has gone never reports its end. */
  #askedAt = Number.NEGATIVE_INFINITY;

  /** The present share. @param waitUntil keeps the background read alive after the answer. */
  percent(env: Env, now: number, waitUntil: (work: Promise<unknown>) => void): number {
    if (now - this.#askedAt >= READ_SWITCH_AGE_MS) {
      this.#askedAt = now;
      waitUntil(this.#load(env));
    }
    return this.#known.realtime_percent;
  }

  /** It was set here: this isolate need not wait for KV, which reaches others within a minute. */
  set(value: ReadSwitch, now: number): void {
    this.#known = value;
    this.#askedAt = now;
  }

  async #load(env: Env): Promise<void> {
    const askedAt = this.#askedAt;
    try {
      const loaded = await loadReadSwitch(env);
      // It was set here meanwhile, which is newer than the answer.
      if (askedAt === this.#askedAt) this.#known = loaded;
    } catch (fault) {
      logFault("read_switch_unreadable", fault);
    }
  }
}

/** This isolate's. */
export const readSwitch = new ReadSwitchMemory();
