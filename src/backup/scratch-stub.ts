import type { BackupVault } from "./scratch.ts";

/** Calls a scratch store. If it cannot do something, the whole job fails and is tried again. */
export function callScratch<T>(
  env: Env,
  name: string,
  call: (stub: DurableObjectStub<BackupVault>) => Promise<T>,
): Promise<T> {
  // SAFETY: wrangler.toml binds VAULTS to this very class; the generated Env names it only in a comment.
  const namespace = env.VAULTS as DurableObjectNamespace<BackupVault>;
  return call(namespace.get(namespace.idFromName(name)));
}
