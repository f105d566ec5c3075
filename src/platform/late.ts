const readers = new Set<() => Promise<unknown>>();

/**
 * A value that is evaluated, with everything it needs, when it is first used. The value itself is stored and not its
 * promise, because two requests would share the promise.
 * @param read imports it.
 */
export function readOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let known: { value: T } | undefined;
  const once = async () => {
    known ??= { value: await read() };
    return known.value;
  };
  readers.add(once);
  return once;
}

/**
 * An async function that is evaluated on its first call. A room's `index.ts` uses it for functions that few callers
 * need, so that callers who import the room for something else do not pay for them when an isolate starts.
 * @param read imports the function.
 */
export function late<Given extends unknown[], Answer>(
  read: () => Promise<(...given: Given) => Promise<Answer>>,
): (...given: Given) => Promise<Answer> {
  const once = readOnce(read);
  return async (...given) => (await once())(...given);
}

/**
 * Loads everything that is marked late. For tests: their runner fetches a module over a connection, which two objects
 * that load it at once cannot share.
 */
export async function readEverything(): Promise<void> {
  for (const once of readers) await once();
}
