import { callObject } from "../platform/cell/call.ts";
import { fnv1a } from "../platform/hash.ts";
import type { Result } from "../platform/results.ts";
import type { JournalObject } from "./journal/object.ts";

/** The number of journals. It can never change: the id of an owner says in which one their records are. */
export const JOURNALS = 16;

/** The journal of an owner's records (FNV-1a over the id). */
export function journalOf(owner: string): number {
  return fnv1a(owner) % JOURNALS;
}

export function journalStub(env: Env, journal: number): DurableObjectStub<JournalObject> {
  // SAFETY: wrangler.toml binds JOURNALS to this very class; the generated Env names it only in a comment.
  const namespace = env.JOURNALS as DurableObjectNamespace<JournalObject>;
  return namespace.get(namespace.idFromName(`journal-${journal}`));
}

/** Calls a journal, with the retries of every object. Every RPC of it can be repeated without harm. */
export function callJournal<T>(
  env: Env,
  journal: number,
  call: (stub: DurableObjectStub<JournalObject>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "journal", id: String(journal) }, () => call(journalStub(env, journal)));
}
