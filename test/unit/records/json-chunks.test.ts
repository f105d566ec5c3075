import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonChunks } from "../../../src/records/json-chunks.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;

it("never makes a chunk of more bytes than asked for, whatever the script, and keeps every row in order", () => {
  const row = fc.record({ text: fc.oneof(fc.string({ unit: "binary" }), fc.constant("服".repeat(40))) });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 3_000 }), (rows, bytes) => {
      const chunks = jsonChunks(rows, bytes);
      expect(chunks.flatMap((chunk): unknown => JSON.parse(chunk))).toEqual(rows);
      for (const chunk of chunks) {
        // SAFETY: an array was written.
        const isAlone = (JSON.parse(chunk) as unknown[]).length === 1;
        expect(isAlone || bytesOf(chunk) <= bytes).toBe(true);
      }
    }),
  );
});

it("fills its chunks: 1,000 sentences of Chinese are few statements", () => {
  const rows = Array.from({ length: 1_000 }, () => ({ text: "服务".repeat(150) }));
  expect(jsonChunks(rows, 1_500_000)).toHaveLength(1);
  expect(jsonChunks(rows, 500_000)).toHaveLength(2);
});
