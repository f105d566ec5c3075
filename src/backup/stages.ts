import { directory, everyShard, FIRST_SHARD } from "../platform/database/shards.ts";
import { everyErasure } from "../privacy/index.ts";
import { changesAfter } from "./changes.ts";
import { collectPage } from "./collect.ts";
import type { Begun } from "./format.ts";
import { readKeyed } from "./keyed-rows.ts";
import { type Column, columnsOf, d1Tables, largest, type Position, readRows } from "./rows.ts";
import { enrollmentsAfter, isSharded, readShardedRows, rowsAtHome } from "./sharded.ts";
import type { Stage, StagePage } from "./stage.ts";
import { listFiles, readBucket, readNames } from "./stage-buckets.ts";
import { type NamesAfter, readBroadcastLog, readChannels, readEnrollments, usersAfter } from "./stage-objects.ts";
import { readChain, readJournals } from "./stage-pages.ts";
import type { ChangeKind } from "./tables.ts";
import { type BackedUpTable, MIRROR_TABLES, OTHER_TABLES, tableNamed } from "./tables.ts";

export const AUDIT_CHAIN = "audit_chain";
/** Hashes of everybody who was ever erased: a restore of any backup erases them again. */
export const ERASURES_STAGE = "erasures";
/** Adds the changes that no trigger notes; it has no lines. */
const COLLECT = "collect";

/** Keys, and hashes of erased users, in one page. */
const KEY_PAGE = 1_000;
const HASH_PAGE = 5_000;

/** Changed keys of a kind, as this backup has written them: the next ones after one, in order. */
export type ChangedKeys = (kind: ChangeKind, after: string, limit: number) => Promise<string[]>;

/**
 * The stages, in this order. The order makes a backup whole that is taken while people write: mirrors come before their
 * objects, objects before their courses, journals before the records that they pass on, and rows before the bytes that
 * are written ahead of them.
 */
export const STAGES: readonly Stage[] = [
  ...MIRROR_TABLES.map(tableStage),
  objectStage("enrollment_objects", readEnrollments, (env) => (after, limit) => enrollmentsAfter(env, after, limit)),
  objectStage("channels", readChannels, (env) => (after, limit) => usersAfter(env, after, limit)),
  { name: "broadcast_log", read: readBroadcastLog },
  { name: "journals", read: (env, from) => readJournals(env, from, false) },
  ...OTHER_TABLES.map(tableStage),
  { name: "journal_tombstones", read: (env, from) => readJournals(env, from, true) },
  { name: "documents", read: (env, from) => readBucket(env.DOCUMENTS, from, 0) },
  { name: "records", read: (env, from) => readBucket(env.RECORDS, from, 0) },
  { name: "files", read: (env, from) => listFiles(env, from, 0) },
  // After the documents: every head in the bucket is then about entries that are in the backup.
  { name: AUDIT_CHAIN, read: (env, from) => readChain(env, from, null) },
  // Last, so that it is as new as possible.
  { name: ERASURES_STAGE, read: readErasures },
];

/**
 * The stages of a backup of changes: the same, in the same order, for the changed keys. Keys are written before their
 * first use, and after the stages that must come before them: a record that has left its journal since is among the
 * changed ones, and so is a course version to which a pointer already leads.
 */
export function changedStages(begun: Begun, keys: ChangedKeys): readonly Stage[] {
  const { since, audit_seq } = begun;
  const named = (kind: ChangeKind) => (): NamesAfter => (after, limit) => keys(kind, after, limit);
  const listed = new Set<ChangeKind>(["enrollments", "channels"]);
  const others = OTHER_TABLES.flatMap((table): Stage[] => {
    if (table.by === undefined) return [tableStage(table)];
    const { kind } = table.by;
    const stage = keyedStage(table, keys);
    if (listed.has(kind)) return [stage];
    listed.add(kind);
    return [keyStage(kind), stage];
  });
  return [
    {
      name: COLLECT,
      read: async (env, from) => ({ lines: [], rows: 0, max_seq: 0, ...(await collectPage(env, begun, from)) }),
    },
    keyStage("enrollments"),
    keyStage("channels"),
    ...MIRROR_TABLES.map((table) => keyedStage(table, keys)),
    objectStage("enrollment_objects", readEnrollments, named("enrollments")),
    objectStage("channels", readChannels, named("channels")),
    { name: "broadcast_log", read: readBroadcastLog },
    { name: "journals", read: (env, from) => readJournals(env, from, false) },
    ...others,
    { name: "journal_tombstones", read: (env, from) => readJournals(env, from, true) },
    { name: "documents", read: (env, from) => readBucket(env.DOCUMENTS, from, since) },
    { name: namesOf("documents"), read: (env, from) => readNames(env.DOCUMENTS, from) },
    { name: "records", read: (env, from) => readBucket(env.RECORDS, from, since) },
    { name: namesOf("records"), read: (env, from) => readNames(env.RECORDS, from) },
    { name: "files", read: (env, from) => listFiles(env, from, since) },
    { name: AUDIT_CHAIN, read: (env, from) => readChain(env, from, audit_seq) },
    { name: ERASURES_STAGE, read: readErasures },
  ];
}

/** Name of the stage that reads a table. */
export function stageOf(table: BackedUpTable): string {
  return `d1.${table.name}`;
}

/** The table a stage reads, or null for one that reads something else. */
export function tableOf(stage: string): BackedUpTable | null {
  return stage.startsWith("d1.") ? tableNamed(stage.slice("d1.".length)) : null;
}

/** Name of the stage that writes down which keys of a kind changed. */
export function changedStage(kind: ChangeKind): string {
  return `changed.${kind}`;
}

/** Name of the stage that lists the names of a bucket's objects. */
export function namesOf(bucket: "documents" | "records"): string {
  return `${bucket}.names`;
}

function objectStage(
  name: string,
  read: (env: Env, from: string | null, backup: string, names: NamesAfter) => Promise<StagePage>,
  names: (env: Env) => NamesAfter,
): Stage {
  return { name, read: (env, from, backup) => read(env, from, backup, names(env)) };
}

function keyStage(kind: ChangeKind): Stage {
  return {
    name: changedStage(kind),
    async read(env, from) {
      const found: string[] = [];
      for (const shard of everyShard(env)) found.push(...(await changesAfter(shard, kind, from ?? "", KEY_PAGE)));
      const keys = [...new Set(found)].sort((a, b) => (a < b ? -1 : 1)).slice(0, KEY_PAGE);
      const next = keys.length === KEY_PAGE ? (keys.at(-1) ?? null) : null;
      return { lines: keys.map((key) => JSON.stringify(key)), rows: keys.length, next, max_seq: 0 };
    },
  };
}

function tableStage(table: BackedUpTable): Stage {
  return { name: stageOf(table), read: (env, from) => readTable(env, table, from) };
}

async function readTable(env: Env, table: BackedUpTable, from: string | null): Promise<StagePage> {
  const tables = d1Tables(directory(env));
  const columns = (await columnsOf(tables, [table.name])).get(table.name) ?? [];
  // SAFETY: written below by this very function.
  const after = from === null ? null : (JSON.parse(from) as Position);
  const { lines, next } = isSharded(table)
    ? await readShardedRows(env, table, columns, after)
    : await readRows(tables, table, columns, { after }).then(({ lines, last, more }) => ({
        lines,
        next: more ? last : null,
      }));
  return tablePage(columns, lines, next === null ? null : JSON.stringify(next));
}

function tablePage(columns: readonly Column[], lines: string[], next: string | null): StagePage {
  return {
    lines,
    rows: lines.length,
    columns: columns.map(({ name }) => name),
    next,
    max_seq: Math.max(largest(columns, "seq", lines), largest(columns, "progress_seq", lines)),
  };
}

interface KeyedCursor {
  database: number;
  /** Rows of keys up to this one are done. */
  key: string;
  /** Rows of the next key up to this one are done too. */
  after: Position | null;
}

function keyedStage(table: BackedUpTable, keys: ChangedKeys): Stage {
  return {
    name: stageOf(table),
    async read(env, from) {
      const start: KeyedCursor = { database: 0, key: "", after: null };
      // SAFETY: written below by this very function.
      const at = from === null ? start : (JSON.parse(from) as KeyedCursor);
      const shards = isSharded(table) ? everyShard(env) : everyShard(env).slice(0, 1);
      const { name, db } = shards[at.database] ?? { name: FIRST_SHARD, db: directory(env) };
      const tables = d1Tables(db);
      const columns = (await columnsOf(tables, [table.name])).get(table.name) ?? [];
      const wanted = table.by === undefined ? [] : await keys(table.by.kind, at.key, KEY_PAGE);
      const { lines, done, after } = await readKeyed(tables, table, columns, wanted, at.after);
      const isEnd = done === wanted.length && wanted.length < KEY_PAGE;
      const next: KeyedCursor | null = !isEnd
        ? { database: at.database, key: done === 0 ? at.key : (wanted[done - 1] ?? ""), after }
        : at.database + 1 < shards.length
          ? { ...start, database: at.database + 1 }
          : null;
      const own = isSharded(table) ? await rowsAtHome(env, name, table, columns, lines) : lines;
      return tablePage(columns, own, next === null ? null : JSON.stringify(next));
    },
  };
}

/** Everybody who was ever erased, from this deployment and its bucket. */
async function readErasures(env: Env, from: string | null): Promise<StagePage> {
  const subjects = await everyErasure(env);
  const after = from ?? "";
  const page = [...subjects]
    .filter((subject) => subject > after)
    .sort()
    .slice(0, HASH_PAGE);
  const next = page.length === HASH_PAGE ? (page.at(-1) ?? null) : null;
  return { lines: page.map((subject) => JSON.stringify(subject)), rows: page.length, next, max_seq: 0 };
}
