/** The public API of the audit room. */
export { type ChainPosition, type ChainRows, openChain, restoreChainPage } from "./chain/backup.ts";
export { type NewEntry, type OwnEntry, ownEntry } from "./entry.ts";
export {
  addAuditEntry,
  addAuditEntryStatement,
  addAuditEntryWhere,
  addUserAuditEntry,
  appendOrKeep,
  nudgeAudit,
  orderAudit,
  recordAudit,
  recordOncePerDay,
  sweepAudit,
} from "./outbox.ts";
export { entriesAbout, forgetUser, knowsUser, usersKnown } from "./personal.ts";
export { noteRefusedSignIn } from "./sign-ins.ts";
export { insertEntryWhere } from "./statements.ts";
export { appendAll, callChain } from "./stubs.ts";
