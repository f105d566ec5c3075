import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { nodeCrypto } from "../../platform/node-crypto.ts";
import { type Actor, identifierOf } from "./form/actors.ts";
import { termsSought } from "./form/terms.ts";
import { ADOPT_DOCUMENTS, ADOPT_STATEMENTS, addressesOf, storesAfter } from "./statements.ts";
import { readStore } from "./store.ts";

// Records that name somebody in a way that was nobody's when they came: an address that was confirmed only later, its digest,
// or an account of a home page that the course listed later.

const STORES = 200;
const addressRow = z.object({ email: z.string() });

/** Notes with each record whose it is, as far as that is known now. Harmless to repeat. */
export async function adoptRecords(env: Env, user: string): Promise<void> {
  const db = directory(env);
  const { results } = await addressesOf(db, user).all();
  const addresses = results.map((row) => addressRow.parse(row)).flatMap(({ email }) => asMailed(email));
  for (let after = ""; ; ) {
    const stores = (await storesAfter(db, after, STORES).all()).results.map(readStore);
    const places = stores.flatMap(({ course, settings }) => {
      const accounts = settings.home_pages.flatMap((page) => asAccounts(page, user));
      return [...addresses, ...accounts].map((actor) => ({ course, actor }));
    });
    const terms = places.flatMap(({ course, actor }) =>
      termsSought({ agent: actor, related_agents: true }).map((term) => [course, term]),
    );
    const agents = places.map(({ course, actor }) => [course, identifierOf(actor)]);
    const writes = [...ADOPT_STATEMENTS.over(db, terms, user), ...ADOPT_DOCUMENTS.over(db, agents, user)];
    if (writes.length > 0) await db.batch(writes);
    const last = stores.at(-1);
    if (last === undefined || stores.length < STORES) return;
    after = last.course;
  }
}

/** An address, and the digest that stands for it (1.0.3 part 2, section 2.4.2.3). */
function asMailed(email: string): Actor[] {
  const mbox = `mailto:${email}`;
  return [{ mbox }, { mbox_sha1sum: nodeCrypto().createHash("sha1").update(mbox).digest("hex") }];
}

/** Home pages are compared without the slash at their end, but stored as they were sent. */
function asAccounts(page: string, name: string): Actor[] {
  const bare = page.replace(/\/+$/, "");
  return [bare, `${bare}/`].map((homePage) => ({ account: { homePage, name } }));
}
