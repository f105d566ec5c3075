import { type ChainRows, callChain } from "../audit/index.ts";
import { callEnrollment } from "../enrollment/index.ts";
import { callBroadcastLog, callChannel } from "../events/index.ts";
import { projectEnrollments } from "../mirror/index.ts";
import type { ObjectDump } from "../platform/cell/object-dump.ts";
import type { DumpedValue } from "../platform/cell/object-rows.ts";
import { directory } from "../platform/database/shards.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Result } from "../platform/results.ts";
import { callJournal, type JournalRows } from "../records/index.ts";
import { placeCourses } from "./place.ts";
import { type Column, d1Tables, type Tables } from "./rows.ts";
import { callScratch } from "./scratch-stub.ts";
import { indexRestored, placeIn, type RowsPlace } from "./sharded.ts";

/** Files checked at a time; an invocation may have six connections. */
const PARALLEL_HEADS = 6;

type Loaded = Result<{ rows: number }>;

/**
 * The target of a restore. Each method writes a part into an empty place and compares the result with the part; each
 * can be repeated.
 */
export interface RestoreTarget {
  tables: Tables;
  /** Rows of `courses` as they go there, each with a database that the target has, see {@link placeCourses}. */
  placed(columns: readonly Column[], lines: readonly string[], databases: readonly string[] | null): Promise<string[]>;
  /** The database for rows of courses that are not in the directory. */
  placeOf(course: string): Promise<RowsPlace>;
  /** Rows of `enrollments` were written to such a database. */
  indexed(columns: readonly Column[], lines: readonly string[]): Promise<void>;
  enrollment(id: string, dump: ObjectDump, outline: readonly string[]): Promise<Loaded>;
  /** Enrollments that were just filled: their rows in D1 are brought up to date. */
  project(ids: readonly string[]): Promise<void>;
  channel(user: string, dump: ObjectDump): Promise<Loaded>;
  broadcastLog(dump: ObjectDump): Promise<Loaded>;
  journal(journal: number, page: JournalRows): Promise<Loaded>;
  /** Removes sessions from a journal that is not open yet; the remaining ones come with {@link openJournal}. */
  buryInJournal(journal: number, tombstones: readonly DumpedValue[][]): Promise<Result<null>>;
  openJournal(
    journal: number,
    steps: readonly string[],
    tombstones: readonly DumpedValue[][],
  ): Promise<Result<{ opened: boolean }>>;
  auditChain(page: ChainRows): Promise<Loaded>;
  openAuditChain(): Promise<Result<{ opened: boolean }>>;
  /** Writes an object to a bucket and reads it back. @returns whether it is the same. */
  object(bucket: "documents" | "records", object: StoredObject): Promise<boolean>;
  /** How many of these files have no bytes, or other bytes. */
  missingFiles(files: readonly ListedFile[]): Promise<number>;
}

/** A user's file in a backup: the description of its bytes, not the bytes. */
interface ListedFile {
  key: string;
  size: number;
  etag: string;
}

interface StoredObject {
  key: string;
  type: string | null;
  /** Metadata of the object; the audit chain's heads are read from there. */
  meta: Record<string, string>;
  text: string;
}

/** This very deployment. */
export function liveTarget(env: Env, job: string): RestoreTarget {
  return {
    tables: d1Tables(directory(env)),
    placed: (columns, lines, databases) => placeCourses(env, columns, lines, databases),
    placeOf: (course) => placeIn(env, course),
    indexed: (columns, lines) => indexRestored(env, columns, lines),
    enrollment: (id, dump, outline) => callEnrollment(env, id, (stub) => stub.restore(dump, outline, job)),
    project: async (ids) => {
      await projectEnrollments(env, ids);
    },
    channel: (user, dump) => callChannel(env, user, (stub) => stub.restore(dump, job)),
    broadcastLog: (dump) => callBroadcastLog(env, (stub) => stub.restore(dump, job)),
    journal: (journal, page) => callJournal(env, journal, (stub) => stub.restore(page)),
    buryInJournal: (journal, tombstones) => callJournal(env, journal, (stub) => stub.bury(tombstones)),
    openJournal: (journal, steps, tombstones) => callJournal(env, journal, (stub) => stub.open(steps, tombstones)),
    auditChain: (page) => callChain(env, (stub) => stub.restore(page)),
    openAuditChain: () => callChain(env, (stub) => stub.open()),
    async object(bucket, { key, type, meta, text }) {
      const place = bucket === "documents" ? env.DOCUMENTS : env.RECORDS;
      const httpMetadata = type === null ? {} : { contentType: type };
      await place.put(key, text, { httpMetadata, customMetadata: meta });
      const held = await place.get(key);
      const isSame = JSON.stringify(held?.customMetadata ?? {}) === JSON.stringify(meta);
      return isSame && (await held?.text()) === text;
    },
    async missingFiles(files) {
      let missing = 0;
      await inParallel(files, PARALLEL_HEADS, async ({ key, etag }) => {
        if ((await env.FILES.head(key))?.etag !== etag) missing += 1;
      });
      return missing;
    },
  };
}

/**
 * A scratch store beside the deployment, which is removed afterwards: the same engine, the same schemas, the same code
 * that fills them, and nothing in it wakes or notifies anybody.
 */
export function scratchTarget(env: Env, job: string): RestoreTarget {
  const scratch = `${job}.tables`;
  const tables: Tables = { batch: (statements) => callScratch(env, scratch, (stub) => stub.batch(statements)) };
  const tryLog = (kind: "channel" | "broadcast_log", name: string, dump: ObjectDump) =>
    dump.part === undefined
      ? callScratch(env, `${job}.object`, (stub) => stub.tryLog(kind, dump))
      : callScratch(env, `${job}.${kind}.${name}`, (stub) => stub.tryPiece(kind, dump, []));
  return {
    tables,
    placed: async (_columns, lines) => [...lines],
    placeOf: async () => ({ name: scratch, tables, hasCourses: true }),
    indexed: async () => undefined,
    enrollment: (id, dump, outline) =>
      dump.part === undefined
        ? callScratch(env, `${job}.object`, (stub) => stub.tryEnrollment(dump, outline))
        : callScratch(env, `${job}.enrollment.${id}`, (stub) => stub.tryPiece("enrollment", dump, outline)),
    project: async () => undefined,
    channel: (user, dump) => tryLog("channel", user, dump),
    broadcastLog: (dump) => tryLog("broadcast_log", "everybody", dump),
    journal: (journal, page) => callScratch(env, `${job}.journal-${journal}`, (stub) => stub.journal(page)),
    buryInJournal: (journal, tombstones) =>
      callScratch(env, `${job}.journal-${journal}`, (stub) => stub.buryInJournal(tombstones)),
    openJournal: async (journal, steps, tombstones) => {
      const opened = await callScratch(env, `${job}.journal-${journal}`, (stub) => stub.openJournal(steps, tombstones));
      await callScratch(env, `${job}.journal-${journal}`, (stub) => stub.wipe());
      return opened;
    },
    auditChain: (page) => callScratch(env, `${job}.audit`, (stub) => stub.auditPage(page)),
    openAuditChain: async () => {
      const opened = await callScratch(env, `${job}.audit`, (stub) => stub.openAudit());
      await callScratch(env, `${job}.audit`, (stub) => stub.wipe());
      return opened;
    },
    // There is no scratch bucket: the hash of its part has shown that a document is complete.
    object: async () => true,
    missingFiles: async () => 0,
  };
}
