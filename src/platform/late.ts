const readers = new Set<() => Promise<unknown>>();

/**
 * Something that is evaluated, with all it rests on, when it is first asked for. It is kept as itself and not as a promise,
 * which two requests would share.
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
 * An async function that is evaluated when it is first called. A room's `index.ts` says so of what few of its callers need:
 * who imports the room for something else does not pay for it when an isolate starts.
 * @param read imports the function.
 */
export function late<Given extends unknown[], Answer>(
  read: () => Promise<(...given: Given) => Promise<Answer>>,
): (...given: Given) => Promise<Answer> {
  const once = readOnce(read);
  return async (...given) => (await once())(...given);
}

/**
 * Reads everything that comes late. For tests: their runner fetches a module over a connection, which two objects that
 * read it at once cannot share.
 */
export async function readEverything(): Promise<void> {
  for (const once of readers) await once();
}
