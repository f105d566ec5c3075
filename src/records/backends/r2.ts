import { inParallel } from "../../platform/parallel.ts";
import type { BackendHealth, RecordQuery, RecordType, StorageBackend, StoredRecord, WriteReport } from "../types.ts";
import { ownerPageOf } from "./by-owner.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import { following, parseStored } from "./stored.ts";

/** Operations at a time; an invocation may have six connections. */
const WIDTH = 6;
/** Tries of one conditional write; each failure means that another write succeeded. */
const MAX_TRIES = 20;
/** Keys of one list, and of one deletion. */
const PAGE_KEYS = 1_000;

/**
 * Records as objects in R2: one with the record under its id, and an empty one that lists it under its owner. A write
 * is conditional on the value read before it, so the highest version stays, whatever writes run at once. A record costs
 * a read and two writes, and there is no transaction over several: this backend is for large records, and for few of
 * them at a time. It lists only by owner, in the order of ids (of their bytes), through key prefixes. An id may have
 * about 900 bytes.
 */
export class R2Backend implements StorageBackend {
  readonly name = "r2";
  readonly can = {
    relational: false,
    lists: true,
    text: false,
    expires: false,
    atomic: false,
    fences: false,
    consistent: true,
  };
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async write(type: RecordType, records: readonly StoredRecord[]): Promise<WriteReport> {
    let written = 0;
    await inParallel(newestOf(records), WIDTH, async (record) => {
      if (await this.#writeOne(type, record)) written += 1;
      // After the record, and also if it was known already: this does what a crash or a deletion has left.
      await this.#bucket.put(listKeyOf(type, record.owner, record.id), "");
    });
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    await inParallel([...new Set(ids)], WIDTH, async (id) => {
      const object = await this.#bucket.get(keyOf(type, id));
      if (object !== null) found.push(parseStored(await object.text()));
    });
    return found;
  }

  async query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]> {
    const { owner, after, limit } = ownerPageOf(query, "R2");
    const prefix = listKeyOf(type, owner, "");
    const page: StoredRecord[] = [];
    let startAfter = after === null ? null : `${prefix}${after}`;
    while (page.length < limit) {
      const keys = { prefix, limit: Math.min(limit - page.length, PAGE_KEYS) };
      const listed = await this.#bucket.list(startAfter === null ? keys : { ...keys, startAfter });
      const ids = listed.objects.map(({ key }) => key.slice(prefix.length));
      const records = new Map((await this.read(type, ids)).map((record) => [record.id, record]));
      // An entry without its record is being deleted.
      for (const id of ids) {
        const record = records.get(id);
        if (record?.owner === owner) page.push(record);
      }
      startAfter = listed.objects.at(-1)?.key ?? null;
      if (!listed.truncated || startAfter === null) break;
    }
    return page;
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    const known = await this.read(type, ids);
    await this.#remove(known.map(({ id }) => keyOf(type, id)));
    await this.#remove(known.map(({ owner, id }) => listKeyOf(type, owner, id)));
    // A record that was written meanwhile may have written its list entry before ours was removed.
    await inParallel(known, WIDTH, async ({ owner, id }) => {
      const listKey = listKeyOf(type, owner, id);
      if ((await this.#bucket.head(keyOf(type, id))) !== null) await this.#bucket.put(listKey, "");
    });
    return known.length;
  }

  health(): Promise<BackendHealth> {
    return probe(() => this.#bucket.head("health"));
  }

  /** @returns whether the record was newer than what was there. */
  async #writeOne(type: RecordType, record: StoredRecord): Promise<boolean> {
    const key = keyOf(type, record.id);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const object = await this.#bucket.get(key);
      const before = object === null ? null : parseStored(await object.text());
      if (before !== null && before.version >= record.version) return false;
      const onlyIf = object === null ? { etagDoesNotMatch: "*" } : { etagMatches: object.etag };
      const put = await this.#bucket.put(key, JSON.stringify(following(record, before)), { onlyIf });
      if (put !== null) return true;
    }
    throw new Error(`${record.id} is being written by too many at once`);
  }

  async #remove(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += PAGE_KEYS)
      await this.#bucket.delete(keys.slice(from, from + PAGE_KEYS));
  }
}

function keyOf(type: RecordType, id: string): string {
  return `records/${type.name}/${id}`;
}

/** The owner is encoded, so that no owner is the beginning of another; the id is not, so that keys sort like ids. */
function listKeyOf(type: RecordType, owner: string, id: string): string {
  return `owners/${type.name}/${encodeURIComponent(owner)}/${id}`;
}
