import { directory } from "../../platform/database/shards.ts";
import { USER_ID } from "../../platform/ids.ts";
import type { Actor } from "./form/actors.ts";
import { USERS_BY_EMAIL } from "./statements.ts";

/** Finds out who of the actors is somebody here. */
export type WhoIs = (actor: Actor) => string | null;

/**
 * Who these actors are: an account with a home page of this installation or of the course, whose name is a user's id; or an
 * address that the user has shown to be theirs. Nobody is found by an address that was only written down.
 */
export async function whoAre(env: Env, actors: readonly Actor[], homePages: ReadonlySet<string>): Promise<WhoIs> {
  const addresses = new Set(actors.flatMap(({ mbox }) => (mbox === undefined ? [] : [addressOf(mbox)])));
  const rows = await USERS_BY_EMAIL.find<{ id: string; email: string }>(directory(env), [...addresses]);
  const byAddress = new Map(rows.map(({ id, email }) => [email, id]));
  return ({ mbox, account }) => {
    if (mbox !== undefined) return byAddress.get(addressOf(mbox)) ?? null;
    if (account === undefined || !homePages.has(trimmed(account.homePage))) return null;
    return USER_ID.test(account.name) ? account.name : null;
  };
}

/** Home pages are compared without the slash at their end. */
export function homePagesOf(origin: string | null, listed: readonly string[]): Set<string> {
  return new Set([...(origin === null ? [] : [origin]), ...listed].map(trimmed));
}

function trimmed(page: string): string {
  return page.replace(/\/+$/, "");
}

function addressOf(mbox: string): string {
  return mbox.slice("mailto:".length).toLowerCase();
}
