import { callObject } from "../platform/cell/call.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { AuditChain } from "./chain/object.ts";
import type { NewEntry } from "./entry.ts";

/** The name of the chain with everything that Latchkey records. Another name is another chain. */
export const MAIN_CHAIN = "main";
/** Entries of one call. */
export const MAX_APPEND = 500;

export function chainStub(env: Env, chain: string): DurableObjectStub<AuditChain> {
  // SAFETY: wrangler.toml binds AUDIT_CHAINS to this very class; the generated Env names it only in a comment.
  const namespace = env.AUDIT_CHAINS as DurableObjectNamespace<AuditChain>;
  return namespace.get(namespace.idFromName(chain));
}

/** Calls the main chain, with the retries of every object. Every RPC of it can be repeated without harm. */
export function callChain<T>(
  env: Env,
  call: (stub: DurableObjectStub<AuditChain>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "audit_chain", id: MAIN_CHAIN }, () => call(chainStub(env, MAIN_CHAIN)));
}

/**
 * Adds entries of Latchkey to the main chain, in order and in as many calls as needed.
 * @returns keys that the chain will never accept because other entries have them; `unavailable` when it did not answer.
 */
export async function appendAll(env: Env, entries: readonly NewEntry[]): Promise<Result<{ refused: Set<string> }>> {
  const refused = new Set<string>();
  for (let start = 0; start < entries.length; start += MAX_APPEND) {
    const page = entries.slice(start, start + MAX_APPEND);
    const appended = await callChain(env, (stub) => stub.append(page));
    if (!appended.ok) return refuse("unavailable", { detail: "The audit log cannot be written.", retry_after: 1 });
    appended.value.forEach(({ status }, index) => {
      const key = page[index]?.key;
      if (status === "conflict" && key !== undefined) refused.add(key);
    });
  }
  return ok({ refused });
}
