import { loadOutside } from "../../identity/index.ts";
import { countedDatabase } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { logFault } from "../../platform/log.ts";
import { inParallel } from "../../platform/parallel.ts";
import { dropLeft, leavingStill } from "./statements/people.ts";

// A platform was removed or switched off. Who its people are stands in `lti_leaving` with that change, in one transaction. What
// they have open ends page by page, at once; and it is looked again for a while, because a launch may have been under way.

/** The message that asks for the next page. */
export const ASK_LEAVING = { type: "lti", id: "leaving" } as const;
/** How long it is looked for what was under way: longer than any request takes. */
export const LEAVING_MS = 2 * 60_000;
/** People of one run, and how many at a time. */
const MOST_LEAVE = 200;
const PARALLEL = 10;

/**
 * Ends sessions of people who are leaving, their streams, and launches that wait. Harmless to repeat.
 * @returns whether there may be more.
 */
export async function endLeaving(env: Env, now: number): Promise<boolean> {
  const { results } = await leavingStill(directory(env), now, MOST_LEAVE).all<{ user_id: string }>();
  const { endEverything } = await loadOutside();
  const deps = { env, db: countedDatabase(directory(env), { count: 0 }), secret: env.AUTH_SECRET, now: new Date(now) };
  let isLate = false;
  await inParallel(results, PARALLEL, async ({ user_id }) => {
    if (!(await endEverything(deps, user_id)).ok) isLate = true;
  });
  await dropLeft(directory(env), now).run();
  // What could not be ended now is tried again by the next minute, not at once and for ever.
  return results.length === MOST_LEAVE && !isLate;
}

/** Ends what can be ended in the time of a request, and asks for the rest. */
export async function signOutNow(env: Env, now: number): Promise<void> {
  try {
    if (await endLeaving(env, now)) await env.IMPORT_QUEUE.send(ASK_LEAVING);
  } catch (cause) {
    // It stands in the table: the next minute goes on.
    logFault("lti_people_not_signed_out", cause);
  }
}
