import { z } from "@hono/zod-openapi";
import { FEATURES, type Feature } from "./features.ts";
import { PLAIN_WIDTH } from "./plain.ts";
import type { LabelledTable } from "./training.ts";

/**
 * Feature tables between the steps of a run, as bytes: the length of a header, the header (JSON), padding to four
 * bytes, the columns as 32-bit floats, the labels.
 */
const headerSchema = z.object({
  course: z.string(),
  module: z.string(),
  period: z.string(),
  day: z.number(),
  share: z.number(),
  users: z.array(z.string()),
});

const FLOAT_BYTES = 4;

export function encodeTable({ table, period, share, labels, plain }: LabelledTable): Uint8Array<ArrayBuffer> {
  const { course, module, day, users } = table;
  const header = new TextEncoder().encode(JSON.stringify({ course, module, period, day, share, users }));
  const start = padded(FLOAT_BYTES + header.length);
  const columns = [...FEATURES.map((name) => table.columns[name]), ...plain];
  const bytes = new Uint8Array(start + columns.length * users.length * FLOAT_BYTES + users.length);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, FLOAT_BYTES);
  columns.forEach((column, at) => {
    new Float32Array(bytes.buffer, start + at * users.length * FLOAT_BYTES, users.length).set(column);
  });
  bytes.set(labels, bytes.length - users.length);
  return bytes;
}

export function decodeTable(buffer: ArrayBuffer): LabelledTable {
  const length = new DataView(buffer).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(buffer, FLOAT_BYTES, length));
  const { course, module, period, day, share, users } = headerSchema.parse(JSON.parse(text));
  const start = padded(FLOAT_BYTES + length);
  const column = (at: number) => new Float32Array(buffer, start + at * users.length * FLOAT_BYTES, users.length);
  // SAFETY: made from FEATURES, each name once.
  const columns = Object.fromEntries(FEATURES.map((name, at) => [name, column(at)])) as Record<Feature, Float32Array>;
  return {
    table: { course, module, day, users, columns },
    period,
    share,
    labels: new Uint8Array(buffer, buffer.byteLength - users.length, users.length),
    plain: Array.from({ length: PLAIN_WIDTH }, (_, at) => column(FEATURES.length + at)),
  };
}

function padded(bytes: number): number {
  return Math.ceil(bytes / FLOAT_BYTES) * FLOAT_BYTES;
}
