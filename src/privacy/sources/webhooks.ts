import { directory, everyShard } from "../../platform/database/shards.ts";
import { pseudonymOf } from "../pseudonym.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { dropEmptyHookPage, dropFromHookPage, hookPages, renameHookOwner } from "../statements/webhooks.ts";

/** Rows read by one statement. */
const PAGE = 500;
/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [["webhook_subscriptions", "owner"]];

interface Found {
  subscription: string;
  seq: number;
  found: number;
}

/**
 * Events that are sent to other systems, kept for 30 days. They repeat data of other sources, so nothing is exported
 * from here. Latchkey cannot remove what was delivered: the operator of the receiver has to do it.
 */
export const webhooksSource: PersonalDataSource = {
  name: "webhooks",
  async holds(env, user) {
    if (await anyRow(directory(env), PLACES, user)) return true;
    for (const { db } of everyShard(env)) for await (const _page of pagesNaming(db, user)) return true;
    return false;
  },
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export() {},
  async erase(env, user) {
    for (const { db } of everyShard(env)) {
      for await (const { subscription, seq } of pagesNaming(db, user)) {
        await db.batch([dropFromHookPage(db, subscription, seq, user), dropEmptyHookPage(db, subscription, seq)]);
      }
    }
    await renameHookOwner(directory(env), user, await pseudonymOf(user)).run();
    return "done";
  },
};

/** Pages that name an enrollment of a user. No index finds them, so all pages are read by their keys. */
async function* pagesNaming(db: D1Database, user: string): AsyncIterable<Found> {
  const named = `:${JSON.stringify(user).slice(1)}`;
  let after = { subscription: "", seq: 0 };
  for (;;) {
    const { results } = await hookPages(db, named, after.subscription, after.seq, PAGE).all<Found>();
    for (const page of results) if (page.found === 1) yield page;
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) return;
    after = last;
  }
}
