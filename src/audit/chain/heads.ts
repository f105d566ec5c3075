import { logEvent } from "../../platform/log.ts";
import { type AuditKeys, auditKeys, signed } from "../keys.ts";
import { storeStatement } from "./bucket.ts";
import type { ChainContext } from "./context.ts";

/** A head is signed this long after the first new entry that it covers. */
export const HEAD_INTERVAL_MS = 3_600_000;
/**
 * Numbers of heads that may be used already, one after the other. A storage that was set back makes each head of that
 * time again.
 */
const MAX_HEAD_CONFLICTS = 1_000;

/**
 * Signs the present place of the chain, unless a head has it already, and stores every head that is not in the bucket
 * yet.
 */
export async function signHead(context: ChainContext): Promise<void> {
  const { name, env, store, commit, scheduler } = context;
  const keys = await auditKeys(env);
  commit(() => addHead(context, keys));
  for (let conflicts = 0; conflicts < MAX_HEAD_CONFLICTS; ) {
    const [head] = store.unstoredHeads();
    if (head === undefined) break;
    if (await storeStatement(env.DOCUMENTS, "heads", head)) {
      commit(() => store.headStored(head.number, Date.now()));
      continue;
    }
    // The bucket has more of this chain than its own storage: somebody has set the storage back.
    conflicts += 1;
    logEvent("audit_head_conflict", { chain: name, number: head.number });
    commit(() => {
      store.dropHead(head.number);
      addHead(context, keys, head.number + 1);
    });
  }
  commit(() => {
    const isCovered = store.lastHead()?.seq === store.chain().seq;
    scheduler.reschedule("head", isCovered ? null : Date.now() + HEAD_INTERVAL_MS);
  });
}

function addHead({ name, store }: ChainContext, keys: AuditKeys, number?: number): void {
  const { seq, base_seq, hash } = store.chain();
  const last = store.lastHead();
  if (seq === 0 || (last?.seq === seq && number === undefined)) return;
  const statement = {
    chain: name,
    number: number ?? (last?.number ?? 0) + 1,
    seq,
    count: seq - base_seq,
    hash,
    at: Date.now(),
  };
  store.addHead(signed(keys, statement));
}
