import { z } from "@hono/zod-openapi";
import type { StoredRecord } from "../types.ts";

const storedSchema: z.ZodType<StoredRecord> = z.object({
  id: z.string(),
  owner: z.string(),
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
  expires_at: z.number().nullable(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  body: z.string(),
});

/** A record from the JSON text of a backend without columns. @throws ZodError when it is something else. */
export function parseStored(text: string): StoredRecord {
  return storedSchema.parse(JSON.parse(text));
}

/** The record as it is stored after an older version: the time of first storage stays. */
export function following(record: StoredRecord, before: StoredRecord | null): StoredRecord {
  return before === null ? record : { ...record, created_at: before.created_at };
}
