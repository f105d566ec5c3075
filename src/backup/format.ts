import { z } from "@hono/zod-openapi";
import { ok, type Result, refuse } from "../platform/results.ts";
import { signingKey } from "../platform/secrets.ts";

/**
 * The form of what is written. A reader refuses any other, but for older ones it knows: in form 1 every object is one line,
 * in form 2 a large object is several, piece by piece; in form 3 a backup may hold only what changed since another; in form 4
 * what changed is also found by notes that have no name in them, which earlier releases do not read, so nothing is built on
 * theirs.
 */
export const FORMAT = 4;
const knownFormat = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(FORMAT)]);

export const BACKUP_ID = /^[0-9]{8}T[0-9]{6}(?:[0-9]{3})?Z-[0-9a-f]{8}$/;
export const MANIFEST = "manifest.json";
/** Files of a backup, as they are named inside it. */
export const FILE_NAME = /^(manifest\.json|[0-9]{5}-[a-z0-9_.]{1,64}\.ndjson\.gz)$/;

/** First line of every part: what it is, so that one in another's place is recognised. */
const headerSchema = z.object({
  latchkey_backup: knownFormat,
  backup: z.string(),
  part: z.string(),
  stage: z.string(),
  /** Of a table's rows: the names of the columns. */
  columns: z.array(z.string()).optional(),
});
export type PartHeader = z.infer<typeof headerSchema>;

const partSchema = z.object({
  name: z.string().regex(FILE_NAME),
  stage: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Largest sequence number among the rows; 0 where there are none. */
  max_seq: z.int(),
});
export type PartEntry = z.infer<typeof partSchema>;

/** What is kept beside a part, so that a run can continue where it stopped without reading it. */
export const noteSchema = partSchema.extend({
  /** Where the stage goes on; null at its end. */
  next: z.string().nullable(),
  unreadable: z.array(z.string()),
  /** Rows of D1 that were read for it. */
  d1_rows_read: z.int().default(0),
});
export type PartNote = z.infer<typeof noteSchema>;

const linkSchema = z.object({ id: z.string().regex(BACKUP_ID), sha256: z.string() });
/** One backup as another names it. */
export type Link = z.infer<typeof linkSchema>;

/** What is kept of a backup from its beginning on, until it has a manifest. */
export const begunSchema = z.object({
  mark: z.int(),
  parent: linkSchema.nullable().default(null),
  /** Activity from this instant on is in it. Epoch ms; 0 where it holds everything. */
  since: z.int().default(0),
  epochs: z.record(z.string(), z.int()).nullable().default(null),
  /** The audit chain is copied from here on. */
  audit_seq: z.int().default(0),
});
export type Begun = z.infer<typeof begunSchema>;

const manifestSchema = z.object({
  format: knownFormat,
  id: z.string().regex(BACKUP_ID),
  /** Everything acknowledged before this instant is in the backup. Epoch ms. */
  mark: z.int(),
  finished_at: z.int(),
  schema: z.object({
    /** D1 migrations that had been applied, in order. */
    migrations: z.array(z.string()),
    /** SHA-256 of the schema these migrations had made, as the database describes it. */
    sha256: z.string(),
  }),
  rows: z.record(z.string(), z.int()),
  parts: z.array(partSchema),
  /** Enrollments and users whose object could not be copied; of enrollments the mirror is here. */
  unreadable: z.array(z.string()),
  /** The finished backup before this one, and the SHA-256 of its manifest: none can go unnoticed. */
  previous: linkSchema.nullable(),
  /** The backup that this one holds the changes since, and the SHA-256 of its manifest; null: it holds everything. */
  parent: linkSchema.nullable().default(null),
  /** Under which number each database noted what changed from its beginning on; null: nothing can be built on it. */
  epochs: z.record(z.string(), z.int()).nullable().default(null),
  /** Up to where the audit chain is in it or in those before it. */
  audit_seq: z.int().default(0),
  /** Rows of D1 that were read for the backup. */
  d1_rows_read: z.int().default(0),
});
export type Manifest = z.infer<typeof manifestSchema>;
/** The links of a chain in order: a full backup, and what changed since, one after the other. */
export type Chain = readonly [Manifest, ...Manifest[]];

/** The backup that a chain is about: its last link. */
export function lastOf(chain: Chain): Manifest {
  return chain.at(-1) ?? chain[0];
}

const signedSchema = z.object({ manifest: z.unknown(), signature: z.string() });

/**
 * A fresh id; ids sort by time, to the millisecond: of two that were begun in one second, the newest must be known. Ids
 * without milliseconds are of backups taken by earlier versions.
 */
export function newBackupId(now: number): string {
  const instant = new Date(now).toISOString().replaceAll(/[-:.]/g, "");
  return `${instant}-${crypto.randomUUID().slice(0, 8)}`;
}

/** When a backup was begun, epoch ms. */
export function instantOf(id: string): number {
  const [, year, month, day, hour, minute, second, millisecond] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?Z/.exec(id)?.map((digits) => Number(digits ?? 0)) ?? [];
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0, millisecond ?? 0);
}

/** Name of a part by its number and stage. */
export function partName(number: number, stage: string): string {
  return `${String(number).padStart(5, "0")}-${stage}.ndjson.gz`;
}

const encoder = new TextEncoder();
const pageLine = z.object({ page: z.object({ rows: z.array(z.unknown()) }) });

/** Stages whose lines are pages of rows. */
const PAGED_STAGES = ["journals", "journal_tombstones", "audit_chain"];

/** How many rows the lines of a part stand for: a line of a journal or of the audit chain holds a page of them. */
export function rowsIn(stage: string, lines: readonly string[]): number {
  if (!PAGED_STAGES.includes(stage)) return lines.length;
  return lines.reduce((sum, line) => sum + pageLine.parse(JSON.parse(line)).page.rows.length, 0);
}

/** SHA-256 of bytes in hex. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hexOf(await crypto.subtle.digest("SHA-256", bytes));
}

/** The text of a signed manifest. */
export async function signManifest(secret: string, manifest: Manifest): Promise<string> {
  const key = await signingKey(secret, "backup");
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(JSON.stringify(manifest)));
  return JSON.stringify({ manifest, signature: hexOf(signature) });
}

/**
 * Reads a signed manifest.
 * @returns `backup_manifest_tampered` when it is not exactly what was signed with this secret, `backup_schema_mismatch`
 *   when another release signed something this one cannot read.
 */
export async function openManifest(secret: string, text: string): Promise<Result<Manifest>> {
  const tampered = refuse("backup_manifest_tampered");
  const signed = signedSchema.safeParse(jsonOf(text));
  if (!signed.success) return tampered;
  const given = bytesOf(signed.data.signature);
  if (given === null) return tampered;
  const key = await signingKey(secret, "backup");
  const isSigned = await crypto.subtle.verify("HMAC", key, given, encoder.encode(JSON.stringify(signed.data.manifest)));
  if (!isSigned) return tampered;
  const manifest = manifestSchema.safeParse(signed.data.manifest);
  if (manifest.success) return ok(manifest.data);
  return refuse("backup_schema_mismatch", { detail: "The manifest has a format that this release does not know." });
}

/** Lines as a compressed part. */
export async function pack(header: PartHeader, lines: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const text = new Blob([[JSON.stringify(header), ...lines, ""].join("\n")]);
  const packed = text.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * Opens a part whose bytes were read, and says by name what is wrong with it.
 * @param entry what the manifest says of it.
 * @param others the other parts' entries: bytes that are one of theirs have been put in the wrong place.
 */
export async function openPart(
  backup: string,
  entry: PartEntry,
  others: readonly PartEntry[],
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Result<{ header: PartHeader; lines: string[] }>> {
  const sha256 = await sha256Of(bytes);
  if (sha256 !== entry.sha256) return refuseBytes(backup, entry, others, bytes, sha256);
  const text = await unpack(bytes);
  const [first, ...lines] = (text ?? "").split("\n");
  const header = headerSchema.safeParse(jsonOf(first ?? ""));
  if (text === null || !header.success) return refuse("backup_part_damaged", { detail: entry.name });
  if (header.data.backup !== backup || header.data.part !== entry.name) {
    return refuse("backup_part_swapped", { detail: `${entry.name} is ${header.data.part} of ${header.data.backup}.` });
  }
  // The last line ends like the others, so that a missing end shows.
  if (lines.pop() !== "") return refuse("backup_part_truncated", { detail: entry.name });
  return ok({ header: header.data, lines });
}

async function refuseBytes(
  backup: string,
  entry: PartEntry,
  others: readonly PartEntry[],
  bytes: Uint8Array<ArrayBuffer>,
  sha256: string,
): Promise<Result<never>> {
  const other = others.find((candidate) => candidate.sha256 === sha256);
  const header = headerSchema.safeParse(jsonOf(((await unpack(bytes)) ?? "").split("\n")[0] ?? ""));
  const said = header.success ? header.data : null;
  if (other !== undefined || (said !== null && (said.backup !== backup || said.part !== entry.name))) {
    const where = said === null ? other?.name : `${said.part} of ${said.backup}`;
    return refuse("backup_part_swapped", { detail: `${entry.name} is ${where}.` });
  }
  const detail = `${entry.name}: ${bytes.byteLength} of ${entry.bytes} bytes.`;
  return refuse(bytes.byteLength < entry.bytes ? "backup_part_truncated" : "backup_part_damaged", { detail });
}

/** The text of a part, or null when its compression is broken. */
async function unpack(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  try {
    return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  } catch {
    return null; // the caller names what is wrong
  }
}

function hexOf(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of a hex text, or null when it is not ours. */
function bytesOf(hex: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the caller names what is wrong
  }
}
