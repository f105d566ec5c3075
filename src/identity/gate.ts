import { DurableObject } from "cloudflare:workers";
import { callObject } from "../bindings.ts";
import { ok, type Result } from "../shared/results.ts";
import { SESSION_SECONDS } from "./lifetimes.ts";

/**
 * Whether tokens of a user are to be trusted. open: yes. ended: their session was ended before they expired. erased: the
 * user was erased, and no token of theirs is ever trusted again.
 */
export type Standing = "open" | "ended" | "erased";

const ERASED = "erased";
const ENDED = "ended:";

/**
 * One user's ended sessions, and whether the user was erased: what an access token cannot know of itself. It is asked
 * instead of the database, so that a revocation is seen everywhere with its commit. A user who never ended a session
 * costs no storage; an entry goes when its session would have expired anyway.
 */
export class UserGate extends DurableObject<Env> {
  /** How tokens of this user and session stand; null: tokens of no session. */
  async standing(session: string | null): Promise<Result<Standing>> {
    const { kv } = this.ctx.storage;
    if (kv.get(ERASED) !== undefined) return ok("erased");
    return ok(session !== null && kv.get(ENDED + session) !== undefined ? "ended" : "open");
  }

  /** Ends sessions; their access tokens are refused from now on. */
  async end(sessions: readonly string[]): Promise<Result<{ ended: number }>> {
    const { kv } = this.ctx.storage;
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const [key, until] of [...kv.list<number>({ prefix: ENDED })]) if (until <= now) kv.delete(key);
      if (kv.get(ERASED) !== undefined) return;
      for (const session of sessions) kv.put(ENDED + session, now + SESSION_SECONDS * 1_000);
    });
    return ok({ ended: sessions.length });
  }

  /** Ends everything for ever and forgets the rest. */
  async erase(): Promise<Result<{ erased: boolean }>> {
    const { kv } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      for (const [key] of [...kv.list()]) kv.delete(key);
      kv.put(ERASED, Date.now());
    });
    return ok({ erased: true });
  }
}

function gateStub(env: Env, user: string): DurableObjectStub<UserGate> {
  // SAFETY: wrangler.toml binds GATES to this very class; the generated Env names it only in a comment.
  const namespace = env.GATES as DurableObjectNamespace<UserGate>;
  return namespace.get(namespace.idFromName(user));
}

/** Calls a user's gate, with the retries that every object gets. Every RPC of it is harmless to repeat. */
export function callGate<T>(
  env: Env,
  user: string,
  call: (stub: DurableObjectStub<UserGate>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "gate", id: user }, () => call(gateStub(env, user)));
}
