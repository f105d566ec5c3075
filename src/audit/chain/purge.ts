import { logEvent } from "../../platform/log.ts";
import { ownEntry } from "../entry.ts";
import { type AuditKeys, signed } from "../keys.ts";
import type { NameUser } from "../people.ts";
import { append } from "./append.ts";
import { storeStatement } from "./bucket.ts";
import type { ChainContext } from "./context.ts";
import type { PurgeRequest, SignedHead, SignedPurge } from "./contract.ts";
import { signHead } from "./heads.ts";

/** Inside a transaction: writes the entry that says what is removed, and the signed record of it. */
export function orderPurge(
  context: ChainContext,
  { actor, request_id }: PurgeRequest,
  cut: SignedHead,
  keys: AuditKeys,
  nameUser: NameUser,
): SignedPurge {
  const { name, store, scheduler } = context;
  const now = Date.now();
  const number = store.purgeCount() + 1;
  const from = store.chain().base_seq + 1;
  const details = { from_seq: from, to_seq: cut.seq, entries: cut.seq - from + 1, hash: cut.hash };
  const target = { type: "audit_chain", id: name };
  const entry = ownEntry({ action: "audit.purged", actor, target, request_id, details, unique: String(number) }, now);
  const [outcome] = append(context, [entry], nameUser, now);
  const purge: SignedPurge = signed(keys, {
    chain: name,
    number,
    from_seq: from,
    to_seq: cut.seq,
    hash: cut.hash,
    entry_seq: outcome?.seq ?? 0,
    actor: nameUser(actor.id),
    at: now,
  });
  store.addPurge(purge);
  scheduler.schedule("purge", now);
  return purge;
}

/**
 * Carries out the ordered purge: first its record and a head that covers it go to the bucket, then the entries are
 * removed.
 */
export async function carryOutPurge(context: ChainContext): Promise<void> {
  const { env, store, commit, scheduler } = context;
  const purge = store.pendingPurge();
  if (purge !== null) {
    if (!(await storeStatement(env.DOCUMENTS, "purges", purge))) {
      throw new Error(`another purge has the number ${purge.number}`);
    }
    await signHead(context);
    commit(() => {
      store.purge(purge, Date.now());
      scheduler.schedule("project", Date.now());
    });
    logEvent("audit_purged", { chain: purge.chain, from_seq: purge.from_seq, to_seq: purge.to_seq });
  }
  commit(() => scheduler.reschedule("purge", null));
}
