import { fnv1a } from "../../platform/hash.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import type { SourceRow } from "../tables.ts";
import { noteNextNight, workOnRoster } from "./job.ts";
import { dueSources, makeRun, noteAsked, rosterDatabase, waitingRuns } from "./store.ts";

/** Sources begun, and runs asked for, by one run of the cron: those of a minute. */
const MOST = 20;
const HOUR_MS = 3_600_000;
const MINUTES = 50;

/** The message that asks for a run: what is to be done is in its row. */
export const rosterMessage = (id: string) => ({ type: "roster", id }) as const;

/** When a source runs next: at its hour (UTC), at a minute of its own, so that not all come at once. */
export function nextNight(
  { course_slug, name, hour }: Pick<SourceRow, "course_slug" | "name" | "hour">,
  now: number,
): number | null {
  if (hour === null) return null;
  const minute = fnv1a(`${course_slug} ${name}`) % MINUTES;
  const today = Math.floor(now / DAY_MS) * DAY_MS + hour * HOUR_MS + minute * 60_000;
  return today > now ? today : today + DAY_MS;
}

/** Asks for a run; the minute's cron asks again where the queue does not answer. */
export async function askForRun(env: Env, id: string): Promise<void> {
  try {
    await env.IMPORT_QUEUE.send(rosterMessage(id));
  } catch (fault) {
    logFault("roster_not_sent", fault, { run: id });
    await noteAsked(rosterDatabase(env), [id], 0).catch((later: unknown) =>
      logFault("roster_not_sent", later, { run: id }),
    );
  }
}

/** Every minute: begins what has its hour, and asks for runs whose worker has died or failed. */
export async function watchRosters(env: Env, now: number): Promise<void> {
  const db = rosterDatabase(env);
  for (const source of await dueSources(db, now, MOST)) {
    const id = crypto.randomUUID().replaceAll("-", "");
    const { course_slug, name, owner, role } = source;
    const file_name = (source.address ?? name).split("/").at(-1)?.slice(0, 100) || name;
    const run = {
      id,
      course_slug,
      source: name,
      begun: "nightly",
      file_name,
      owner,
      role,
      request_id: `roster-${id}`,
    } as const;
    // The hour is moved first: a cron that is killed between loses a night, and never begins two runs.
    await noteNextNight(db, source, nextNight(source, now));
    if (await makeRun(db, run, now)) await askForRun(env, id);
  }
  const ids = await waitingRuns(db, now, MOST);
  if (ids.length === 0) return;
  await noteAsked(db, ids, now);
  for (const id of ids) await askForRun(env, id);
  logEvent("rosters_resumed", { runs: ids.length });
}

/** Does what a message asks for, and asks for the next step. */
export async function consumeRoster(env: Env, id: string): Promise<void> {
  if (await workOnRoster(env, id)) await askForRun(env, id);
}
