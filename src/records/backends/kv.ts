import { inParallel } from "../../platform/parallel.ts";
import type { BackendHealth, RecordType, StorageBackend, StoredRecord, WriteReport } from "../types.ts";
import { MemoryLevel } from "./memory.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import { following, parseStored } from "./stored.ts";

/** KV keeps everything at least so long, seconds. */
const MIN_TTL_SECONDS = 60;
/** KV counts seconds in 32 bits. */
const MAX_TTL_SECONDS = 2 ** 31 - 1;
/** Keys of one bulk read; KV takes no more. */
const BULK_KEYS = 100;
/** Operations at a time; an invocation may have six connections. */
const WIDTH = 6;

/** The first level, shared by everything in this isolate. */
const isolateMemory = new MemoryLevel({ bytes: 8_000_000, lifeMs: 10_000, absentLifeMs: 5_000 });

/**
 * Records in KV: a cache with two levels, the isolate's memory and KV behind it. A record ends at its `expires_at`: it
 * is hidden from that moment, and KV removes it then, but never within a minute of the write. KV is eventually
 * consistent. Other locations may read an older value for a minute, and longer than that nothing is promised; an
 * isolate that did not make the write may use its own memory for another ten seconds. KV has no conditional write
 * either: the version guard reads first, so it works for one writer of an id at a time (every record has one, its
 * journal) and not for two at once. KV accepts one write a second of a key. So this backend cannot be the first one for
 * records that must be read as they were written, and it cannot list or search.
 */
export class KvBackend implements StorageBackend {
  readonly name = "kv";
  readonly can = {
    relational: false,
    lists: false,
    text: false,
    expires: true,
    atomic: false,
    fences: false,
    consistent: false,
  };
  readonly #kv: KVNamespace;
  readonly #memory: MemoryLevel;

  constructor(kv: KVNamespace, memory: MemoryLevel = isolateMemory) {
    this.#kv = kv;
    this.#memory = memory;
  }

  async write(type: RecordType, records: readonly StoredRecord[]): Promise<WriteReport> {
    const newest = newestOf(records);
    // Memory may be newer than KV, which may answer with an older value; it is never newer than what was written.
    const stored = await this.#load(
      type,
      newest.map(({ id }) => id),
    );
    let written = 0;
    await inParallel(newest, WIDTH, async (record) => {
      const before = stored.get(record.id) ?? null;
      if (before !== null && before.version >= record.version) return;
      const key = keyOf(type, record.id);
      const text = JSON.stringify(following(record, before));
      await this.#kv.put(key, text, expiryOf(record, Date.now()));
      this.#memory.write(key, text, Date.now());
      written += 1;
    });
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const now = Date.now();
    const stored = await this.#load(type, ids);
    return [...stored.values()].filter(({ expires_at }) => expires_at === null || expires_at > now);
  }

  query(): Promise<StoredRecord[]> {
    return Promise.reject(new RangeError("KV keeps no order and lists nothing; ask the primary"));
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    const known = await this.read(type, ids);
    // Also if there seems to be none: another location may have written it a moment ago.
    await inParallel([...new Set(ids)], WIDTH, async (id) => {
      await this.#kv.delete(keyOf(type, id));
      this.#memory.write(keyOf(type, id), null, Date.now());
    });
    return known.length;
  }

  health(): Promise<BackendHealth> {
    return probe(() => this.#kv.get("health"));
  }

  /** Records by id, from the first level that has them; that a record does not exist is remembered too. */
  async #load(type: RecordType, ids: readonly string[]): Promise<Map<string, StoredRecord>> {
    const now = Date.now();
    const found = new Map<string, StoredRecord>();
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const remembered = this.#memory.get(keyOf(type, id), now);
      if (remembered === undefined) unknown.push(id);
      else if (remembered !== null) found.set(id, parseStored(remembered));
    }
    const ticket = this.#memory.ticket();
    const bulks = Array.from({ length: Math.ceil(unknown.length / BULK_KEYS) }, (_, bulk) =>
      unknown.slice(bulk * BULK_KEYS, (bulk + 1) * BULK_KEYS),
    );
    await inParallel(bulks, WIDTH, async (bulk) => {
      const texts = await this.#kv.get(bulk.map((id) => keyOf(type, id)));
      for (const id of bulk) {
        const text = texts.get(keyOf(type, id)) ?? null;
        this.#memory.fill(keyOf(type, id), text, ticket, now);
        if (text !== null) found.set(id, parseStored(text));
      }
    });
    return found;
  }
}

function keyOf(type: RecordType, id: string): string {
  return `${type.name}/${id}`;
}

/** When KV forgets a record: at its end, or as close to it as KV can; reading hides what has ended. */
function expiryOf({ expires_at }: StoredRecord, now: number): KVNamespacePutOptions {
  if (expires_at === null) return {};
  const seconds = Math.ceil((expires_at - now) / 1_000);
  return { expirationTtl: Math.min(Math.max(seconds, MIN_TTL_SECONDS), MAX_TTL_SECONDS) };
}
