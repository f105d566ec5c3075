/** The public API of the backup room. */
export { backupAges } from "./ages.ts";
export { closedWhileRestoring } from "./closed.ts";
export { backupSection } from "./gauges.ts";
export { backUpNightly, backupMessageSchema, consumeBackups, resumeBackups } from "./jobs.ts";
export { backupRoutes } from "./routes.ts";
export { runningBackup } from "./run.ts";
