import { callBroadcastLog, callChannel } from "../../events/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { answered, exportedBy } from "../object-source.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { archivedEvents, dropArchivedEvents } from "../statements/events.ts";

const PLACES: readonly UserColumn[] = [["event_log", "user_id"]];

/** Archived events removed by one call. */
const PAGE = 1_000;

/** Live events: the channel of the user, and their archived events in D1. */
export const eventsSource: PersonalDataSource = {
  name: "events",
  async holds(env, user) {
    if (await anyRow(directory(env), PLACES, user)) return true;
    return answered(await callChannel(env, user, (stub) => stub.exportOf(null))).rows.length > 0;
  },
  // Channels cannot be listed; a restore finds them in its backup.
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    yield* exportedBy((from) => callChannel(env, user, (stub) => stub.exportOf(from)));
    let after = { at: -1, id: "" };
    for (;;) {
      const { results } = await archivedEvents(directory(env), user, after.at, after.id, PAGE).all<{
        at: number;
        id: string;
      }>();
      for (const row of results) yield { kind: "archived_event", row };
      const last = results.at(-1);
      if (last === undefined || results.length < PAGE) return;
      after = last;
    }
  },
  async erase(env, user) {
    answered(await callChannel(env, user, (stub) => stub.erase()));
    answered(await callBroadcastLog(env, (stub) => stub.forgetReader(user)));
    const { meta } = await dropArchivedEvents(directory(env), user, PAGE).run();
    return meta.changes === PAGE ? "more" : "done";
  },
};
