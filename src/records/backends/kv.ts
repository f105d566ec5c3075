import { inParallel } from "../../platform/parallel.ts";
import type { BackendHealth, RecordType, StorageBackend, StoredRecord, WriteReport } from "../types.ts";
import { MemoryLevel } from "./memory.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import { following, parseStored } from "./stored.ts";

/** KV refuses to forget anything sooner, seconds. */
const MIN_TTL_SECONDS = 60;
/** It counts them in 32 bits. */
const MAX_TTL_SECONDS = 2 ** 31 - 1;
/** Keys of one bulk read; KV takes no more. */
const BULK_KEYS = 100;
/** Operations under way at a time; an invocation may have six connections. */
const WIDTH = 6;

/** The first level, shared by everything that runs in this isolate. */
const isolateMemory = new MemoryLevel({ bytes: 8_000_000, lifeMs: 10_000, absentLifeMs: 5_000 });

/**
 * Records in KV: a cache with two levels, the isolate's memory and KV behind it. A record is forgotten at its
 * `expires_at`: it is hidden from that moment, and KV drops it then, though never within a minute of the write.
 *
 * KV is eventually consistent. Other locations may see what was there before for a minute, and longer than that nothing
 * is promised; an isolate that did not make the write may serve its own memory for another ten seconds. KV has no
 * conditional write either: the version guard reads first, so it holds for one writer of an id at a time (every record
 * has one, its journal) and not for two that race. It takes one write a second of a key. So this is no primary for
 * anything that must be read as it was written, and it lists and finds nothing.
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
    // Memory may be ahead of KV, which may answer with what was there before; it is never ahead of what was written.
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
    // Also what seems not to be there: another location may have written it a moment ago.
    await inParallel([...new Set(ids)], WIDTH, async (id) => {
      await this.#kv.delete(keyOf(type, id));
      this.#memory.write(keyOf(type, id), null, Date.now());
    });
    return known.length;
  }

  health(): Promise<BackendHealth> {
    return probe(() => this.#kv.get("health"));
  }

  /** Records by id, from the first level that knows; what is nowhere is remembered as absent. */
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
