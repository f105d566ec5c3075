import { runInDurableObject } from "cloudflare:test";

/** Does something with the storage of an object, past its methods. */
export function inObject<T>(
  stub: DurableObjectStub<Rpc.DurableObjectBranded & object>,
  work: (storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  // SAFETY: only the state is used, which every object has.
  return runInDurableObject(stub as DurableObjectStub, (_instance, { storage }) => work(storage));
}
