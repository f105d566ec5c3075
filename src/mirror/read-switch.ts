import { z } from "@hono/zod-openapi";
import { fnv1a } from "../platform/hash.ts";
import { logFault } from "../platform/log.ts";

/** Shares of the reads that may be sent past the objects, percent. Few steps: nobody does sums at three in the morning. */
const REALTIME_SHARES = [0, 10, 50, 100] as const;

/** Where the switch is in the SWITCHES namespace. */
export const READ_SWITCH_KEY = "realtime-reads";

/** Age from which an isolate asks KV again, in the background, milliseconds. */
export const READ_SWITCH_AGE_MS = 10_000;
/** How long a location may keep KV's answer, seconds; the platform takes no less. */
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

/** The switch nobody has touched. */
const READS_AS_USUAL: ReadSwitch = { realtime_percent: 0, reason: "", set_at: null };

/**
 * Whether a read of this enrollment goes to the realtime path. The choice hangs on the id alone, so one learner is always
 * answered from the same source, and who is diverted at 10 % is diverted at 50 % too.
 */
export function isDiverted(enrollment: string, percent: number): boolean {
  return percent > 0 && fnv1a(enrollment) % 100 < percent;
}

/** The switch as it stands in KV. @throws when KV does not answer or holds something else. */
export async function loadReadSwitch(env: Env): Promise<ReadSwitch> {
  const stored = await env.SWITCHES.get(READ_SWITCH_KEY, { type: "json", cacheTtl: KV_CACHE_SECONDS });
  return stored === null ? READS_AS_USUAL : readSwitchSchema.parse(stored);
}

/**
 * The switch as one isolate knows it. No read ever waits for it: what is remembered answers, and is asked for again in
 * the background when it is older than {@link READ_SWITCH_AGE_MS}. While KV does not answer, the last known value stays.
 */
export class ReadSwitchMemory {
  #known = READS_AS_USUAL;
  /** Not whether a load is running: one that belongs to a request whose caller has gone never reports its end. */
  #askedAt = Number.NEGATIVE_INFINITY;

  /** The share in force. @param waitUntil keeps the background load alive after the answer. */
  percent(env: Env, now: number, waitUntil: (work: Promise<unknown>) => void): number {
    if (now - this.#askedAt >= READ_SWITCH_AGE_MS) {
      this.#askedAt = now;
      waitUntil(this.#load(env));
    }
    return this.#known.realtime_percent;
  }

  /** What has just been set here: this isolate need not wait for KV, which reaches others within a minute. */
  set(value: ReadSwitch, now: number): void {
    this.#known = value;
    this.#askedAt = now;
  }

  async #load(env: Env): Promise<void> {
    const askedAt = this.#askedAt;
    try {
      const loaded = await loadReadSwitch(env);
      // Set here meanwhile: that is newer than what was asked for.
      if (askedAt === this.#askedAt) this.#known = loaded;
    } catch (fault) {
      logFault("read_switch_unreadable", fault);
    }
  }
}

/** This isolate's. */
export const readSwitch = new ReadSwitchMemory();
