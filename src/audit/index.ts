/** The door of the audit room. */
export { AuditChain } from "./chain/object.ts";
export { type NewEntry, type OwnEntry, ownEntry, storedEntrySchema } from "./entry.ts";
export { nudgeAudit, orderAudit, oweAudit, oweUserAudit, sweepAudit } from "./outbox.ts";
export { auditRoutes } from "./routes.ts";
export { appendAll } from "./stubs.ts";
