import { and, eq } from "drizzle-orm";
import type { MiddlewareHandler } from "hono";
import { type AppEnv, databaseOf, IDEMPOTENCY_KEY, respond, sha256Hex } from "../shared/http.ts";
import { refuse } from "../shared/results.ts";
import { logFault } from "./logging.ts";
import { idempotencyKeys } from "./tables.ts";

/** A first request that has not finished after this long is taken for dead, and its key is given to the next. */
const ABANDONED_AFTER_MS = 60_000;

/**
 * Makes a write of the Worker repeatable by `Idempotency-Key`: same key and body replay the stored answer (with
 * `Idempotency-Replayed: true`), another body is refused, a request still under way asks to come back. Faults are not
 * stored. Writes of one enrollment do this inside their object instead, in the transaction of the write.
 */
export function idempotent(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined) return next();
    if (!IDEMPOTENCY_KEY.test(key)) return next(); // the route's schema refuses it and says why
    const db = databaseOf(c);
    const scope = `${c.get("actor")?.id ?? ""} ${c.req.method} ${c.req.path}${new URL(c.req.url).search}`;
    const bodyHash = await sha256Hex(await c.req.text());
    const now = Date.now();
    const row = { scope, key, body_hash: bodyHash, created_at: now };
    const mine = and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key));
    const claim = db.insert(idempotencyKeys).values(row).onConflictDoNothing().returning({ key: idempotencyKeys.key });
    const taken = await claim.catch((fault: unknown) => {
      logFault("idempotency_unavailable", fault, { request_id: c.get("requestId") });
      return null;
    });
    if (taken === null) {
      const detail = "Keys cannot be checked right now; nothing was done.";
      return respond(c, refuse("unavailable", { detail, retry_after: 1 }).refusal);
    }
    if (taken.length === 0) {
      const stored = await db.select().from(idempotencyKeys).where(mine).get();
      if (stored !== undefined) {
        if (stored.body_hash !== bodyHash) return respond(c, refuse("idempotency_key_reused").refusal);
        if (stored.status !== null) {
          const type = stored.status >= 400 ? "application/problem+json; charset=utf-8" : "application/json";
          const headers = { "content-type": type, "idempotency-replayed": "true" };
          return new Response(stored.body, { status: stored.status, headers });
        }
        if (now - stored.created_at < ABANDONED_AFTER_MS) {
          const detail = "The first request with this key is still under way.";
          return respond(c, refuse("concurrent_change", { detail, retry_after: 1 }).refusal);
        }
        await db.update(idempotencyKeys).set({ created_at: now }).where(mine);
      }
    }
    await next();
    // "Come back later" is no answer to keep: stored, it would be repeated to every later try.
    const isPassing = c.error !== undefined || c.res.status >= 500 || c.res.headers.has("retry-after");
    if (isPassing) await db.delete(idempotencyKeys).where(mine);
    else {
      const body = await c.res.clone().text();
      await db.update(idempotencyKeys).set({ status: c.res.status, body }).where(mine);
    }
    return undefined;
  };
}
