import { everyShard, type Shard } from "../platform/database/shards.ts";
import {
  ADD_CHANGES,
  changedKeys,
  epochOf,
  forgetAllChanges,
  forgetAllEpochs,
  forgetOlderEpochs,
  forgetPage,
  insertEpoch,
  knownEpoch,
} from "./statements.ts";
import type { ChangeKind } from "./tables.ts";

// What changed since the backup before: noted by the triggers of migrations/0019_backup_changes.sql, in each
// shard of migrations/shard/0002_backup_changes.sql, and completed when a
// backup begins by what no trigger notes. Keys of one kind are then walked in order, and each stage reads what they name.

/** Under which number each database notes what changes from now on, by the database's name. */
export type Epochs = Record<string, number>;

/** Rows removed by one statement. */
const FORGET_PAGE = 5_000;

/** From here on changes are noted under a new number: what is noted under an older one will be in this backup. */
export async function beginEpoch(env: Env, backup: string): Promise<Epochs> {
  const epochs: Epochs = {};
  for (const { name, db } of everyShard(env)) {
    // Begun again under the same name after a crash: the number stays.
    const [, row] = await db.batch<{ epoch: number }>([insertEpoch(db, backup), epochOf(db, backup)]);
    const epoch = row?.results[0]?.epoch;
    if (epoch === undefined) throw new Error(`${name} has no epochs`);
    epochs[name] = epoch;
  }
  return epochs;
}

/** Whether every database still knows that this backup began: not one that was set back, or restored, since. */
export async function rememberEpochs(env: Env, backup: string, epochs: Epochs): Promise<boolean> {
  for (const { name, db } of everyShard(env)) {
    if ((await knownEpoch(db, epochs[name] ?? -1, backup).first()) === null) return false;
  }
  return true;
}

/**
 * Adds keys that no trigger notes, as if they had been noted before this backup began. Harmless to repeat.
 * @param epoch of the backup that is being taken.
 */
export async function addChanges({ db }: Shard, kind: ChangeKind, epoch: number, keys: readonly string[]) {
  const statements = ADD_CHANGES.over(db, keys, kind, epoch - 1);
  if (statements.length > 0) await db.batch(statements);
}

/** Keys of a kind that are noted, in order, each once; those that changed while the backup is taken may be among them. */
export async function changesAfter({ db }: Shard, kind: ChangeKind, after: string, limit: number): Promise<string[]> {
  const { results } = await changedKeys(db, kind, after, limit).all<{ key: string }>();
  return results.map(({ key }) => key);
}

/** A backup has everything that was noted before its epoch: that is forgotten, and so are the epochs before it. */
export async function forgetChanges(env: Env, epochs: Epochs): Promise<void> {
  for (const { name, db } of everyShard(env)) {
    const epoch = epochs[name] ?? 0;
    for (;;) {
      const { meta } = await forgetPage(db, epoch, FORGET_PAGE).run();
      if ((meta.changes ?? 0) < FORGET_PAGE) break;
    }
    await forgetOlderEpochs(db, epoch).run();
  }
}

/** Before a restore: what was backed up here is another deployment's from now on, and the next backup holds everything. */
export async function forgetEpochs(env: Env): Promise<void> {
  for (const { db } of everyShard(env)) {
    await db.batch([forgetAllEpochs(db), forgetAllChanges(db)]);
  }
}
