import { DurableObject } from "cloudflare:workers";
import { nameOf } from "../platform/cell/name.ts";
import { directory } from "../platform/database/shards.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Role } from "../platform/roles.ts";
import { AccountCopy } from "./account-copy.ts";
import { Attempts } from "./attempts.ts";
import { EndedSessions } from "./ended-sessions.ts";
import { KEY_OBJECT, type OpenedKey } from "./keys/key-answers.ts";
import { KeyGuard } from "./keys/key-guard.ts";
import { KnownNetworks } from "./known-networks.ts";
import { LEASES, type Lease, Leases } from "./leases.ts";
import type { Presented, Standing, Verdict } from "./standing.ts";
import { StreamCuts } from "./stream-cuts.ts";
import { verdictOf } from "./verdict.ts";
import { VerdictMemory } from "./verdict-memory.ts";

const ERASED = "erased";
/**
 * After this time the object looks by itself whether a change was written, milliseconds. It is longer than D1 lets a
 * statement run, so a change whose request died is either written by then or never will be.
 */
const HOLD_MS = 60_000;
/** Enrollments with a lease must be notified of a change here before it is confirmed. */
const NOT_TOLD = refuse("unavailable", { detail: "An enrollment could not be told of the change.", retry_after: 1 });

/**
 * What an access token itself cannot say: whether its session was ended, the present role of its user, whether the user
 * is banned or was erased. It is asked instead of the database, so that a revocation counts everywhere from its commit
 * on. A user from whom nothing was ever taken away needs no storage. D1 has the account; this object has a copy. A
 * change has three steps: {@link hold} (rights that it takes away are gone from here on), D1, {@link settle} (the copy
 * is made again). If a request dies in between, the alarm continues, and until then the user has the lower of both
 * roles.
 */
export class UserGate extends DurableObject<Env> {
  readonly #attempts = new Attempts();
  #guard: KeyGuard | null = null;
  readonly #account: AccountCopy;
  readonly #cuts: StreamCuts;
  readonly #ended: EndedSessions;
  readonly #networks: KnownNetworks;
  readonly #leases: Leases;
  readonly #memory = new VerdictMemory();
  /** Copies are made one after the other: a slow read of D1 must not replace a later one. */
  #settling: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const user = () => this.#user();
    const db = () => directory(this.env);
    this.#account = new AccountCopy(ctx.storage, db, user, () => this.#isErased);
    this.#ended = new EndedSessions(ctx.storage.kv);
    this.#networks = new KnownNetworks(ctx.storage.kv);
    this.#leases = new Leases(ctx.storage.kv, () => this.env);
    this.#cuts = new StreamCuts(ctx.storage.kv, () => this.env, user);
  }

  /**
   * Whether tokens of this user are valid.
   * @param session the session of the token; null for a token without one.
   * @param token a caller who also wants the role sends the whole token; without it the answer has no role, as releases
   * before this one expect it.
   */
  async standing(session: string | null, token?: Presented): Promise<Result<Standing | Verdict>> {
    const known = token === undefined ? undefined : this.#memory.of(token);
    if (known !== undefined) return ok(known);
    const { changes } = this.#memory;
    const verdict = await verdictOf(this.#account, this.#ended, () => this.#isErased, session, token);
    // While the account cannot be read, the next call reads it again.
    const isLooked = session !== null || this.#account.account !== undefined;
    if (token !== undefined && isLooked) this.#memory.keep(token, verdict, changes);
    return ok(token === undefined ? verdict.standing : verdict);
  }

  /**
   * Whether a token is valid, for an enrollment of the user.
   * @param wants whether it wants to be notified of changes instead of asking again soon: this is stored, which costs
   * more than a question.
   */
  async lease(token: Presented, enrollment: string, wants: boolean): Promise<Result<Lease>> {
    const { changes } = this.#memory;
    const { session, role } = token;
    const stands = await this.standing(session, token);
    if (!stands.ok) return stands;
    const verdict = typeof stands.value === "string" ? { standing: stands.value, role } : stands.value;
    // Another role is asked for each time.
    const isSure =
      wants && verdict.role === role && changes === this.#memory.changes && this.#memory.of(token) !== undefined;
    return ok({ verdict, ms: isSure ? this.#leases.grant(enrollment, Date.now()) : 0 });
  }

  /**
   * Ends sessions: their access tokens are refused from now on, and their streams end.
   * @param everything every token without a session that was issued until now is refused too.
   * @param except the session of the caller, whose streams stay.
   */
  async end(
    sessions: readonly string[],
    everything = false,
    except: string | null = null,
  ): Promise<Result<{ ended: number }>> {
    const now = Date.now();
    this.#change(() => {
      this.#ended.prune(now);
      this.#ended.add(sessions, everything, now);
      this.#cuts.add(everything ? { sessions: [], all: "evicted", except } : { sessions, all: null, except: null });
    });
    if (this.#cuts.isPending) await this.ctx.storage.setAlarm(Date.now() + HOLD_MS);
    return (await this.#leases.end(now)) ? ok({ ended: sessions.length }) : NOT_TOLD;
  }

  /**
   * A change of the account is about to be written: rights that it takes away are gone from now on. Every stream of the
   * user must end, because a stream has the role with which it was opened. {@link settle} must follow.
   */
  async hold(change: { role?: Role | undefined; banned?: boolean | undefined }): Promise<Result<null>> {
    this.#change(() => {
      this.#account.hold(change);
      this.#cuts.add({ sessions: [], all: change.banned === true ? "evicted" : "closing", except: null });
    });
    await this.ctx.storage.setAlarm(Date.now() + HOLD_MS);
    return (await this.#leases.end(Date.now())) ? ok(null) : NOT_TOLD;
  }

  /**
   * Finishes a change: copies the account from D1, if a change was begun or the caller knows of one, and ends the
   * streams that must end. A repeat does no harm.
   */
  async settle(isChanged = false): Promise<Result<null>> {
    const settled = this.#settling.catch(() => undefined).then(() => this.#settle(isChanged));
    this.#settling = settled;
    await settled;
    return ok(null);
  }

  /**
   * Counts a try to sign in. Only in memory: the object of an address without an account stores nothing.
   * @param network a hash of the caller's network.
   * @returns whether the user signed in from there before, and the delay of the try; or `rate_limited`.
   */
  async admitTry(network: string): Promise<Result<{ known: boolean; late_ms: number }>> {
    const now = Date.now();
    const known = this.#networks.has(network, now);
    const admission = this.#attempts.admit(network, known, now);
    if (!admission.admitted) return refuse("rate_limited", { retry_after: admission.retry_after });
    return ok({ known, late_ms: admission.late_ms });
  }

  /** The user has signed in from this network: from now on other people's tries do not count there. */
  async signedInFrom(network: string): Promise<Result<null>> {
    const now = Date.now();
    this.#change(() => this.#networks.add(network, now));
    return ok(null);
  }

  /** For the object of a key, named `key/<id>`: what the key with this hash allows now. */
  async openKey(hash: string): Promise<Result<OpenedKey>> {
    return this.#keyGuard().open(hash, Date.now());
  }

  /** The key's row is about to change; {@link settleKey} must follow, else the alarm does it. */
  async changeKey(change: "revoke" | "rotate"): Promise<Result<null>> {
    this.#keyGuard().begin(change);
    await this.ctx.storage.setAlarm(Date.now() + HOLD_MS);
    return ok(null);
  }

  /** The key's row has changed. Harmless to repeat. */
  async settleKey(): Promise<Result<null>> {
    await this.#keyGuard().settle();
    await this.ctx.storage.deleteAlarm();
    return ok(null);
  }

  /** Ends everything for ever, streams too, and forgets all other data. */
  async erase(): Promise<Result<{ erased: boolean }>> {
    const { kv } = this.ctx.storage;
    this.ctx.storage.transactionSync(() => {
      for (const [key] of [...kv.list()]) if (key !== LEASES) kv.delete(key);
      kv.put(ERASED, Date.now());
    });
    this.#memory.forget();
    if (!(await this.#leases.end(Date.now()))) return NOT_TOLD;
    await this.ctx.storage.deleteAlarm();
    // The erasure of the channel itself ends them too, a little later.
    await this.#cuts.endNow(null, "evicted").catch((fault: unknown) => logFault("streams_not_ended", fault));
    return ok({ erased: true });
  }

  /** Does the work that a request has left. Never throws: it runs again until the work is done. */
  override async alarm(): Promise<void> {
    try {
      if (this.#user().startsWith(KEY_OBJECT)) await this.settleKey();
      else await this.settle();
    } catch (fault) {
      logFault("revocations_not_settled", fault);
      await this.ctx.storage.setAlarm(Date.now() + HOLD_MS);
    }
  }

  #keyGuard(): KeyGuard {
    const name = this.#user();
    if (!name.startsWith(KEY_OBJECT)) throw new Error("not the object of a key");
    this.#guard ??= new KeyGuard(this.ctx, () => directory(this.env), name.slice(KEY_OBJECT.length));
    return this.#guard;
  }

  async #settle(isChanged: boolean): Promise<void> {
    await this.#account.settle(isChanged);
    this.#memory.forget();
    if (!(await this.#leases.end(Date.now()))) throw new Error(NOT_TOLD.refusal.code);
    if (this.#isErased) return;
    await this.#cuts.settle();
    if (this.#account.held === null && !this.#cuts.isPending) await this.ctx.storage.deleteAlarm();
  }

  get #isErased(): boolean {
    return this.ctx.storage.kv.get(ERASED) !== undefined;
  }

  /** Changes the stored data in one transaction; an erased user has no stored data. */
  #change(write: () => void): void {
    this.#memory.forget();
    this.ctx.storage.transactionSync(() => {
      if (!this.#isErased) write();
    });
  }

  /** The user id is the object's name. */
  #user(): string {
    return nameOf(this.ctx, "session revocations");
  }
}
