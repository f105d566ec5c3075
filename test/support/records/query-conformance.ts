import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { query } from "../../../src/records/query.ts";
import {
  type Condition,
  fieldOf,
  type RecordQuery,
  type StorageBackend,
  type StoredRecord,
} from "../../../src/records/types.ts";
import { compare, fresh, holds, SAMPLE, sample } from "./sample.ts";

const SORTS = ["id", "owner", "version", "created_at", "updated_at", "status", "amount", "score"] as const;
const CONDITIONS: readonly Pick<Condition, "field" | "is" | "value">[] = [
  ...(["=", "!=", "<", "<=", ">", ">="] as const).flatMap((is) => [
    { field: "status", is, value: "busy" },
    { field: "amount", is, value: 3 },
    { field: "score", is, value: 0.5 },
    { field: "note", is, value: "é" },
    { field: "updated_at", is, value: 2_002 },
  ]),
  { field: "status", is: "in", value: ["busy", "it's", "nowhere"] },
  { field: "amount", is: "in", value: [0, 4, -1] },
  { field: "score", is: "in", value: [0.25, 0.75] },
  { field: "status", is: "in", value: [] },
  { field: "note", is: "=", value: null },
  { field: "note", is: "!=", value: null },
  { field: "expires_at", is: "=", value: null },
  { field: "expires_at", is: ">", value: 4_000_000_000_000 },
];
const STATUSES = ["busy", "done", "it's", "服务"];
const NOTES = [null, "", "é", "z", "𠮷", "\uff21"];
const IN_ALL = 60;

/** Whatever a backend says it can be asked, and that it refuses the rest. */
export function queryConformance(name: string, subject: () => StorageBackend): void {
  const ask = (asked: RecordQuery) => subject().query(SAMPLE, asked);

  describe(`${name}: queries`, () => {
    const owner = fresh("asked");
    const records = Array.from({ length: IN_ALL }, (_, n) =>
      sample(`${owner}:${["a", "Z", "é", "服", "𠮷", "\uff21"][n % 6]}${n}`, {
        owner,
        version: 1 + (n % 4),
        created_at: 1_000 + (n % 3),
        updated_at: 2_000 + (n % 5),
        expires_at: n % 7 === 0 ? null : 4_000_000_000_000 + (n % 2),
        fields: {
          status: STATUSES[n % STATUSES.length] ?? "",
          amount: (n % 6) - 1,
          score: (n % 4) / 4,
          note: NOTES[n % NOTES.length] ?? null,
        },
      }),
    );
    const idsOf = (list: readonly StoredRecord[]) => list.map(({ id }) => id);
    const sorted = (field: string, descending: boolean) =>
      records.toSorted((a, b) => {
        const order = compare(fieldOf(a, field), fieldOf(b, field)) || compare(a.id, b.id);
        return descending ? -order : order;
      });

    beforeAll(async () => {
      await subject().write(SAMPLE, records);
      await subject().write(SAMPLE, [sample(fresh("foreign"), { owner: `${owner}x` })]);
    });

    it("lists one owner's records in the order of their ids, page by page, or refuses to", async () => {
      const build = () => query(SAMPLE).where("owner", "=", owner);
      if (!subject().can.lists) return expect(ask(build().build())).rejects.toThrow(RangeError);
      expect(await ask(build().limit(1_000).build())).toEqual(sorted("id", false));
      const walked: StoredRecord[] = [];
      for (let page = await ask(build().limit(7).build()); page.length > 0; ) {
        walked.push(...page);
        const { id } = page.at(-1) ?? { id: "" };
        page = await ask(build().limit(7).after({ value: id, id }).build());
      }
      expect(idsOf(walked)).toEqual(idsOf(sorted("id", false)));
      expect(await ask(query(SAMPLE).where("owner", "=", fresh("nobody")).build())).toEqual([]);
    });

    it("filters by every comparison of every kind of field, or refuses to", async () => {
      for (const { field, is, value } of CONDITIONS) {
        const asked = query(SAMPLE).where("owner", "=", owner).where(field, is, value).limit(1_000).build();
        if (!subject().can.relational) await expect(ask(asked)).rejects.toThrow(RangeError);
        else {
          const expected = sorted("id", false).filter((record) => holds(record, field, is, value));
          expect(idsOf(await ask(asked)), `${field} ${is} ${JSON.stringify(value)}`).toEqual(idsOf(expected));
        }
      }
    });

    it("sorts by every field in both directions, or refuses to", async () => {
      for (const field of SORTS) {
        for (const descending of [false, true]) {
          const asked = query(SAMPLE).where("owner", "=", owner).sortBy(field, descending).limit(1_000).build();
          if (subject().can.relational) {
            expect(idsOf(await ask(asked)), `${field} ${descending}`).toEqual(idsOf(sorted(field, descending)));
          } else if (field !== "id" || descending) await expect(ask(asked)).rejects.toThrow(RangeError);
        }
      }
    });

    it("ends with the record whose body passes the bytes asked for, whatever the order, or refuses to", async () => {
      const whose = fresh("large");
      const large = Array.from({ length: 6 }, (_, n) =>
        sample(`${whose}:${n}`, {
          owner: whose,
          body: JSON.stringify({ title: "服".repeat(100) }),
          fields: { amount: 6 - n },
        }),
      );
      await subject().write(SAMPLE, large);
      for (const [field, descending] of [
        ["id", false],
        ["id", true],
        ["amount", false],
      ] as const) {
        const asked = query(SAMPLE).where("owner", "=", whose).sortBy(field, descending).limit(5).atMostBytes(700);
        if (!subject().can.relational) {
          await expect(ask(asked.build())).rejects.toThrow(RangeError);
          continue;
        }
        // Each body has 314 bytes: two have not passed 700, the third does.
        const inOrder = field === "amount" || descending ? large.toReversed() : large;
        expect(idsOf(await ask(asked.build())), `${field} ${descending}`).toEqual(idsOf(inOrder.slice(0, 3)));
        const second = inOrder[1];
        const rest = asked.after({ value: second === undefined ? null : fieldOf(second, field), id: second?.id ?? "" });
        expect(idsOf(await ask(rest.atMostBytes(1e9).build()))).toEqual(idsOf(inOrder.slice(2)));
      }
    });

    it("refuses to find words if it cannot, and to list everybody's if it cannot", async () => {
      if (!subject().can.text) {
        await expect(ask(query(SAMPLE).text("word").build())).rejects.toThrow(RangeError);
      }
      if (!subject().can.relational) await expect(ask(query(SAMPLE).build())).rejects.toThrow(RangeError);
    });

    it("a walk returns every row that was there throughout exactly once, whatever is written meanwhile", async ({
      skip,
    }) => {
      if (!subject().can.lists) skip("it lists nothing");
      const sorts = subject().can.relational ? SORTS : (["id"] as const);
      const step = fc.record({
        kind: fc.constantFrom("insert", "update", "delete"),
        at: fc.nat({ max: 199 }),
        amount: fc.integer({ min: 0, max: 3 }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...sorts),
          fc.boolean(),
          fc.integer({ min: 1, max: 5 }),
          fc.array(step, { minLength: 4, maxLength: 20 }),
          async (field, down, limit, steps) => {
            const descending = down && subject().can.relational;
            const whose = fresh("walk");
            const at = (n: number, given: Partial<StoredRecord> = {}) =>
              sample(`${whose}:${String(n).padStart(3, "0")}`, { owner: whose, ...given });
            // Rows 0, 10, 20 … are there first; every third of them is never touched.
            const first = Array.from({ length: 15 }, (_, n) =>
              at(n * 10, { fields: { status: STATUSES[n % 3] ?? "", amount: n % 4, score: n % 2 } }),
            );
            const untouched = first.filter((_, n) => n % 3 === 0);
            const stays = new Set(idsOf(untouched));
            await subject().write(SAMPLE, first);
            const seen: string[] = [];
            const waiting = [...steps];
            let version = 1;
            let after: RecordQuery["after"] = null;
            for (;;) {
              const asked = query(SAMPLE)
                .where("owner", "=", whose)
                .sortBy(field, descending)
                .limit(limit)
                .after(after);
              const page = await ask(asked.build());
              seen.push(...idsOf(page));
              const last = page.at(-1);
              if (last === undefined) break;
              after = { value: fieldOf(last, field), id: last.id };
              for (const { kind, at: n, amount } of waiting.splice(0, 2)) {
                version += 1;
                const record = at(n, { version, updated_at: 2_000 + version, fields: { amount, score: amount } });
                if (stays.has(record.id)) continue;
                if (kind === "delete") await subject().delete(SAMPLE, [record.id]);
                else await subject().write(SAMPLE, [record]);
              }
            }
            expect(seen.filter((id) => stays.has(id)).toSorted()).toEqual([...stays].toSorted());
          },
        ),
        { numRuns: 12 },
      );
    });
  });
}
