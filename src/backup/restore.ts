import { appendAll, callChain, ownEntry } from "../audit/index.ts";
import { directory, everyShard } from "../platform/database/shards.ts";
import { logEvent } from "../platform/log.ts";
import { ok, refuse } from "../platform/results.ts";
import { pauseWatch, resumeWatch } from "../privacy/index.ts";
import { indexWords } from "../records/index.ts";
import { askForEveryMark } from "../staleness/index.ts";
import { forgetEpochs } from "./changes.ts";
import { closeForRestore, openAfterRestore } from "./closed.ts";
import { eraseAgain } from "./erase-again.ts";
import { lastOf } from "./format.ts";
import type { JobPlan } from "./job.ts";
import { openJournals } from "./open-journals.ts";
import { checkRoom } from "./place.ts";
import { checkSchema, schemaOf } from "./schema.ts";
import { filledTables, forgetSupersededRows, forgetTombstones, markEveryCourse } from "./statements.ts";
import { forgetSuperseded } from "./superseded.ts";
import { BACKED_UP } from "./tables.ts";
import type { RestoreTarget } from "./target.ts";

/** A restore into this deployment: refused unless it is empty. @param by who restores, for the audit log. */
export function restorePlan(env: Env, target: RestoreTarget, job: string, by: { id: string; role: string }): JobPlan {
  return {
    target,
    async open(chain) {
      const manifest = lastOf(chain);
      const fits = checkSchema(manifest.schema, await schemaOf(target.tables));
      if (!fits.ok) return fits;
      const held = await target.tables.batch(
        BACKED_UP.map(({ name }) => ({ sql: `SELECT 1 FROM "${name}" LIMIT 1`, values: [] })),
      );
      for (const { name, db } of everyShard(env).slice(1)) {
        const { results } = await filledTables(db).all<{ name: string }>();
        if (results.length === 0) continue;
        const tables = results.map((table) => table.name).join(", ");
        return refuse("restore_target_not_empty", { detail: `There are rows in ${tables} of ${name}.` });
      }
      const room = await checkRoom(env, manifest);
      if (!room.ok) return room;
      const audit = await callChain(env, (stub) => stub.state());
      if (!audit.ok) return audit;
      if (audit.value.seq > 0) return refuse("restore_target_not_empty", { detail: "The audit chain has entries." });
      // Hashes of erased people are no personal data: a list may have been brought here before the restore.
      const full = BACKED_UP.filter(({ name }, index) => name !== "tombstones" && (held[index]?.length ?? 0) > 0);
      if (full.length > 0) {
        const names = full.map(({ name }) => name).join(", ");
        return refuse("restore_target_not_empty", { detail: `There are rows in ${names}.` });
      }
      await closeForRestore(env, job);
      // They come again with those of the backup, before anybody is erased.
      const db = directory(env);
      await pauseWatch(db);
      await db.batch([forgetTombstones(db), forgetSupersededRows(db)]);
      await forgetEpochs(env);
      return ok(null);
    },
    derive: (from) => indexWords(env, from),
    async open_objects(chain) {
      const opened = await openJournals(env, lastOf(chain), target);
      if (!opened.ok) return opened;
      const audit = await target.openAuditChain();
      return audit.ok ? ok(null) : audit;
    },
    erase: (chain, from) => eraseAgain(env, chain, from),
    async close(chain, state) {
      const manifest = lastOf(chain);
      await forgetSuperseded(target.tables);
      await markEveryCourse(directory(env), Date.now()).run();
      await resumeWatch(directory(env));
      const { rows, left_out, missing_files, erased_again: erased, erasures } = state;
      const entry = {
        action: "backup.restored",
        actor: by,
        target: { type: "backup", id: manifest.id },
        details: { entries: rows, kind: `erasures: ${erasures ?? "none"}` },
        unique: manifest.id,
      } as const;
      const recorded = await appendAll(env, [ownEntry(entry, Date.now())]);
      if (!recorded.ok) return recorded;
      await askForEveryMark(directory(env), Date.now());
      // Everything is restored, and erased people are gone.
      await openAfterRestore(env);
      logEvent("restored", { backup: manifest.id, rows, left_out, missing_files, erased_again: erased });
      return ok(null);
    },
  };
}
