import { z } from "@hono/zod-openapi";
import { ok, type Result, refuse } from "../platform/results.ts";
import { signingKey } from "../platform/secrets.ts";

/**
 * The format of backups. A reader refuses every format except this one and older ones that it knows: in format 1 every
 * object is one line; in format 2 a large object is several pieces; in format 3 a backup may have only the changes
 * since another; in format 4 changes are also found by notes without a name, which earlier releases do not read, so no
 * link is built on theirs.
 */
export const FORMAT = 4;
const knownFormat = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(FORMAT)]);

export const BACKUP_ID = /^[0-9]{8}T[0-9]{6}(?:[0-9]{3})?Z-[0-9a-f]{8}$/;
export const MANIFEST = "manifest.json";
/** Files of a backup, with their names inside it. */
export const FILE_NAME = /^(manifest\.json|[0-9]{5}-[a-z0-9_.]{1,64}\.ndjson\.gz)$/;

/** First line of every part: it says which part this is, so that a part in the wrong place is recognised. */
const headerSchema = z.object({
  latchkey_backup: knownFormat,
  backup: z.string(),
  part: z.string(),
  stage: z.string(),
  /** For the rows of a table: the names of the columns. */
  columns: z.array(z.string()).optional(),
});
export type PartHeader = z.infer<typeof headerSchema>;

const partSchema = z.object({
  name: z.string().regex(FILE_NAME),
  stage: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Largest sequence number among the rows; 0 if there are none. */
  max_seq: z.int(),
});
export type PartEntry = z.infer<typeof partSchema>;

/** A note beside a part, so that a run can continue where it stopped without reading the part. */
export const noteSchema = partSchema.extend({
  /** Where the stage continues; null at its end. */
  next: z.string().nullable(),
  unreadable: z.array(z.string()),
  /** Rows of D1 that were read for it. */
  d1_rows_read: z.int().default(0),
});
export type PartNote = z.infer<typeof noteSchema>;

const linkSchema = z.object({ id: z.string().regex(BACKUP_ID), sha256: z.string() });
/** One backup as another backup names it. */
export type Link = z.infer<typeof linkSchema>;

/** The note of a backup from its beginning until it has a manifest. */
export const begunSchema = z.object({
  mark: z.int(),
  parent: linkSchema.nullable().default(null),
  /** It has activity from this instant on. Epoch ms; 0 for a full copy. */
  since: z.int().default(0),
  epochs: z.record(z.string(), z.int()).nullable().default(null),
  /** The audit chain is copied from this place on. */
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
    /** SHA-256 of the schema that these migrations had made, as the database describes it. */
    sha256: z.string(),
  }),
  rows: z.record(z.string(), z.int()),
  parts: z.array(partSchema),
  /** Enrollments and users whose object could not be copied; of these enrollments the mirror is in the backup. */
  unreadable: z.array(z.string()),
  /** The finished backup before this one, and the SHA-256 of its manifest: a missing backup is noticed. */
  previous: linkSchema.nullable(),
  /** The backup since which this one has the changes, and the SHA-256 of its manifest; null: it is a full copy. */
  parent: linkSchema.nullable().default(null),
  /** The number under which each database noted changes from its beginning on; null: no link can be built on it. */
  epochs: z.record(z.string(), z.int()).nullable().default(null),
  /** The last place of the audit chain in it or in the backups before it. */
  audit_seq: z.int().default(0),
  /** Rows of D1 that were read for the backup. */
  d1_rows_read: z.int().default(0),
});
export type Manifest = z.infer<typeof manifestSchema>;
/** The links of a chain in order: a full copy, then the changes, one backup after the other. */
export type Chain = readonly [Manifest, ...Manifest[]];

/** The last link of the chain, which is the backup to restore. */
export function lastOf(chain: Chain): Manifest {
  return chain.at(-1) ?? chain[0];
}

const signedSchema = z.object({ manifest: z.unknown(), signature: z.string() });

/**
 * A new id. Ids sort by time, to the millisecond: the newest of two backups must be known that began in the same
 * second. Ids without milliseconds come from earlier versions.
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

/** How many rows the lines of a part are: a line of a journal or of the audit chain is a page of rows. */
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
 * @returns `backup_manifest_tampered` when it differs from what was signed with this secret, `backup_schema_mismatch`
 * when another release signed something that this one cannot read.
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
 * Opens the bytes of a part, and names any fault.
 * @param entry the part in the manifest.
 * @param others the other parts in the manifest: a part in the place of another is recognised.
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
  // The last line ends like the others, so that a missing end is noticed.
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

/** Bytes of a hex text, or null when it is not valid. */
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
