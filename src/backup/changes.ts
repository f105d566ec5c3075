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

// The changes since the backup before. Triggers note them (migrations/0019_backup_changes.sql, and in each shard
// migrations/shard/0002_backup_changes.sql), and the beginning of a backup adds changes that no trigger notes. Then the
// keys of one kind are read in order, and each stage reads the rows of these keys.

/** The number under which each database notes changes from now on, by the database's name. */
export type Epochs = Record<string, number>;

/** Rows removed by one statement. */
const FORGET_PAGE = 5_000;

/** From here on changes are noted under a new number: changes under an older number will be in this backup. */
export async function beginEpoch(env: Env, backup: string): Promise<Epochs> {
  const epochs: Epochs = {};
  for (const { name, db } of everyShard(env)) {
    // A backup that begins again under the same name after a crash keeps its number.
    const [, row] = await db.batch<{ epoch: number }>([insertEpoch(db, backup), epochOf(db, backup)]);
    const epoch = row?.results[0]?.epoch;
    if (epoch === undefined) throw new Error(`${name} has no epochs`);
    epochs[name] = epoch;
  }
  return epochs;
}

/** Whether every database still knows that this backup began. One that was set back or restored since does not. */
export async function rememberEpochs(env: Env, backup: string, epochs: Epochs): Promise<boolean> {
  for (const { name, db } of everyShard(env)) {
    if ((await knownEpoch(db, epochs[name] ?? -1, backup).first()) === null) return false;
  }
  return true;
}

/**
 * Adds keys that no trigger notes, as if they had been noted before this backup began. A repeat does no harm.
 * @param epoch of the backup that is being taken.
 */
export async function addChanges({ db }: Shard, kind: ChangeKind, epoch: number, keys: readonly string[]) {
  const statements = ADD_CHANGES.over(db, keys, kind, epoch - 1);
  if (statements.length > 0) await db.batch(statements);
}

/** Noted keys of a kind, in order, each once. Keys that change during the backup may be among them. */
export async function changesAfter({ db }: Shard, kind: ChangeKind, after: string, limit: number): Promise<string[]> {
  const { results } = await changedKeys(db, kind, after, limit).all<{ key: string }>();
  return results.map(({ key }) => key);
}

/**
 * A backup has everything that was noted before its epoch: these notes are removed, and so are the epochs before it.
 */
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

/** Before a restore: the backups up to now belong to another deployment, and the next backup is a full copy. */
export async function forgetEpochs(env: Env): Promise<void> {
  for (const { db } of everyShard(env)) {
    await db.batch([forgetAllEpochs(db), forgetAllChanges(db)]);
  }
}
