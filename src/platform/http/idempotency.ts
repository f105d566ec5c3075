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

/** Header of every write: the same key with the same body replays the stored answer; with another body it is 422. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .regex(IDEMPOTENCY_KEY, "1 to 200 visible ASCII characters without spaces")
    .optional()
    .openapi({ description: "Makes a retry harmless: the same key and body get the first answer again." }),
});

/** A first request that has not finished after this long is taken for dead, and its key may be taken over. */
export const ABANDONED_AFTER_MS = 60_000;
/** Bytes of an answer that are kept; a row of D1 takes 2,000,000. */
const MAX_ANSWER_BYTES = 1_900_000;
/** Waits between tries to store an answer, milliseconds: the first beside nobody, the others beside the answer. */
const STORE_AGAIN_MS = [200, 1_000, 3_000];

/**
 * What carrying out a request a second time would do, when nobody knows whether the first try had its effect.
 *
 * - `harmless`: its target ends as it would have with one (a state is set, or the target knows the key): it is carried out.
 * - `marked`: its effect is one D1 batch, and {@link KeyClaim.done} is in it: it is carried out when that mark is missing.
 * - `never`: it would be a second effect; the answer says that nobody knows.
 */
export type Repetition = "harmless" | "marked" | "never";

/** What {@link idempotent} refuses, beside a key that was used for something else. */
export const IDEMPOTENCY_REFUSALS = [
  "concurrent_change",
  "answer_lost",
  "outcome_unknown",
] as const satisfies readonly ErrorCode[];

/** The hold of one try on its key. */
export interface KeyClaim {
  /** The same for every try of this request, and for no other: a target may keep it to know a repetition. Hexadecimal. */
  effect: string;
  /**
   * Statement that belongs into the batch of the effect: it says that the effect is there, whatever becomes of its answer,
   * and fails the batch when another try has taken the key over.
   */
  done(db: Database): BatchItem<"sqlite">;
}

const claims = new WeakMap<object, KeyClaim>();

/** The hold of this request on its key; null when it came without one. */
export function claimOf(c: AppContext): KeyClaim | null {
  return claims.get(c) ?? null;
}

/**
 * Makes a write of the Worker repeatable by `Idempotency-Key`: same key and body replay the stored answer (with
 * `Idempotency-Replayed: true`), another body is refused, a request still under way asks to come back. Faults are not
 * stored. A key whose first try has died is taken over by one of those that ask (compare-and-set on its claim), if
 * `repetition` says that this is safe. An effect whose answer is lost is not repeated: the answer says so. Writes of
 * one enrollment do this inside their object instead, in the transaction of the write.
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
          // Where the claim is another's, null is in a column that may not be null: the whole batch fails.
          .set({ outcome: "done", created_at: sql`CASE WHEN claim = ${claim} THEN created_at END` })
          .where(mine()),
    });
    await next();
    await settle(c, storing(c));
    return undefined;

    /** @returns the answer to whoever cannot have the key; null when it is this try's. */
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
      if (stored === undefined) return respond(c, UNDER_WAY.refusal); // it has just failed: the next try is the first
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

    /** What is to be noted of the answer. What was marked as done stays so. */
    async function storing({ error, res }: AppContext): Promise<() => Promise<unknown>> {
      // "Come back later" is no answer to keep: stored, it would be repeated to every later try.
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
 * Notes what became of a request. The effect is there and its answer is known: whoever asked gets it, whether it can be
 * noted or not; what cannot be noted at once is tried again beside the answer.
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

/** Stored answers removed by one statement. */
const PRUNE_PAGE = 2_000;

/** Nightly: forgets answers that nobody may ask for any more. @returns whether there may be more. */
export async function pruneAnswers(db: D1Database, now: number): Promise<boolean> {
  const { meta } = await pruneKeys(db, now - ANSWER_RETENTION_MS, PRUNE_PAGE).run();
  return meta.changes >= PRUNE_PAGE;
}
