/** The public API of the backup room. */
export { backupAges } from "./ages.ts";
export { backUpNightly, backupMessageSchema, consumeBackups, resumeBackups } from "./jobs.ts";
export { runningBackup } from "./run.ts";
