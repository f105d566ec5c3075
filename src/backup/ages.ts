import { newestNotes } from "./store.ts";

/** When backups last succeeded, epoch seconds; null for what never happened. */
export interface BackupAges {
  /** The end of the newest whole backup. */
  lastSuccess: number | null;
  /** The last time a backup was restored into an empty store, compared and read. */
  lastVerified: number | null;
}

/** For the metrics. Two lists of the bucket; null when there has been neither yet. */
export async function backupAges(env: Env): Promise<BackupAges | null> {
  const { succeeded, verified } = await newestNotes(env);
  if (succeeded === null && verified === null) return null;
  const seconds = (noted: { at: number } | null) => (noted === null ? null : Math.floor(noted.at / 1_000));
  return { lastSuccess: seconds(succeeded), lastVerified: seconds(verified) };
}
