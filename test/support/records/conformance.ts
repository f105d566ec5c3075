import { describe, expect, it } from "vitest";
import { query } from "../../../src/records/query.ts";
import { FenceRaisedError, type StorageBackend, type StoredRecord } from "../../../src/records/types.ts";
import { queryConformance } from "./query-conformance.ts";
import { fresh, SAMPLE, sample } from "./sample.ts";

export interface Subject {
  backend: StorageBackend;
  /** The same with a place that refuses everything, and with one that never answers. */
  refusing: StorageBackend;
  silent: StorageBackend;
}

/** What health may take with a place that never answers, milliseconds. */
const HEALTH_MS = 2_000;
/** A second chance of one write would hide a fault of its order; few runs of many records find more than many of few. */
const PERMUTATIONS = 5;

const HOSTILE: readonly [what: string, text: string][] = [
  ["nothing", ""],
  ["unicode", "翻译服务 ﷽ Ω é e\u0301 👩‍👩‍👧 𠮷"],
  ["a NUL", "a\u0000b"],
  ["quotes", `'"\`"" '' \\" --; DROP TABLE suite_samples`],
  ["a newline beside backslash and n", "one\ntwo\\nthree\r\n\\\\n"],
  ["half a surrogate pair", "\ud83d!"],
  ["separators", "\u2028\u2029\u0085\ufeff"],
  ["something large", "x".repeat(200_000)],
  ["something large of three bytes each", "服".repeat(100_000)],
];

/** Every backend passes this. `subject` is asked when tests run, not when they are collected. */
export function conformance(name: string, subject: () => Subject): void {
  const write = (records: readonly StoredRecord[]) => subject().backend.write(SAMPLE, records);
  const read = async (ids: readonly string[]) =>
    (await subject().backend.read(SAMPLE, ids)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const readOne = async (id: string) => (await read([id]))[0];

  describe(`${name}: writing and reading`, () => {
    it.each(HOSTILE)("keeps %s as it is", async (_what, text) => {
      const record = sample(fresh("hostile"), { body: JSON.stringify({ title: text }) });
      expect(await write([record])).toEqual({ written: 1, ignored: 0 });
      expect(await readOne(record.id)).toEqual(record);
    });

    it("keeps every field, also numbers at their limits", async () => {
      const record = sample(fresh("fields"), {
        version: Number.MAX_SAFE_INTEGER,
        expires_at: 4_000_000_000_000,
        fields: { status: 'it\'s "so"\n\\n 服务', amount: -Number.MAX_SAFE_INTEGER, score: 0.1 + 0.2, note: "" },
      });
      await write([record]);
      expect(await readOne(record.id)).toEqual(record);
    });

    it("keeps a NUL in a field or refuses it, and cuts nothing off", async () => {
      const record = sample(fresh("nul"), { fields: { note: "a\u0000b" } });
      const outcome = await write([record]).then(
        () => "kept",
        () => "refused",
      );
      expect(await read([record.id])).toEqual(outcome === "kept" ? [record] : []);
    });

    it("reads what there is of what is asked, each once", async () => {
      const [one, two] = [sample(fresh("there")), sample(fresh("there"))];
      await write([one, two]);
      expect(await read([two.id, fresh("missing"), one.id, two.id])).toEqual([one, two]);
      expect(await read([fresh("missing")])).toEqual([]);
      expect(await read([])).toEqual([]);
      expect(await write([])).toEqual({ written: 0, ignored: 0 });
    });

    it("[I5] ignores a version that comes twice, even with other content", async () => {
      const record = sample(fresh("twice"));
      await write([record]);
      expect(await write([record])).toEqual({ written: 0, ignored: 1 });
      expect(await write([{ ...record, body: '{"title":"other"}' }])).toEqual({ written: 0, ignored: 1 });
      expect(await readOne(record.id)).toEqual(record);
    });

    it("[I4] ignores an older version, and keeps the time of first storage", async () => {
      const id = fresh("older");
      const newer = sample(id, { version: 7, created_at: 5, updated_at: 70, owner: "ada" });
      await write([sample(id, { version: 3, created_at: 1, updated_at: 30 })]);
      expect(await write([newer])).toEqual({ written: 1, ignored: 0 });
      expect(await write([sample(id, { version: 6, updated_at: 60 })])).toEqual({ written: 0, ignored: 1 });
      expect(await readOne(id)).toEqual({ ...newer, created_at: 1 });
    });

    it("[I4] ends at the highest version of each id, whatever order they come in", async () => {
      for (let run = 0; run < PERMUTATIONS; run += 1) {
        const ids = Array.from({ length: 4 }, () => fresh("order"));
        const all = ids.flatMap((id) => [1, 2, 3, 4, 5].map((version) => sample(id, { version, updated_at: version })));
        const shuffled = all.map((record) => ({ record, at: Math.random() })).toSorted((a, b) => a.at - b.at);
        for (let from = 0; from < shuffled.length; from += 6) {
          await write(shuffled.slice(from, from + 6).map(({ record }) => record));
        }
        const order = shuffled.map(({ record }) => `${record.id}@${record.version}`).join(" ");
        expect(
          (await read(ids)).map(({ version, updated_at }) => [version, updated_at]),
          order,
        ).toEqual(ids.map(() => [5, 5]));
      }
    });

    it("[I5] takes an id several times in one write", async () => {
      const id = fresh("several");
      const records = [2, 3, 3, 1].map((version, at) => sample(id, { version, body: `{"at":${at}}` }));
      expect(await write(records)).toEqual({ written: 1, ignored: 3 });
      expect(await readOne(id)).toEqual(records[1]);
    });

    it("takes 1,000 records at once, and again in part", async () => {
      const owner = fresh("thousand");
      const records = Array.from({ length: 1_000 }, (_, n) =>
        sample(`${owner}:${String(n).padStart(4, "0")}`, { owner }),
      );
      expect(await write(records)).toEqual({ written: 1_000, ignored: 0 });
      const next = records.map((record, n) => ({ ...record, version: n % 2 === 0 ? 2 : 1 }));
      expect(await write(next)).toEqual({ written: 500, ignored: 500 });
      expect(await read(records.map(({ id }) => id))).toEqual(next);
    });

    it("deletes once, and takes the id again", async () => {
      const owner = fresh("deleted");
      const [gone, kept] = [sample(`${owner}:a`, { owner, version: 9 }), sample(`${owner}:b`, { owner })];
      await write([gone, kept]);
      expect(await subject().backend.delete(SAMPLE, [gone.id, gone.id, fresh("missing")])).toBe(1);
      expect(await subject().backend.delete(SAMPLE, [gone.id])).toBe(0);
      expect(await read([gone.id, kept.id])).toEqual([kept]);
      await write([{ ...gone, version: 1 }]);
      expect(await readOne(gone.id)).toEqual({ ...gone, version: 1 });
      expect(await subject().backend.delete(SAMPLE, [])).toBe(0);
    });

    it("[I4] does nothing for a write behind a barrier that was raised since, if it says so", async ({ skip }) => {
      const { backend } = subject();
      if (!backend.can.fences) return skip();
      const [name, record] = [fresh("barrier"), sample(fresh("fenced"))];
      const raise = async (which: string) => ({
        name: which,
        epoch: (await backend.raiseFence?.(which)) ?? Number.NaN,
      });
      const first = await raise(name);
      expect(await backend.write(SAMPLE, [record], first)).toEqual({ written: 1, ignored: 0 });
      await raise(fresh("barrier")); // somebody else's
      const newer = { ...record, version: 2 };
      expect(await backend.write(SAMPLE, [newer], first)).toEqual({ written: 1, ignored: 0 });
      const second = await raise(name);
      expect(second.epoch).toBeGreaterThan(first.epoch);
      const late = [{ ...record, version: 3 }, sample(fresh("fenced"))];
      await expect(backend.write(SAMPLE, late, first)).rejects.toThrow(FenceRaisedError);
      expect(await read(late.map(({ id }) => id))).toEqual([newer]);
      expect(await backend.write(SAMPLE, late, second)).toEqual({ written: 2, ignored: 0 });
      expect(await write([{ ...record, version: 4 }])).toEqual({ written: 1, ignored: 0 });
    });

    it("stores all of a write or nothing, if it says so", async ({ skip }) => {
      if (!subject().backend.can.atomic) skip("it does not say so");
      const prefix = fresh("atomic");
      const body = JSON.stringify({ title: "x".repeat(200_000) });
      // Several statements' worth, of which the last has a row that no table takes.
      const records = Array.from({ length: 30 }, (_, n) => sample(`${prefix}:${n}`, { body }));
      const poison = sample(`${prefix}:poison`, { fields: { amount: "many" } });
      await expect(write([...records, poison])).rejects.toThrow();
      expect(await read(records.map(({ id }) => id))).toEqual([]);
      await write(records);
      expect(await read(records.map(({ id }) => id))).toHaveLength(30);
    });

    it("hides what has expired, if it says so, and never what has not", async () => {
      const now = Date.now();
      const expired = sample(fresh("expired"), { expires_at: now - 1 });
      const alive = sample(fresh("alive"), { expires_at: now + 3_600_000 });
      await write([expired, alive]);
      const ids = (await read([expired.id, alive.id])).map(({ id }) => id);
      expect(ids.includes(alive.id)).toBe(true);
      expect(ids.includes(expired.id)).toBe(!subject().backend.can.expires);
    });
  });

  describe(`${name}: when the place is gone`, () => {
    it("[I10] says that it is well when it is", async () => {
      expect(await subject().backend.health()).toEqual({ status: "ok", latency_ms: expect.any(Number) });
    });

    it("[I10] says within its time-out that it is not, whether refused or left waiting", async () => {
      for (const backend of [subject().refusing, subject().silent]) {
        const started = Date.now();
        const { status, detail } = await backend.health();
        expect(status).toBe("unavailable");
        expect(detail).toEqual(expect.any(String));
        expect(Date.now() - started).toBeLessThan(HEALTH_MS);
      }
    });

    it("[I1] throws, and never answers as if nothing were there", async () => {
      const { refusing } = subject();
      const record = sample(fresh("lost"));
      await expect(refusing.write(SAMPLE, [record])).rejects.toThrow();
      await expect(refusing.read(SAMPLE, [record.id])).rejects.toThrow();
      await expect(refusing.delete(SAMPLE, [record.id])).rejects.toThrow();
      await expect(refusing.query(SAMPLE, query(SAMPLE).where("owner", "=", record.owner).build())).rejects.toThrow();
    });
  });

  queryConformance(name, () => subject().backend);
}
