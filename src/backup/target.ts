import { type ChainRows, callChain } from "../audit/index.ts";
import { callEnrollment } from "../bindings.ts";
import { projectEnrollments } from "../enrollment/index.ts";
import { callBroadcastLog, callChannel } from "../events/index.ts";
import { callJournal, type JournalRows } from "../records/index.ts";
import type { DumpedValue, ObjectDump } from "../shared/object-dump.ts";
import { inParallel } from "../shared/parallel.ts";
import type { Result } from "../shared/results.ts";
import { d1Tables, type Tables } from "./rows.ts";
import { callVault } from "./vault-stub.ts";

/** Files looked for at a time; an invocation may have six connections. */
const PARALLEL_HEADS = 6;

type Loaded = Result<{ rows: number }>;

/**
 * Where a backup is restored to. Each method takes a piece into an empty place and compares what is there with what was
 * given; each may be repeated.
 */
export interface RestoreTarget {
  tables: Tables;
  enrollment(id: string, dump: ObjectDump, outline: readonly string[]): Promise<Loaded>;
  /** Enrollments that were just filled: D1 is brought up to them. */
  project(ids: readonly string[]): Promise<void>;
  channel(user: string, dump: ObjectDump): Promise<Loaded>;
  broadcastLog(dump: ObjectDump): Promise<Loaded>;
  journal(journal: number, page: JournalRows): Promise<Loaded>;
  openJournal(
    journal: number,
    steps: readonly string[],
    tombstones: readonly DumpedValue[][],
  ): Promise<Result<{ opened: boolean }>>;
  auditChain(page: ChainRows): Promise<Loaded>;
  openAuditChain(): Promise<Result<{ opened: boolean }>>;
  /** Puts an object into a bucket and reads it back. @returns whether it is what was put. */
  object(bucket: "documents" | "records", object: StoredObject): Promise<boolean>;
  /** How many of these files' bytes are not there, or are others. */
  missingFiles(files: readonly ListedFile[]): Promise<number>;
}

/** What a backup says of a user's file: which bytes, not the bytes. */
export interface ListedFile {
  key: string;
  size: number;
  etag: string;
}

export interface StoredObject {
  key: string;
  type: string | null;
  /** What stands beside the object; the audit chain's heads are read from there. */
  meta: Record<string, string>;
  text: string;
}

/** This very deployment. */
export function liveTarget(env: Env, job: string): RestoreTarget {
  return {
    tables: d1Tables(env.DB),
    enrollment: (id, dump, outline) => callEnrollment(env, id, (stub) => stub.restore(dump, outline, job)),
    project: async (ids) => {
      await projectEnrollments(env, ids);
    },
    channel: (user, dump) => callChannel(env, user, (stub) => stub.restore(dump, job)),
    broadcastLog: (dump) => callBroadcastLog(env, (stub) => stub.restore(dump, job)),
    journal: (journal, page) => callJournal(env, journal, (stub) => stub.restore(page)),
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
 * A scratch store beside the deployment, thrown away afterwards: the same engine, the same schemas, the same code that
 * fills them, and nobody who could be woken by what is in it.
 */
export function scratchTarget(env: Env, job: string): RestoreTarget {
  const vault = `${job}.tables`;
  return {
    tables: { batch: (statements) => callVault(env, vault, (stub) => stub.batch(statements)) },
    enrollment: (_id, dump, outline) => callVault(env, `${job}.object`, (stub) => stub.tryEnrollment(dump, outline)),
    project: async () => undefined,
    channel: (_user, dump) => callVault(env, `${job}.object`, (stub) => stub.tryLog("channel", dump)),
    broadcastLog: (dump) => callVault(env, `${job}.object`, (stub) => stub.tryLog("broadcast_log", dump)),
    journal: (journal, page) => callVault(env, `${job}.journal-${journal}`, (stub) => stub.journal(page)),
    openJournal: async (journal, steps, tombstones) => {
      const opened = await callVault(env, `${job}.journal-${journal}`, (stub) => stub.openJournal(steps, tombstones));
      await callVault(env, `${job}.journal-${journal}`, (stub) => stub.wipe());
      return opened;
    },
    auditChain: (page) => callVault(env, `${job}.audit`, (stub) => stub.auditPage(page)),
    openAuditChain: async () => {
      const opened = await callVault(env, `${job}.audit`, (stub) => stub.openAudit());
      await callVault(env, `${job}.audit`, (stub) => stub.wipe());
      return opened;
    },
    // There is no scratch bucket: that a document is whole, its part's hash has shown.
    object: async () => true,
    missingFiles: async () => 0,
  };
}
