import { everyShard } from "../../platform/database/shards.ts";
import { duePage } from "./statements.ts";

/** Since when something of a subscription is due, in any database; null: nothing is. @throws when one does not answer. */
export async function dueSince(env: Env, subscription: string, now: number): Promise<number | null> {
  const found = await Promise.all(
    everyShard(env).map(({ db }) => duePage(db, subscription, now).first<number | null>("due")),
  );
  const due = found.flatMap((at) => at ?? []);
  return due.length === 0 ? null : Math.min(...due);
}
