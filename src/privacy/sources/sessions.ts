import { callRevocations } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { answered } from "../object-source.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { dropSessions, sessionsOf } from "../statements/sessions.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [["sessions", "user_id"]];

/** Sessions. They come early: once they are removed and revoked, the user cannot write any more. */
export const sessionsSource: PersonalDataSource = {
  name: "sessions",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const { results } = await sessionsOf(directory(env), user).all<Record<string, unknown>>();
    for (const row of results) yield { kind: "session", row };
  },
  async erase(env, user) {
    answered(await callRevocations(env, user, (stub) => stub.erase()));
    await dropSessions(directory(env), user).run();
    return "done";
  },
};
