import { z } from "zod";
import { logFault } from "../platform/log.ts";
import { ROLES, type Role } from "../platform/roles.ts";
import { type Account, type Hold, lesserRole } from "./standing.ts";
import { accountOf } from "./statements.ts";

const ACCOUNT = "account";
const HOLD = "hold";

/** A hold as it is stored; `change` tells one from the next. */
type StoredHold = Hold & { change: string };

const accountRow = z.object({ role: z.enum(ROLES), banned: z.number(), ban_expires: z.number().nullable() });

/**
 * A copy of a user's account in D1, so that no token asks the database; and the change that is being written. A right
 * that a change takes away is gone from {@link hold} on; a right that it gives counts from {@link settle} on.
 */
export class AccountCopy {
  readonly #storage: DurableObjectStorage;
  readonly #db: () => D1Database;
  readonly #user: () => string;
  readonly #isErased: () => boolean;

  constructor(storage: DurableObjectStorage, db: () => D1Database, user: () => string, isErased: () => boolean) {
    this.#storage = storage;
    this.#db = db;
    this.#user = user;
    this.#isErased = isErased;
  }

  /** Null: there is none. Undefined: it was not read yet. */
  get account(): Account | null | undefined {
    return this.#storage.kv.get<Account | null>(ACCOUNT);
  }

  get held(): Hold | null {
    return this.#storage.kv.get<Hold>(HOLD) ?? null;
  }

  /** A change is about to be written; called inside the object's transaction. */
  hold(change: { role?: Role | undefined; banned?: boolean | undefined }): void {
    const held = this.held ?? {};
    const role =
      change.role === undefined || held.role === undefined
        ? (change.role ?? held.role)
        : lesserRole(held.role, change.role);
    const banned = held.banned === true || change.banned === true;
    this.#storage.kv.put(HOLD, { role, banned, change: crypto.randomUUID() } satisfies StoredHold);
  }

  /**
   * Copies the account again, if a change is being written or the caller knows of one.
   * @throws when D1 does not answer.
   */
  async settle(isChanged: boolean): Promise<void> {
    const { kv } = this.#storage;
    const hold = kv.get<StoredHold>(HOLD);
    if (!isChanged && hold === undefined) return;
    const account = await this.#read();
    if (this.#isErased()) return;
    this.#storage.transactionSync(() => {
      kv.put(ACCOUNT, account);
      // A change that began meanwhile may not be in the copy: it is settled by its own call.
      if (kv.get<StoredHold>(HOLD)?.change === hold?.change) kv.delete(HOLD);
    });
  }

  /** The account of a user whom nobody has changed since this object exists; undefined while D1 does not answer. */
  async firstLook(): Promise<Account | null | undefined> {
    try {
      const account = await this.#read();
      const { kv } = this.#storage;
      // A copy that was settled meanwhile is newer.
      if (!this.#isErased() && kv.get(ACCOUNT) === undefined) kv.put(ACCOUNT, account);
      return kv.get<Account | null>(ACCOUNT);
    } catch (fault) {
      logFault("account_unread", fault);
      return undefined;
    }
  }

  async #read(): Promise<Account | null> {
    // A ban of somebody without an account only removes the trust: the role comes from their provider.
    const row = await accountOf(this.#db(), this.#user()).first();
    if (row === null) return null;
    const { role, banned, ban_expires } = accountRow.parse(row);
    return { role, banned_until: banned === 0 ? null : (ban_expires ?? "ever") };
  }
}
