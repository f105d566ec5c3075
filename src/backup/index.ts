/** The door of the backup room. */
export { type BackupAges, backupAges } from "./ages.ts";
export { backupSection } from "./gauges.ts";
export { backUpNightly, consumeBackups, resumeBackups } from "./jobs.ts";
export { backupRoutes } from "./routes.ts";
export { BackupVault } from "./vault.ts";
