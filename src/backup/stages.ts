import { type ChainPosition, callChain } from "../audit/index.ts";
import { callEnrollment } from "../bindings.ts";
import { callBroadcastLog, callChannel } from "../events/index.ts";
import { logFault } from "../ops/logging.ts";
import { callJournal, JOURNALS } from "../records/index.ts";
import type { ObjectDump } from "../shared/object-dump.ts";
import { inParallel } from "../shared/parallel.ts";
import type { Result } from "../shared/results.ts";
import { pause } from "./pause.ts";
import { columnsOf, d1Tables, largest, type Position, readRows } from "./rows.ts";
import { type BackedUpTable, MIRROR_TABLES, OTHER_TABLES, tableNamed } from "./tables.ts";

/** Objects asked by one page, which is held in memory, and how many at a time. */
const OBJECT_PAGE = 25;
const PARALLEL_OBJECTS = 6;
/** With so many of a page unreadable it is the platform, and the page is tried again later. */
const MAX_UNREADABLE = 5;
/** Early warning's tables between two steps, which are bytes: a run that was cut starts anew. */
const WORKING_TABLES = "insight/runs/";
/** Objects of a bucket in one page; each is read, and may have 8 MB. */
const BUCKET_PAGE = 2;
const FILE_PAGE = 500;

/** A piece of a stage. */
export interface StagePage {
  lines: string[];
  /** Where the stage goes on; null at its end. */
  next: string | null;
  rows: number;
  max_seq: number;
  columns?: string[];
  /** Whose object could not be copied. */
  unreadable?: string[];
}

/** A piece of the whole that is read from one place. */
export interface Stage {
  name: string;
  read(env: Env, from: string | null): Promise<StagePage>;
}

export const AUDIT_CHAIN = "audit_chain";

/**
 * What is read, in this order. The order is what makes a backup whole that is taken while people write: mirrors before
 * their objects, objects before the courses they are on, journals before the records they hand on, and rows before the
 * bytes that are written ahead of them.
 */
export const STAGES: readonly Stage[] = [
  ...MIRROR_TABLES.map(tableStage),
  { name: "enrollment_objects", read: readEnrollments },
  { name: "channels", read: readChannels },
  { name: "broadcast_log", read: readBroadcastLog },
  { name: "journals", read: (env, from) => readJournals(env, from, false) },
  ...OTHER_TABLES.map(tableStage),
  { name: "journal_tombstones", read: (env, from) => readJournals(env, from, true) },
  { name: "documents", read: (env, from) => readBucket(env.DOCUMENTS, from) },
  { name: "records", read: (env, from) => readBucket(env.RECORDS, from) },
  { name: "files", read: listFiles },
  // After the documents: every head in the bucket is then about entries that are here.
  { name: AUDIT_CHAIN, read: readChain },
];

/** Name of the stage that reads a table. */
export function stageOf(table: BackedUpTable): string {
  return `d1.${table.name}`;
}

function tableStage(table: BackedUpTable): Stage {
  return { name: stageOf(table), read: (env, from) => readTable(env, table, from) };
}

async function readTable(env: Env, table: BackedUpTable, from: string | null): Promise<StagePage> {
  const tables = d1Tables(env.DB);
  const columns = (await columnsOf(tables, [table.name])).get(table.name) ?? [];
  // SAFETY: written below by this very function.
  const after = from === null ? null : (JSON.parse(from) as Position);
  const { lines, last } = await readRows(tables, table, columns, { after });
  return {
    lines,
    rows: lines.length,
    columns: columns.map(({ name }) => name),
    next: lines.length === table.page && last !== null ? JSON.stringify(last) : null,
    max_seq: Math.max(largest(columns, "seq", lines), largest(columns, "progress_seq", lines)),
  };
}

async function readEnrollments(env: Env, from: string | null): Promise<StagePage> {
  const { results } = await env.DB.prepare("SELECT id FROM enrollments WHERE id > ? ORDER BY id LIMIT ?")
    .bind(from ?? "", OBJECT_PAGE)
    .all<{ id: string }>();
  const ids = results.map(({ id }) => id);
  return readObjects(ids, (id) => callEnrollment(env, id, (stub) => stub.backUp()));
}

async function readChannels(env: Env, from: string | null): Promise<StagePage> {
  const users = await usersAfter(env.DB, from ?? "");
  return readObjects(users, (user) => callChannel(env, user, (stub) => stub.backUp()));
}

/**
 * The next user ids, wherever D1 knows them from: those of another identity provider are in no table of users. Each
 * place has an index that begins with the id.
 */
async function usersAfter(db: D1Database, after: string): Promise<string[]> {
  const places = [
    ["users", "id"],
    ["enrollments", "user_id"],
    ["files", "owner"],
    ["translation_sessions", "owner"],
    ["courses", "owner_id"],
    ["event_log", "user_id"],
  ] as const;
  const found = await db.batch<{ id: string }>(
    places.map(([table, column]) =>
      db
        .prepare(`SELECT DISTINCT ${column} AS id FROM ${table} WHERE ${column} > ? ORDER BY ${column} LIMIT ?`)
        .bind(after, OBJECT_PAGE),
    ),
  );
  const ids = new Set(found.flatMap(({ results }) => results.map(({ id }) => id)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1)).slice(0, OBJECT_PAGE);
}

/** Copies objects, one line for each that holds something. */
async function readObjects(
  names: readonly string[],
  copy: (name: string) => Promise<Result<ObjectDump | null>>,
): Promise<StagePage> {
  const lines: string[] = [];
  const unreadable: string[] = [];
  let seq = 0;
  await inParallel(names, PARALLEL_OBJECTS, async (name, index) => {
    if (index % 10 === 9) await pause();
    const copied = await copy(name).catch((fault: unknown) => {
      logFault("object_not_copied", fault, { object: name });
      return null;
    });
    if (copied === null || !copied.ok) unreadable.push(name);
    else if (copied.value !== null) {
      const at = Date.now();
      lines[index] = JSON.stringify({ name, at, dump: copied.value });
      seq = Math.max(seq, seqOf(copied.value));
    }
  });
  if (unreadable.length > MAX_UNREADABLE)
    throw new Error(`${unreadable.length} of ${names.length} objects do not answer`);
  const present = lines.filter((line) => line !== undefined);
  const next = names.length === OBJECT_PAGE ? (names.at(-1) ?? null) : null;
  return { lines: present, rows: present.length, next, max_seq: seq, unreadable };
}

/** Progress of an enrollment, or the head of a log. */
function seqOf({ tables }: ObjectDump): number {
  const { columns = [], rows = [] } = tables.enrollment ?? tables.log ?? {};
  const at = Math.max(columns.indexOf("progress_seq"), columns.indexOf("seq"));
  return rows.reduce((most, row) => Math.max(most, Number(row[at] ?? 0)), 0);
}

async function readBroadcastLog(env: Env): Promise<StagePage> {
  const page = await readObjects(["everybody"], () => callBroadcastLog(env, (stub) => stub.backUp()));
  return { ...page, next: null };
}

async function readJournals(env: Env, from: string | null, tombstones: boolean): Promise<StagePage> {
  // SAFETY: written below by this very function.
  const at = from === null ? { journal: 0, from: null } : (JSON.parse(from) as JournalCursor);
  const copied = await callJournal(env, at.journal, (stub) =>
    tombstones ? stub.backUpTombstones(String(at.from?.after ?? "")) : stub.backUp(at.from),
  );
  if (!copied.ok) throw new Error(`journal ${at.journal}: ${copied.refusal.code}`);
  const { page, next } = copied.value;
  const following: JournalCursor | null =
    next !== null
      ? { journal: at.journal, from: next }
      : at.journal + 1 < JOURNALS
        ? { journal: at.journal + 1, from: null }
        : null;
  const isEmpty = page === null || page.rows.length === 0;
  const seqAt = page?.columns.indexOf("seq") ?? -1;
  return {
    lines: isEmpty ? [] : [JSON.stringify({ journal: at.journal, page })],
    rows: page?.rows.length ?? 0,
    next: following === null ? null : JSON.stringify(following),
    max_seq: seqAt < 0 ? 0 : Math.max(0, ...(page?.rows ?? []).map((row) => Number(row[seqAt] ?? 0))),
  };
}

async function readChain(env: Env, from: string | null): Promise<StagePage> {
  // SAFETY: written below by this very function.
  const at = from === null ? null : (JSON.parse(from) as ChainPosition);
  const copied = await callChain(env, (stub) => stub.backUp(at));
  if (!copied.ok) throw new Error(`audit chain: ${copied.refusal.code}`);
  const { pages, next } = copied.value;
  const full = pages.filter(({ rows }) => rows.length > 0);
  const seqs = full.flatMap(({ table, columns, rows }) =>
    table === "entries" ? rows.map((row) => Number(row[columns.indexOf("seq")])) : [],
  );
  return {
    lines: full.map((page) => JSON.stringify({ page })),
    rows: full.reduce((sum, { rows }) => sum + rows.length, 0),
    next: next === null ? null : JSON.stringify(next),
    max_seq: seqs.at(-1) ?? 0,
  };
}

interface JournalCursor {
  journal: number;
  from: { table: string; after: string | number } | null;
}

/** Objects of a bucket with their content, which is text. */
async function readBucket(bucket: R2Bucket, from: string | null): Promise<StagePage> {
  const keys = { limit: BUCKET_PAGE, ...(from === null ? {} : { startAfter: from }) };
  const listed = await bucket.list(keys);
  const lines: string[] = [];
  for (const { key } of listed.objects) {
    if (key.startsWith(WORKING_TABLES)) continue;
    const object = await bucket.get(key);
    // One that has gone since the list was made was removed after the mark.
    if (object === null) continue;
    const { httpMetadata, customMetadata = {} } = object;
    const type = httpMetadata?.contentType ?? null;
    lines.push(JSON.stringify({ key, type, meta: customMetadata, text: await object.text() }));
  }
  return { lines, rows: lines.length, next: nextKey(listed), max_seq: 0 };
}

/** Users' files: which bytes there are, not the bytes. */
async function listFiles(env: Env, from: string | null): Promise<StagePage> {
  const listed = await env.FILES.list({ limit: FILE_PAGE, ...(from === null ? {} : { startAfter: from }) });
  const lines = listed.objects.map(({ key, size, etag, checksums }) => {
    const { sha256 } = checksums.toJSON();
    return JSON.stringify({ key, size, etag, sha256: sha256 ?? null });
  });
  return { lines, rows: lines.length, next: nextKey(listed), max_seq: 0 };
}

function nextKey(listed: R2Objects): string | null {
  return listed.truncated ? (listed.objects.at(-1)?.key ?? null) : null;
}

/** The table a stage reads, or null for one that reads something else. */
export function tableOf(stage: string): BackedUpTable | null {
  return stage.startsWith("d1.") ? tableNamed(stage.slice("d1.".length)) : null;
}
