import { logEvent } from "../ops/logging.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import type { Manifest } from "./format.ts";
import { type JobPlan, openJournals } from "./restore.ts";
import { d1Tables } from "./rows.ts";
import { checkSchema, schemaOf, tablesAsMade } from "./schema.ts";
import { stageOf } from "./stages.ts";
import { noteVerified } from "./store.ts";
import { BACKED_UP } from "./tables.ts";
import { scratchTarget } from "./target.ts";
import { callVault } from "./vault-stub.ts";

/**
 * The proof that a backup can be restored: it is restored into an empty scratch store with the code of a real restore,
 * compared row by row, and read. Then the store is thrown away and the proof is noted.
 */
export function verificationPlan(env: Env, job: string): JobPlan {
  const target = scratchTarget(env, job);
  const vault = `${job}.tables`;
  return {
    target,
    async open(manifest) {
      const live = d1Tables(env.DB);
      const fits = checkSchema(manifest.schema, await schemaOf(live));
      if (!fits.ok) return fits;
      const statements = await tablesAsMade(live);
      await callVault(env, vault, (stub) => stub.makeTables(statements));
      return ok(null);
    },
    async close(manifest, state) {
      const opened = await openJournals(env, manifest, target);
      if (!opened.ok) return opened;
      const chain = await target.openAuditChain();
      if (!chain.ok) return chain;
      const left = "SELECT 1 FROM sqlite_master WHERE name = 'courses'";
      const [tables] = await callVault(env, vault, (stub) => stub.batch([{ sql: left, values: [] }]));
      // Thrown away already: this was cut after the proof had been noted.
      if (tables?.length === 0) return ok(null);
      const read = await smokeTest(env, vault, manifest);
      if (!read.ok) return read;
      const now = Date.now();
      const { rows, left_out, started_at } = state;
      const report = { backup: manifest.id, mark: manifest.mark, rows, left_out, ms: now - started_at };
      await noteVerified(env, manifest.id, now, report);
      await callVault(env, vault, (stub) => stub.wipe());
      logEvent("backup_verified", report);
      return ok(null);
    },
  };
}

/** Reads what was restored as the application would: it is sound, complete, and every active course has its content. */
async function smokeTest(env: Env, vault: string, manifest: Manifest): Promise<Result<null>> {
  const [broken = [], orphans = [], pointers = [], ...counts] = await callVault(env, vault, (stub) =>
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
  if (broken.some((row) => Object.values(row)[0] !== "ok")) return differs("The database is not sound.");
  // Sessions are left out on purpose; nothing else may point to what is not there.
  if (orphans.length > 0) return differs(`${orphans.length} rows point to nothing.`);
  if (pointers.length > 0) return differs(`${pointers.length} courses have no content.`);
  for (const [index, table] of BACKED_UP.entries()) {
    const most = manifest.rows[stageOf(table)] ?? 0;
    const held = Number(counts[index]?.[0]?.n ?? -1);
    if (held < 0 || held > most || (table.fence === undefined && held !== most)) {
      return differs(`${table.name} has ${held} rows instead of ${most}.`);
    }
  }
  return ok(null);
}
