import { z } from "zod";
import { directory } from "../../platform/database/shards.ts";
import { describeFault, logEvent, logFault } from "../../platform/log.ts";
import { placeAll } from "./place.ts";
import { GROUPS_OF, LATER_DUE, noteFault, RELEASED, SETTLED, takeDue } from "./statements.ts";

/** People looked at together, and by one run of the cron: those of a minute. */
const AT_ONCE = 500;
const MOST = 4_000;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;
/** Longer than any look at so many people takes. */
const LEASE_MS = 180_000;
const MAX_FAILURE = 200;
const SOURCE = "scim";

const dueRow = z.object({ user_id: z.string(), attempts: z.int(), changes: z.int() });
const groupRow = z.object({ user_id: z.string(), name: z.string() });

/**
 * Gives people of the directory the places of their groups, as many as are due now. Every minute, and beside the answer to
 * a change.
 * @returns how many were looked at.
 */
export async function placeDue(env: Env, now: number, most = MOST): Promise<number> {
  let looked = 0;
  while (looked < most) {
    const found = await placeSome(env, now, Math.min(AT_ONCE, most - looked));
    looked += found;
    if (found < AT_ONCE) break;
  }
  if (looked > 0) logEvent("places_looked_at", { people: looked });
  return looked;
}

async function placeSome(env: Env, now: number, limit: number): Promise<number> {
  const db = directory(env);
  const due = (await takeDue(db, SOURCE, now, limit, now + LEASE_MS).all()).results.map((row) => dueRow.parse(row));
  if (due.length === 0) return 0;
  const people = new Map<string, string[]>(due.map(({ user_id }) => [user_id, []]));
  for (const row of await GROUPS_OF.find(db, [...people.keys()])) {
    const { user_id, name } = groupRow.parse(row);
    people.get(user_id)?.push(name);
  }
  let waits = new Map<string, string>();
  try {
    waits = await placeAll(env, SOURCE, people, `groups-${now}`);
  } catch (fault) {
    logFault("places_not_given", fault);
    waits = new Map(due.map(({ user_id }) => [user_id, `unavailable: ${describeFault(fault)}`]));
  }
  const done = due.filter(({ user_id }) => !waits.has(user_id)).map(({ user_id, changes }) => [user_id, changes]);
  const later = due
    .filter(({ user_id }) => waits.has(user_id))
    .map(({ user_id, changes, attempts }) => {
      const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts, 10), LONGEST_WAIT_MS);
      return [user_id, changes, now + wait];
    });
  const [why] = waits.values();
  await db.batch([
    ...SETTLED.over(db, done, SOURCE),
    ...LATER_DUE.over(db, later, SOURCE),
    ...RELEASED.over(db, [...people.keys()], SOURCE),
    ...(why === undefined ? [] : [noteFault(db, SOURCE, now, why.slice(0, MAX_FAILURE))]),
  ]);
  return due.length;
}
