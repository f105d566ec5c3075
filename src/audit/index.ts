/** The door of the audit room. */
export { type ChainPosition, type ChainRows, openChain, restoreChainPage } from "./chain/backup.ts";
export { AuditChain } from "./chain/object.ts";
export { type NewEntry, type OwnEntry, ownEntry, storedEntrySchema } from "./entry.ts";
export { auditSection } from "./gauges.ts";
export { drainAudit, nudgeAudit, orderAudit, oweAudit, oweUserAudit, sweepAudit } from "./outbox.ts";
export { entriesAbout, forgetUser } from "./personal.ts";
export { auditRoutes } from "./routes.ts";
export { appendAll, callChain } from "./stubs.ts";
