import { z } from "@hono/zod-openapi";
import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { MiddlewareHandler } from "hono";
import type { Database } from "../database/counted.ts";
import { idempotencyKeys } from "../database/tables.ts";
import type { ErrorCode } from "../error-codes.ts";
import { sha256Hex } from "../hash.ts";
import { logFault } from "../log.ts";
import { refuse } from "../results.ts";
import { pruneKeys } from "../statements.ts";
import { respond } from "./answers.ts";
import { type AppContext, type AppEnv, databaseOf } from "./context.ts";
import { refusing } from "./declared-refusals.ts";
import { ANSWER_RETENTION_MS } from "./limits.ts";

/** Form of an Idempotency-Key: 1 to 200 visible ASCII characters. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

/** A header for every write: the same key with the same body returns the stored answer again; another body gets 422. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .regex(IDEMPOTENCY_KEY, "1 to 200 visible ASCII characters without spaces")
    .optional()
    .openapi({ description: "Makes a retry harmless: the same key and body get the first answer again." }),
});

/** If a first request has not finished after this time, it counts as dead, and another may take over its key. */
export const ABANDONED_AFTER_MS = 60_000;
/** Answers of at most this many bytes are stored; a row of D1 may have 2,000,000. */
const MAX_ANSWER_BYTES = 1_900_000;
/** Waits between tries to store an answer, milliseconds: the caller waits for the first try, but not for the others. */
const STORE_AGAIN_MS = [200, 1_000, 3_000];

/**
 * What happens if a request is carried out a second time, when it is unknown whether the first try had its effect.
 *
 * - `harmless`: the result is the same as after one try (a state is set, or the target knows the key). It is carried
 * out.
 * - `marked`: the effect is one D1 batch with {@link KeyClaim.done} in it. It is carried out if that mark is missing.
 * - `never`: there would be a second effect. The answer says that the result is unknown.
 */
export type Repetition = "harmless" | "marked" | "never";

/** The refusals of {@link idempotent}, except for a key that was used for something else. */
export const IDEMPOTENCY_REFUSALS = [
  "concurrent_change",
  "answer_lost",
  "outcome_unknown",
] as const satisfies readonly ErrorCode[];

/** The claim of one try on its key. */
export interface KeyClaim {
  /**
   * The same for every try of this request, and for no other: a target may store it to recognise a repetition.
   * Hexadecimal.
   */
  effect: string;
  /**
   * A statement for the batch of the effect. It notes that the effect is there, whatever happens to its answer, and it
   * fails the batch if another try has taken the key over.
   */
  done(db: Database): BatchItem<"sqlite">;
}

const claims = new WeakMap<object, KeyClaim>();

/** The claim of this request on its key; null if it has no key. */
export function claimOf(c: AppContext): KeyClaim | null {
  return claims.get(c) ?? null;
}

/**
 * Makes a write of the Worker repeatable by `Idempotency-Key`. The same key and body return the stored answer (with
 * `Idempotency-Replayed: true`). Another body is refused. While the first request is still running, the caller is asked
 * to come back. Faults are not stored. If the first try has died, one of the later tries takes its key over
 * (compare-and-set on its claim), if `repetition` says that this is safe. An effect whose answer is lost is not
 * repeated: the answer says so. Writes of one enrollment do this inside their object instead, in the transaction of the
 * write.
 */
export function idempotent(repetition: Repetition): MiddlewareHandler<AppEnv> {
  return refusing(IDEMPOTENCY_REFUSALS, async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined) return next();
    if (!IDEMPOTENCY_KEY.test(key)) return next(); // the route's schema refuses it and says why
    const db = databaseOf(c);
    const scope = `${c.get("actor")?.id ?? ""} ${c.req.method} ${c.req.path}${new URL(c.req.url).search}`;
    const bodyHash = await sha256Hex(await c.req.text());
    const claim = crypto.randomUUID();
    const mine = (...more: SQL[]) => and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key), ...more);
    const held = mine(eq(idempotencyKeys.claim, claim));
    try {
      const refused = await takeKey();
      if (refused !== null) return refused;
    } catch (fault) {
      logFault("idempotency_unavailable", fault, { request_id: c.get("requestId") });
      const detail = "Keys cannot be checked right now; nothing was done.";
      return respond(c, refuse("unavailable", { detail, retry_after: 1 }).refusal);
    }
    claims.set(c, {
      effect: await sha256Hex(`${scope}\n${key}`),
      done: (batch) =>
        batch
          .update(idempotencyKeys)
          // If the claim belongs to another try, this puts null into a column that may not be null: the whole batch
          // fails.
          .set({ outcome: "done", created_at: sql`CASE WHEN claim = ${claim} THEN created_at END` })
          .where(mine()),
    });
    await next();
    await settle(c, storing(c));
    return undefined;

    /** @returns the answer for a caller who cannot have the key; null if this try has it. */
    async function takeKey(): Promise<Response | null> {
      const now = Date.now();
      const row = { scope, key: key ?? "", body_hash: bodyHash, created_at: now, claim };
      const taken = await db
        .insert(idempotencyKeys)
        .values(row)
        .onConflictDoNothing()
        .returning({ key: idempotencyKeys.key });
      if (taken.length > 0) return null;
      const stored = await db.select().from(idempotencyKeys).where(mine()).get();
      if (stored === undefined) return respond(c, UNDER_WAY.refusal); // it has just failed: the next try becomes the first
      if (stored.body_hash !== bodyHash) return respond(c, refuse("idempotency_key_reused").refusal);
      if (stored.status !== null) {
        const type = stored.status >= 400 ? "application/problem+json; charset=utf-8" : "application/json";
        const headers = { "content-type": type, "idempotency-replayed": "true" };
        return new Response(stored.body, { status: stored.status, headers });
      }
      if (stored.outcome === "done") return respond(c, refuse("answer_lost").refusal);
      if (stored.outcome === "unknown") return respond(c, refuse("outcome_unknown").refusal);
      if (now - stored.created_at < ABANDONED_AFTER_MS) return respond(c, UNDER_WAY.refusal);
      if (repetition === "never") return respond(c, refuse("outcome_unknown").refusal);
      const over = await db
        .update(idempotencyKeys)
        .set({ claim, created_at: now })
        .where(
          mine(
            eq(idempotencyKeys.claim, stored.claim),
            eq(idempotencyKeys.created_at, stored.created_at),
            isNull(idempotencyKeys.status),
            isNull(idempotencyKeys.outcome),
          ),
        )
        .returning({ key: idempotencyKeys.key });
      return over.length > 0 ? null : respond(c, UNDER_WAY.refusal);
    }

    /** What to store about the answer. A request that was marked as done stays so. */
    async function storing({ error, res }: AppContext): Promise<() => Promise<unknown>> {
      // An answer like "come back later" is not stored: every later try would get it again.
      const isPassing = error !== undefined || res.status >= 500 || res.headers.has("retry-after");
      if (isPassing && error !== undefined && repetition === "never") {
        return () => db.update(idempotencyKeys).set({ outcome: "unknown" }).where(held);
      }
      if (isPassing) {
        return () =>
          db.delete(idempotencyKeys).where(mine(eq(idempotencyKeys.claim, claim), isNull(idempotencyKeys.outcome)));
      }
      const body = await res.clone().text();
      const isKept = new TextEncoder().encode(body).byteLength <= MAX_ANSWER_BYTES;
      const kept = isKept ? { status: res.status, body } : { outcome: "done" as const };
      return () => db.update(idempotencyKeys).set(kept).where(held);
    }
  });
}

const UNDER_WAY = refuse("concurrent_change", {
  detail: "The first request with this key is still under way.",
  retry_after: 1,
});

/**
 * Stores the result of a request. The effect is there and its answer is known, so the caller gets the answer whether it
 * can be stored or not. If storing fails, it is tried again after the answer is sent.
 */
async function settle(c: AppContext, work: Promise<() => Promise<unknown>>): Promise<void> {
  const store = await work;
  try {
    await store();
    return;
  } catch (fault) {
    logFault("answer_not_stored", fault, { request_id: c.get("requestId") });
  }
  const again = async () => {
    for (const wait of STORE_AGAIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      const fault = await store().then(
        () => null,
        (failed: unknown) => failed,
      );
      if (fault === null) return;
      logFault("answer_not_stored", fault, { request_id: c.get("requestId") });
    }
  };
  c.executionCtx.waitUntil(again());
}

/** At most this many stored answers are removed by one statement. */
const PRUNE_PAGE = 2_000;

/** Nightly: removes answers that nobody may ask for any more. @returns whether there may be more. */
export async function pruneAnswers(db: D1Database, now: number): Promise<boolean> {
  const { meta } = await pruneKeys(db, now - ANSWER_RETENTION_MS, PRUNE_PAGE).run();
  return meta.changes >= PRUNE_PAGE;
}
