import { nodeCrypto } from "../../platform/node-crypto.ts";
import { type QueryBuilder, query } from "../query.ts";
import type { BackendRegistry } from "../registry.ts";
import { SESSION, TASK } from "../translation/types.ts";
import type { RecordType } from "../types.ts";
import type { JournalStores } from "./context.ts";

/** Records removed in one step. */
const PAGE = 1_000;

/** Removes a session with all its tasks from every backend, the session last. A repeat does no harm. */
export async function removeSession(registry: BackendRegistry, session: string): Promise<void> {
  await removeAll(registry, TASK, query(TASK).where("session_id", "=", session).sortBy("position"));
  await removeIds(registry, SESSION, [session]);
}

/** Removes every record of an owner from every backend. A repeat does no harm. @returns how many there were. */
export async function removeOwner(registry: BackendRegistry, owner: string): Promise<number> {
  let removed = 0;
  for (const type of [TASK, SESSION]) {
    removed += await removeAll(registry, type, query(type).where("owner", "=", owner).sortBy("updated_at"));
  }
  return removed;
}

async function removeAll(registry: BackendRegistry, type: RecordType, which: QueryBuilder): Promise<number> {
  const page = which.limit(PAGE).build();
  const next = () => registry.primary(type).query(type, page);
  let removed = 0;
  for (let found = await next(); found.length > 0; found = await next()) {
    removed += await removeIds(
      registry,
      type,
      found.map(({ id }) => id),
    );
  }
  return removed;
}

/**
 * The backend that finds them is the last one, so a removal that was cut off finds them again.
 * @returns how many it had.
 */
async function removeIds(registry: BackendRegistry, type: RecordType, ids: readonly string[]): Promise<number> {
  let removed = 0;
  for (const backend of registry.routeOf(type).backends.toReversed()) removed = await backend.delete(type, ids);
  return removed;
}

/** The mark of an erased owner: a deleted session with a name that no session can have and nobody can read. */
export function tombstoneOf(owner: string): string {
  return `erased ${nodeCrypto().createHash("sha256").update(owner).digest("base64url")}`;
}

/** Inside a transaction: forgets everything about an owner, except that they were erased. */
export function forgetOwner({ store, outbox }: JournalStores, owner: string, now: number): void {
  store.remove(tombstoneOf(owner), now);
  outbox.purged(tombstoneOf(owner));
  store.forgetOwner(owner);
}
