import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KvBackend } from "../../../src/records/backends/kv.ts";
import { MemoryLevel } from "../../../src/records/backends/memory.ts";
import { R2Backend } from "../../../src/records/backends/r2.ts";
import { query } from "../../../src/records/query.ts";
import { fresh, SAMPLE, sample } from "../../support/records/sample.ts";
import { advanceClock, setClock } from "../../support/worker/learners.ts";

/** A binding that counts what is called of it. */
function counted<T extends object>(binding: T): { binding: T; calls: string[] } {
  const calls: string[] = [];
  const get = (target: T, name: string | symbol): unknown => {
    calls.push(String(name));
    const method: unknown = Reflect.get(target, name);
    return typeof method === "function" ? method.bind(target) : method;
  };
  return { binding: new Proxy(binding, { get }), calls };
}

const LIMITS = { bytes: 1_000_000, lifeMs: 10_000, absentLifeMs: 5_000 };

afterEach(() => {
  vi.useRealTimers();
});

describe("KV", () => {
  it("keeps a record until its end, but not for a shorter time than KV can", async () => {
    const now = Date.now();
    setClock(now);
    const backend = new KvBackend(env.RECORD_CACHE, new MemoryLevel(LIMITS));
    const ends = { soon: now + 5_000, later: now + 3_600_000, never: null, over: now - 1_000 };
    const records = Object.entries(ends).map(([name, expires_at]) => sample(fresh(name), { expires_at }));
    await backend.write(SAMPLE, records);
    const { keys } = await env.RECORD_CACHE.list({ prefix: `${SAMPLE.name}/` });
    const left = records.map(({ id }) => {
      const key = keys.find(({ name }) => name === `${SAMPLE.name}/${id}`);
      return key?.expiration === undefined ? null : Math.round((key.expiration - now / 1_000) / 10) * 10;
    });
    expect(left).toEqual([60, 3_600, null, 60]);
    const read = await backend.read(
      SAMPLE,
      records.map(({ id }) => id),
    );
    expect(read.map(({ id }) => id)).toEqual(records.slice(0, 3).map(({ id }) => id));
  });

  it("answers from memory for a short time, then from KV, also that a record does not exist", async () => {
    setClock(Date.now());
    const { binding, calls } = counted(env.RECORD_CACHE);
    const memory = new MemoryLevel({ bytes: 1_000_000, lifeMs: 60, absentLifeMs: 30 });
    const backend = new KvBackend(binding, memory);
    const record = sample(fresh("levels"));
    const missing = fresh("missing");
    await new KvBackend(env.RECORD_CACHE, new MemoryLevel(LIMITS)).write(SAMPLE, [record]);
    const read = () => backend.read(SAMPLE, [record.id, missing]);
    for (let n = 0; n < 5; n += 1) expect(await read()).toEqual([record]);
    expect(calls).toEqual(["get"]);
    advanceClock(70);
    expect(await read()).toEqual([record]);
    expect(calls).toEqual(["get", "get"]);
  });

  it("[I3] shows a write and a deletion in the next read of this isolate, also if it knew of no record before", async () => {
    const backend = new KvBackend(env.RECORD_CACHE, new MemoryLevel(LIMITS));
    const id = fresh("own");
    expect(await backend.read(SAMPLE, [id])).toEqual([]);
    for (const version of [1, 2]) {
      await backend.write(SAMPLE, [sample(id, { version })]);
      expect(await backend.read(SAMPLE, [id])).toEqual([sample(id, { version })]);
    }
    await backend.delete(SAMPLE, [id]);
    expect(await backend.read(SAMPLE, [id])).toEqual([]);
    expect(await env.RECORD_CACHE.get(`${SAMPLE.name}/${id}`)).toBeNull();
  });

  it("[I4] refuses an older version by the writer's memory, where KV would accept it", async () => {
    const id = fresh("stale");
    const backend = new KvBackend(env.RECORD_CACHE, new MemoryLevel(LIMITS));
    await backend.write(SAMPLE, [sample(id, { version: 2 })]);
    // What another location may still be shown.
    await env.RECORD_CACHE.put(`${SAMPLE.name}/${id}`, JSON.stringify(sample(id, { version: 0 })));
    expect(await backend.write(SAMPLE, [sample(id, { version: 1 })])).toEqual({ written: 0, ignored: 1 });
  });
});

describe("the memory in front of a backend", () => {
  it("stays within its bytes, and first forgets what was not used for the longest time", () => {
    const memory = new MemoryLevel({ ...LIMITS, bytes: 1_000 });
    for (const key of ["a", "b", "c"]) memory.fill(key, "x".repeat(80), memory.ticket(), 0);
    expect(memory.get("a", 1)).toHaveLength(80);
    memory.fill("d", "x".repeat(80), memory.ticket(), 1);
    expect(["a", "b", "c", "d"].map((key) => memory.get(key, 2) !== undefined)).toEqual([true, false, true, true]);
    memory.fill("huge", "x".repeat(10_000), memory.ticket(), 2);
    expect(memory.bytes).toBeLessThanOrEqual(1_000);
    for (const key of ["a", "b", "c", "d", "huge"]) expect(memory.get(key, 20_000)).toBeUndefined();
    expect(memory.bytes).toBe(0);
  });

  it("[I4] does not lose a write to a look-up that began before it", () => {
    const memory = new MemoryLevel(LIMITS);
    const ticket = memory.ticket();
    memory.write("a", "new", 0);
    memory.fill("a", "old", ticket, 0);
    expect(memory.get("a", 1)).toBe("new");
    memory.write("a", null, 2);
    memory.fill("a", "old", ticket, 2);
    expect(memory.get("a", 3)).toBeNull();
  });
});

describe("R2", () => {
  const backend = new R2Backend(env.RECORDS);

  it("[I4] has the highest version after many writes at once", async () => {
    const owner = fresh("race");
    const id = `${owner}:one`;
    const versions = Array.from({ length: 10 }, (_, n) => n + 1).toSorted((a, b) => (a % 3) - (b % 3) || b - a);
    const reports = await Promise.all(
      versions.map((version) => new R2Backend(env.RECORDS).write(SAMPLE, [sample(id, { owner, version })])),
    );
    expect(reports.every(({ written, ignored }) => written + ignored === 1)).toBe(true);
    expect(await backend.read(SAMPLE, [id])).toEqual([sample(id, { owner, version: 10 })]);
  });

  it("[I4] tries again when another write came between its reading and its writing", async () => {
    const id = fresh("between");
    await backend.write(SAMPLE, [sample(id, { version: 1 })]);
    let intruders = 3;
    const get =
      (target: R2Bucket, name: string) =>
      async (...values: unknown[]) => {
        const answer = await Reflect.apply(Reflect.get(target, name), target, values);
        if (name !== "get" || intruders === 0) return answer;
        intruders -= 1;
        await backend.write(SAMPLE, [sample(id, { version: 9 - intruders })]);
        return answer;
      };
    // SAFETY: a bucket has methods only.
    const slow = new R2Backend(new Proxy(env.RECORDS, { get } as ProxyHandler<R2Bucket>));
    expect(await slow.write(SAMPLE, [sample(id, { version: 8 })])).toEqual({ written: 0, ignored: 1 });
    expect(await backend.read(SAMPLE, [id])).toEqual([sample(id, { version: 9 })]);
  });

  it("lists no records of an owner whose name begins with the same letters or contains a slash", async () => {
    const owner = fresh("own/er");
    const owners = [owner, `${owner}x`, `${owner}/x`, owner.slice(0, -1)];
    await backend.write(
      SAMPLE,
      owners.map((each) => sample(`x/${each}`, { owner: each })),
    );
    for (const each of owners) {
      const found = await backend.query(SAMPLE, query(SAMPLE).where("owner", "=", each).build());
      expect(found.map(({ id }) => id)).toEqual([`x/${each}`]);
    }
  });

  it("lists a record after a repeated write that a crash had left out of the list", async () => {
    const owner = fresh("unlisted");
    const record = sample(`${owner}:one`, { owner });
    await backend.write(SAMPLE, [record]);
    await env.RECORDS.delete(`owners/${SAMPLE.name}/${owner}/${record.id}`);
    await backend.write(SAMPLE, [record]);
    expect(await backend.query(SAMPLE, query(SAMPLE).where("owner", "=", owner).build())).toEqual([record]);
  });
});
