import { z } from "zod";

/** Text that is written above a line, one comment a line. */
const why = z.string().min(1).optional();
/** Part of a name of the account. */
const word = z.string().regex(/^[a-z][a-z0-9-]*$/);
const bindings = <T extends z.ZodType>(value: T) => z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), value);
const positive = z.int().positive();

/** A cell of D1 costs a binding; a Worker takes some thousand of them, and a sweep asks each database in turn. */
const MAX_SHARDS = 64;

/** Number of shards. The first is the directory's own database, so that one shard is one database. */
export const shardCount = z.coerce.number().int().min(1).max(MAX_SHARDS);

/** What wrangler.toml is made from; see scripts/config/settings.ts. */
export const settingsSchema = z.strictObject({
  product: word,
  /** The file that each Worker begins with. */
  main: z.strictObject({ edge: z.string(), back: z.string() }),
  shards: shardCount,
  migrations: z.strictObject({ directory: z.string(), shard: z.string() }),
  compatibility: z.strictObject({
    date: z.strictObject({ value: z.iso.date(), why }),
    flags: z.strictObject({ value: z.array(z.string()), why }),
  }),
  /** Packages in whose place something smaller is uploaded. */
  alias: z.strictObject({ value: z.record(z.string(), z.string().startsWith("./src/")), why }),
  vars: bindings(z.strictObject({ value: z.string(), why })),
  secrets: z.strictObject({ value: z.array(z.string()).min(1), why }),
  objects: bindings(z.string().regex(/^[A-Z]\w+$/)),
  buckets: bindings(z.strictObject({ name: word, why })),
  namespaces: bindings(z.strictObject({ why })),
  queues: bindings(
    z.strictObject({
      name: word,
      batch: positive.max(100),
      seconds: z.int().min(0).max(60),
      concurrency: positive.optional(),
      why,
    }),
  ),
  /** Bindings that send mail. */
  mail: bindings(z.strictObject({ why })),
  retries: z.strictObject({ times: positive, seconds: positive }),
  deadRetries: z.strictObject({
    batch: positive.max(100),
    batchSeconds: positive,
    times: positive.max(100),
    seconds: positive,
  }),
  crons: z.array(z.string()).min(1),
  rateLimits: bindings(positive),
  cpuMs: positive,
  pages: z.array(z.string().startsWith("/")),
  build: z.strictObject({ command: z.string(), watch: z.array(z.string()) }),
});

export type Settings = z.output<typeof settingsSchema>;
