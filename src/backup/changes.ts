import { cutByBytes, setParameter } from "../platform/database/batches.ts";
import { everyShard, type Shard } from "../platform/database/shards.ts";

// What changed since the backup before: noted by the triggers of migrations/0019_backup_changes.sql, in each
// shard of migrations/shard/0002_backup_changes.sql, and completed when a
// backup begins by what no trigger notes. Keys of one kind are then walked in order, and each stage reads what they name.

/** Kinds of keys. A table may have one of its own, or go with its enrollment or its course version. */
export type ChangeKind =
  | "enrollments"
  | "channels"
  | "course_versions"
  | "users"
  | "accounts"
  | "files"
  | "translation_sessions"
  | "translation_tasks"
  | "insight_learners"
  | "insight_predictions";

/** Under which number each database notes what changes from now on, by the database's name. */
export type Epochs = Record<string, number>;

/** Rows removed by one statement. */
const FORGET_PAGE = 5_000;

/** From here on changes are noted under a new number: what is noted under an older one will be in this backup. */
export async function beginEpoch(env: Env, backup: string): Promise<Epochs> {
  const epochs: Epochs = {};
  for (const { name, db } of everyShard(env)) {
    // Begun again under the same name after a crash: the number stays.
    const [, row] = await db.batch<{ epoch: number }>([
      db
        .prepare(
          `INSERT INTO backup_epochs (epoch, backup) SELECT max(epoch) + 1, ?1 FROM backup_epochs
           WHERE NOT EXISTS (SELECT 1 FROM backup_epochs WHERE backup = ?1) HAVING max(epoch) IS NOT NULL`,
        )
        .bind(backup),
      db.prepare("SELECT epoch FROM backup_epochs WHERE backup = ?").bind(backup),
    ]);
    const epoch = row?.results[0]?.epoch;
    if (epoch === undefined) throw new Error(`${name} has no epochs`);
    epochs[name] = epoch;
  }
  return epochs;
}

/** Whether every database still knows that this backup began: not one that was set back, or restored, since. */
export async function rememberEpochs(env: Env, backup: string, epochs: Epochs): Promise<boolean> {
  for (const { name, db } of everyShard(env)) {
    const known = await db.prepare("SELECT 1 FROM backup_epochs WHERE epoch = ? AND backup = ?");
    if ((await known.bind(epochs[name] ?? -1, backup).first()) === null) return false;
  }
  return true;
}

/**
 * Adds keys that no trigger notes, as if they had been noted before this backup began. Harmless to repeat.
 * @param epoch of the backup that is being taken.
 */
export async function addChanges({ db }: Shard, kind: ChangeKind, epoch: number, keys: readonly string[]) {
  const statements = cutByBytes(keys).map(({ json }) =>
    db
      .prepare(
        `INSERT INTO backup_changes (kind, key, epoch) SELECT ?2, value, ?3 FROM ${setParameter(1)} WHERE true
         ON CONFLICT DO NOTHING`,
      )
      .bind(json, kind, epoch - 1),
  );
  if (statements.length > 0) await db.batch(statements);
}

/** Keys of a kind that are noted, in order, each once; those that changed while the backup is taken may be among them. */
export async function changesAfter({ db }: Shard, kind: ChangeKind, after: string, limit: number): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT DISTINCT key FROM backup_changes WHERE kind = ? AND key > ? ORDER BY key LIMIT ?")
    .bind(kind, after, limit)
    .all<{ key: string }>();
  return results.map(({ key }) => key);
}

/** A backup has everything that was noted before its epoch: that is forgotten, and so are the epochs before it. */
export async function forgetChanges(env: Env, epochs: Epochs): Promise<void> {
  for (const { name, db } of everyShard(env)) {
    const epoch = epochs[name] ?? 0;
    for (;;) {
      const { meta } = await db
        .prepare(
          `DELETE FROM backup_changes WHERE (kind, key, epoch) IN
             (SELECT kind, key, epoch FROM backup_changes WHERE epoch < ? LIMIT ${FORGET_PAGE})`,
        )
        .bind(epoch)
        .run();
      if ((meta.changes ?? 0) < FORGET_PAGE) break;
    }
    await db.prepare("DELETE FROM backup_epochs WHERE epoch < ?").bind(epoch).run();
  }
}

/** Before a restore: what was backed up here is another deployment's from now on, and the next backup holds everything. */
export async function forgetEpochs(env: Env): Promise<void> {
  for (const { db } of everyShard(env)) {
    await db.batch([db.prepare("DELETE FROM backup_epochs WHERE epoch > 0"), db.prepare("DELETE FROM backup_changes")]);
  }
}
