import { z } from "zod";
import { directory } from "../platform/database/shards.ts";
import { logFault } from "../platform/log.ts";
import { listeningHooks } from "./statements.ts";
import { HOOK_TYPES, type HookType } from "./types.ts";
import { hooksAreOn } from "./where.ts";

/** The subscriptions of an installation. Each isolate knows all of them. */
export const MAX_HOOKS = 500;
/**
 * How long an isolate uses its copy of them, milliseconds. A new subscription takes effect after this time at the
 * latest.
 */
const MEMORY_MS = 10_000;

/** Who gets events, and of which types. */
export interface Listener {
  id: string;
  /** Null: every course. */
  course: string | null;
  types: ReadonlySet<HookType>;
}

const rowSchema = z.object({ id: z.string(), course_slug: z.string().nullable(), types: z.string() });
const typesSchema = z.array(z.string());

let known: { listeners: readonly Listener[]; at: number } | null = null;

/**
 * The subscriptions for a course. No query while the isolate remembers, and none while webhooks are off.
 * @throws if the directory does not answer and nothing is remembered.
 */
export async function listenersOf(env: Env, course: string): Promise<Listener[]> {
  if (!hooksAreOn(env)) return [];
  const now = Date.now();
  if (known === null || now - known.at >= MEMORY_MS) {
    try {
      const { results } = await listeningHooks(directory(env), MAX_HOOKS).all();
      const listeners = rowSchema.array().parse(results).map(listenerOf);
      known = { listeners, at: now };
    } catch (fault) {
      if (known === null) throw fault;
      logFault("webhooks_unknown", fault);
    }
  }
  return known.listeners.filter((one) => one.course === null || one.course === course);
}

/** A subscription was made or changed here: this isolate reads them again. */
export function forgetListeners(): void {
  known = null;
}

function listenerOf({ id, course_slug, types }: z.output<typeof rowSchema>): Listener {
  const asked = typesSchema.parse(JSON.parse(types));
  return { id, course: course_slug, types: new Set(HOOK_TYPES.filter((type) => asked.includes(type))) };
}
