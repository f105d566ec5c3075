import { directory } from "../platform/database/shards.ts";
import { logEvent } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { lastOf } from "./format.ts";
import type { JobPlan, JobState } from "./job.ts";
import { openJournals } from "./open-journals.ts";
import { d1Tables } from "./rows.ts";
import { checkSchema, schemaOf, tablesAsMade } from "./schema.ts";
import { callScratch } from "./scratch-stub.ts";
import { stageOf } from "./stages.ts";
import { noteVerified } from "./store.ts";
import { SUPERSEDED_TABLE } from "./superseded.ts";
import { BACKED_UP } from "./tables.ts";
import { scratchTarget } from "./target.ts";

/**
 * Checks that a backup can be restored: it is restored into an empty scratch store with the code of a real restore,
 * compared row by row, and read. Then the store is removed and the result is noted.
 */
export function verificationPlan(env: Env, job: string): JobPlan {
  const target = scratchTarget(env, job);
  const scratch = `${job}.tables`;
  return {
    target,
    async open(chain) {
      const manifest = lastOf(chain);
      const live = d1Tables(directory(env));
      const fits = checkSchema(manifest.schema, await schemaOf(live));
      if (!fits.ok) return fits;
      const statements = await tablesAsMade(live);
      await callScratch(env, scratch, (stub) => stub.makeTables([...statements, SUPERSEDED_TABLE]));
      return ok(null);
    },
    async close(chain, state) {
      const manifest = lastOf(chain);
      const opened = await openJournals(env, manifest, target);
      if (!opened.ok) return opened;
      const audit = await target.openAuditChain();
      if (!audit.ok) return audit;
      const left = "SELECT 1 FROM sqlite_master WHERE name = 'courses'";
      const [tables] = await callScratch(env, scratch, (stub) => stub.batch([{ sql: left, values: [] }]));
      // The store is removed already: this job was cut off after the result had been noted.
      if (tables?.length === 0) return ok(null);
      const read = await smokeTest(env, scratch, state);
      if (!read.ok) return read;
      const now = Date.now();
      const { rows, left_out, started_at } = state;
      const report = { backup: manifest.id, mark: manifest.mark, rows, left_out, ms: now - started_at };
      await noteVerified(env, manifest.id, now, report);
      await callScratch(env, scratch, (stub) => stub.wipe());
      logEvent("backup_verified", report);
      return ok(null);
    },
  };
}

/**
 * Reads the restored data as the application would: they are valid and complete, and every active course has its
 * content.
 */
async function smokeTest(env: Env, scratch: string, { loaded }: JobState): Promise<Result<null>> {
  const [broken = [], orphans = [], pointers = [], ...counts] = await callScratch(env, scratch, (stub) =>
    stub.batch([
      { sql: "PRAGMA quick_check", values: [] },
      { sql: "PRAGMA foreign_key_check", values: [] },
      {
        sql: `SELECT slug FROM courses WHERE active_version IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM course_outlines WHERE course_slug = slug AND version = active_version)`,
        values: [],
      },
      ...BACKED_UP.map(({ name }) => ({ sql: `SELECT count(*) AS n FROM "${name}"`, values: [] })),
    ]),
  );
  const differs = (detail: string) => refuse("restore_differs", { detail });
  if (broken.some((row) => Object.values(row)[0] !== "ok"))
    return differs("The integrity check of the database failed.");
  // Sessions are left out on purpose; nothing else may refer to a missing row.
  if (orphans.length > 0) return differs(`${orphans.length} rows point to nothing.`);
  if (pointers.length > 0) return differs(`${pointers.length} courses have no content.`);
  for (const [index, table] of BACKED_UP.entries()) {
    const most = loaded[stageOf(table)] ?? 0;
    const held = Number(counts[index]?.[0]?.n ?? -1);
    if (held < 0 || held > most || (table.fence === undefined && held !== most)) {
      return differs(`${table.name} has ${held} rows instead of ${most}.`);
    }
  }
  return ok(null);
}
