import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";

const CUT = "cut";

/** Streams that are to end: those of these sessions, or all. After "closing", clients come back with a new token. */
interface Cut {
  sessions: string[];
  all: "evicted" | "closing" | null;
  /** The one session whose streams stay when all others' end. */
  except: string | null;
  /** Grows with each addition. */
  number: number;
}
const NO_CUT: Cut = { sessions: [], all: null, except: null, number: 0 };

/** What is asked of the user's channel of events. */
interface StreamEnder extends Rpc.DurableObjectBranded {
  endSession(
    session: string | null,
    kind?: "evicted" | "closing",
    except?: string | null,
  ): Promise<Result<{ ended: number }>>;
}

/** Streams of a user that are to end because something was revoked: pending until the user's channel has ended them. */
export class StreamCuts {
  readonly #kv: SyncKvStorage;
  readonly #env: () => Env;
  readonly #user: () => string;

  constructor(kv: SyncKvStorage, env: () => Env, user: () => string) {
    this.#kv = kv;
    this.#env = env;
    this.#user = user;
  }

  /** Whether any are still to end. */
  get isPending(): boolean {
    return this.#kv.get(CUT) !== undefined;
  }

  /** Adds to what is to end; called inside the object's transaction. */
  add({ sessions, all, except }: { sessions: readonly string[]; all: Cut["all"]; except: string | null }): void {
    const kv = this.#kv;
    const pending = kv.get<Cut>(CUT) ?? NO_CUT;
    const kind = pending.all === "evicted" || all === null ? pending.all : all;
    const cut: Cut = {
      sessions: [...new Set([...pending.sessions, ...sessions])],
      all: kind,
      // Two that both end all: what the first keeps, the second may not.
      except: pending.all === null ? except : all === null || pending.except === except ? pending.except : null,
      number: pending.number + 1,
    };
    if (cut.all !== null || cut.sessions.length > 0) kv.put(CUT, cut);
  }

  /** @throws when the channel does not answer; what is pending stays. */
  async settle(): Promise<void> {
    const kv = this.#kv;
    for (let pending = kv.get<Cut>(CUT); pending !== undefined; pending = kv.get<Cut>(CUT)) {
      if (pending.all !== null) await this.endNow(null, pending.all, pending.except);
      for (const session of pending.sessions) await this.endNow(session, "evicted");
      // What was added meanwhile stays pending.
      if (kv.get<Cut>(CUT)?.number === pending.number) kv.delete(CUT);
    }
  }

  /** Ends them at once. @throws when the channel does not answer. */
  async endNow(session: string | null, kind: "evicted" | "closing", except: string | null = null): Promise<void> {
    // SAFETY: wrangler.toml binds CHANNELS to UserChannel, which has this method.
    const namespace = this.#env().CHANNELS as DurableObjectNamespace<StreamEnder>;
    const user = this.#user();
    const answer = await callObject({ kind: "channel", id: user }, () =>
      namespace.get(namespace.idFromName(user)).endSession(session, kind, except),
    );
    if (!answer.ok) throw new Error(`the streams were not ended: ${answer.refusal.code}`);
  }
}
