import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { backupAges } from "./ages.ts";

/** When backups last succeeded and were last verified; no value before the first time, which an alert reports. */
export const backupSection: Section = {
  name: "backups",
  async read(env) {
    const ages = await backupAges(env);
    return [
      gauge("backup_last_success_timestamp_seconds", "When the last backup was made.", ages?.lastSuccess ?? null),
      gauge("backup_last_verified_timestamp_seconds", "When a backup was last verified.", ages?.lastVerified ?? null),
    ];
  },
};
