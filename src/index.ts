import type { AuditChain as AuditChainClass } from "./audit/chain/object.ts";
import type { BackupVault as BackupVaultClass } from "./backup/scratch.ts";
import type { createEdge } from "./edge.ts";
import type { EnrollmentObject as EnrollmentObjectClass } from "./enrollment/object.ts";
import type { BroadcastLog as BroadcastLogClass } from "./events/broadcast-log.ts";
import type { BroadcastShard as BroadcastShardClass } from "./events/broadcast-shard.ts";
import type { UserChannel as UserChannelClass } from "./events/channel.ts";
import type { UserGate as UserGateClass } from "./identity/revocations.ts";
import { lazyObject } from "./platform/cell/lazy-object.ts";
import type { MetricsShard as MetricsShardClass } from "./platform/metrics/shard.ts";
import type { JournalObject as JournalObjectClass } from "./records/journal/object.ts";

// An isolate is started for one kind of work: requests of one kind, a queue, a cron, or an object. What only another kind
// needs is evaluated when it is first asked for, so that a start stays short. So the classes are named by their files, which
// are imported with their first object.

export { CoursePresence } from "./presence/object.ts";

export class AuditChain extends lazyObject<AuditChainClass>(
  {
    append: true,
    forget: true,
    knows: true,
    users: true,
    entries: true,
    state: true,
    purge: true,
    backUp: true,
    restore: true,
    open: true,
    sweep: true,
    alarm: true,
  },
  async () => (await import("./audit/chain/object.ts")).AuditChain,
) {}

export class BackupVault extends lazyObject<BackupVaultClass>(
  {
    batch: true,
    makeTables: true,
    tryEnrollment: true,
    tryLog: true,
    tryPiece: true,
    journal: true,
    buryInJournal: true,
    openJournal: true,
    auditPage: true,
    openAudit: true,
    wipe: true,
    alarm: true,
  },
  async () => (await import("./backup/scratch.ts")).BackupVault,
) {}

export class EnrollmentObject extends lazyObject<EnrollmentObjectClass>(
  {
    enroll: true,
    read: true,
    record: true,
    recordOwn: true,
    endLease: true,
    submit: true,
    verdict: true,
    release: true,
    revoke: true,
    regrade: true,
    relock: true,
    pause: true,
    override: true,
    changePolicy: true,
    withdraw: true,
    inspect: true,
    submission: true,
    submissionsOf: true,
    markStale: true,
    refresh: true,
    tellAgain: true,
    watchCourse: true,
    tellCourse: true,
    pendingProjection: true,
    confirmProjection: true,
    keptEvents: true,
    confirmEvents: true,
    rebuild: true,
    destroy: true,
    exportOf: true,
    whose: true,
    backUp: true,
    forgetBackUp: true,
    restore: true,
    erase: true,
    alarm: true,
  },
  async () => (await import("./enrollment/object.ts")).EnrollmentObject,
) {}

export class BroadcastLog extends lazyObject<BroadcastLogClass>(
  {
    publish: true,
    readersOf: true,
    forgetReader: true,
    since: true,
    state: true,
    backUp: true,
    forgetBackUp: true,
    restore: true,
    alarm: true,
  },
  async () => (await import("./events/broadcast-log.ts")).BroadcastLog,
) {}

export class BroadcastShard extends lazyObject<BroadcastShardClass>(
  {
    fetch: true,
    webSocketMessage: true,
    webSocketClose: true,
    deliver: true,
    listen: true,
    noteStreams: true,
    history: true,
    streams: true,
    alarm: true,
  },
  async () => (await import("./events/broadcast-shard.ts")).BroadcastShard,
) {}

export class UserChannel extends lazyObject<UserChannelClass>(
  {
    fetch: true,
    webSocketMessage: true,
    webSocketClose: true,
    webSocketError: true,
    publish: true,
    tell: true,
    hear: true,
    history: true,
    preferences: true,
    setPreferences: true,
    endSession: true,
    exportOf: true,
    whose: true,
    backUp: true,
    forgetBackUp: true,
    restore: true,
    erase: true,
    alarm: true,
  },
  async () => (await import("./events/channel.ts")).UserChannel,
) {}

export class UserGate extends lazyObject<UserGateClass>(
  {
    standing: true,
    lease: true,
    end: true,
    hold: true,
    settle: true,
    admitTry: true,
    signedInFrom: true,
    openKey: true,
    changeKey: true,
    settleKey: true,
    erase: true,
    alarm: true,
  },
  async () => (await import("./identity/revocations.ts")).UserGate,
) {}

export class MetricsShard extends lazyObject<MetricsShardClass>(
  { add: true, totals: true },
  async () => (await import("./platform/metrics/shard.ts")).MetricsShard,
) {}

export class JournalObject extends lazyObject<JournalObjectClass>(
  {
    append: true,
    flush: true,
    pending: true,
    progress: true,
    remove: true,
    exportOf: true,
    erase: true,
    owners: true,
    backUp: true,
    backUpTombstones: true,
    restore: true,
    bury: true,
    open: true,
    state: true,
    parked: true,
    unpark: true,
    sweep: true,
    alarm: true,
  },
  async () => (await import("./records/journal/object.ts")).JournalObject,
) {}

/** Kept as itself and not as a promise, which two requests would share. */
let edge: ReturnType<typeof createEdge> | undefined;

/** The Worker at the edge. Queues and crons belong to the one behind it (src/back.ts). */
export default {
  async fetch(request: Request, env, context) {
    edge ??= (await import("./edge.ts")).createEdge();
    return edge.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
