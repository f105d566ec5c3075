import { allAnswers, directory, onEveryShard } from "../platform/database/shards.ts";
import type { Statement } from "../platform/database/statement.ts";
import { lowerBar, raiseBar } from "./statements/erasures.ts";

// The directory finds people who are being erased in its table of erasures. A further shard gets a note before anything
// is removed there, and from then on refuses every row that was read before and is written late. The first shard is in
// the database of the directory.

/** Notes in every shard that somebody is being erased. @throws while one of them does not answer. */
export async function raiseBars(env: Env, user: string): Promise<void> {
  await inFurtherShards(env, raiseBar, user);
}

/** Removes this note again: the id itself is personal data. @throws while a shard does not answer. */
export async function lowerBars(env: Env, user: string): Promise<void> {
  await inFurtherShards(env, lowerBar, user);
}

async function inFurtherShards(env: Env, note: Statement<[user: string]>, user: string): Promise<void> {
  const done = await onEveryShard(env, async ({ db }) => {
    if (db !== directory(env)) await note(db, user).run();
  });
  allAnswers(done);
}
