// The bucket BACKUPS. No object in it is ever overwritten: a second write of the same key is refused.

export const IF_ABSENT = { etagDoesNotMatch: "*" };
/** The limit of keys in one list; with their metadata the platform may return fewer. */
const PAGE_KEYS = 1_000;

/**
 * Writes an object that does not exist yet.
 * @returns whether it was written; false if it existed already.
 */
export async function create(env: Env, key: string, body: string | Uint8Array<ArrayBuffer>): Promise<boolean> {
  return (await env.BACKUPS.put(key, body, { onlyIf: IF_ABSENT })) !== null;
}

/** All keys below a prefix, in order. @param after only keys after this one. */
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

/** Instants in the form that keys use, so that they sort. */
export function pad(at: number): string {
  return String(at).padStart(15, "0");
}
