import { directory, everyShard } from "../../platform/database/shards.ts";
import { pseudonymOf } from "../pseudonym.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { dropEmptyHookPage, dropFromHookPage, hookPages, renameHookOwner } from "../statements/webhooks.ts";

/** Rows looked at by one statement. */
const PAGE = 500;
/** Where D1 has user ids of this. */
const PLACES: readonly UserColumn[] = [["webhook_subscriptions", "owner"]];

interface Found {
  subscription: string;
  seq: number;
  found: number;
}

/**
 * Events that other systems are told, for 30 days. They repeat what other sources export, so nothing is exported from here. What
 * was delivered is out of reach: whoever runs the receiver is to be asked.
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

/** Pages that name an enrollment of a user, which no index does: they are walked by their keys. */
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
