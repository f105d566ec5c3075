import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

/** Where D1 has user ids of this. */
const PLACES: readonly UserColumn[] = [
  ["users", "id"],
  ["outside_bans", "user_id"],
];

/** The user, how they sign in, and one-time values sent to their address. Last, because the others are found by it. */
export const accountSource: PersonalDataSource = {
  name: "account",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const { results: rows } = await directory(env)
      .prepare("SELECT * FROM users WHERE id = ?")
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of rows) yield { kind: "user", row };
    const bans = await directory(env)
      .prepare("SELECT * FROM outside_bans WHERE user_id = ?")
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of bans.results) yield { kind: "ban", row };
    // Neither the password's hash nor another provider's tokens: they are keys, not data.
    const { results } = await directory(env)
      .prepare("SELECT provider_id, account_id, scope, created_at, updated_at FROM accounts WHERE user_id = ?")
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of results) yield { kind: "account", row };
  },
  async erase(env, user) {
    await directory(env).batch([
      directory(env)
        .prepare(
          "DELETE FROM verifications WHERE identifier IN (SELECT email FROM users WHERE id = ?1 UNION ALL SELECT ?1)",
        )
        .bind(user),
      directory(env).prepare("DELETE FROM outside_bans WHERE user_id = ?").bind(user),
      directory(env).prepare("DELETE FROM accounts WHERE user_id = ?").bind(user),
      directory(env).prepare("DELETE FROM users WHERE id = ?").bind(user),
    ]);
    return "done";
  },
};
