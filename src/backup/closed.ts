import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import { respond } from "../platform/http/answers.ts";
import type { AppEnv } from "../platform/http/context.ts";
import { logFault } from "../platform/log.ts";
import { refuse } from "../platform/results.ts";

/** The key in SWITCHES that says that a restore has begun and has not ended. */
const RESTORING_KEY = "restoring";
/** At this age an isolate reads the answer again, in the background, milliseconds. */
const AGE_MS = 10_000;
/** How long a location may keep the answer, seconds; the platform's minimum. */
const KV_CACHE_SECONDS = 30;

const restoringSchema = z.object({ job: z.string() });
type Restoring = z.infer<typeof restoringSchema> | null;

/** The answer in this isolate; undefined: it never asked. */
let known: Restoring | undefined;
let askedAt = Number.NEGATIVE_INFINITY;

/**
 * Before a restore writes its first row. The restored data may have people who were erased, so nobody is served until
 * it ends.
 */
export async function closeForRestore(env: Env, job: string): Promise<void> {
  await env.SWITCHES.put(RESTORING_KEY, JSON.stringify({ job }));
  remember({ job });
}

/** A restore has ended: everybody is served. */
export async function openAfterRestore(env: Env): Promise<void> {
  await env.SWITCHES.delete(RESTORING_KEY);
  remember(null);
}

/**
 * Middleware that serves only admins during a restore: people who were erased must be removed before a restored
 * deployment answers anybody. It waits for KV once in an isolate; then the remembered answer counts, and is read again
 * in the background. While KV does not answer, everybody is served.
 */
export function closedWhileRestoring(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const now = Date.now();
    if (now - askedAt >= AGE_MS) {
      askedAt = now;
      const asked = ask(c.env, now);
      if (known === undefined) await asked;
      else c.executionCtx.waitUntil(asked);
    }
    if (known == null || c.get("actor")?.role === "admin") return next();
    const detail = `The restore ${known.job} is not finished.`;
    return respond(c, refuse("unavailable", { detail, retry_after: 30 }).refusal);
  };
}

function remember(restoring: Restoring): void {
  known = restoring;
  askedAt = Date.now();
}

async function ask(env: Env, at: number): Promise<void> {
  try {
    const stored = await env.SWITCHES.get(RESTORING_KEY, { type: "json", cacheTtl: KV_CACHE_SECONDS });
    // It was set here meanwhile, which is newer than the answer.
    if (askedAt === at) known = stored === null ? null : restoringSchema.parse(stored);
  } catch (fault) {
    known ??= null;
    logFault("restore_switch_unreadable", fault);
  }
}
