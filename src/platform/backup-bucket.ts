// The bucket BACKUPS: nothing in it is ever written over, a second writer of a key is refused.

export const IF_ABSENT = { etagDoesNotMatch: "*" };
/** Keys of one list; with their metadata the platform may give fewer. */
const PAGE_KEYS = 1_000;

/**
 * Writes an object that is not there yet.
 * @returns whether it was written; false when it was there already.
 */
export async function create(env: Env, key: string, body: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
  return (await env.BACKUPS.put(key, body, { onlyIf: IF_ABSENT })) !== null;
}

/** Everything below a prefix, in the order of the keys. @param after only what comes after this key. */
export async function* listed(
  env: Env,
  prefix: string,
  include: ("customMetadata" | "httpMetadata")[] = [],
  after?: string,
) {
  let cursor: string | undefined;
  do {
    const page = await env.BACKUPS.list({
      prefix,
      limit: PAGE_KEYS,
      include,
      ...(cursor === undefined ? {} : { cursor }),
      ...(cursor !== undefined || after === undefined ? {} : { startAfter: after }),
    });
    yield* page.objects;
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}

/** Instants in keys, so that they sort. */
export function pad(at: number): string {
  return String(at).padStart(15, "0");
}
