import type { PersonalDataSource } from "../source.ts";

/** The user, how they sign in, and one-time values sent to their address. Last, because the others are found by it. */
export const accountSource: PersonalDataSource = {
  name: "account",
  async *export(env, user) {
    const { results: rows } = await env.DB.prepare("SELECT * FROM users WHERE id = ?")
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of rows) yield { kind: "user", row };
    // Neither the password's hash nor another provider's tokens: they are keys, not data.
    const { results } = await env.DB.prepare(
      "SELECT provider_id, account_id, scope, created_at, updated_at FROM accounts WHERE user_id = ?",
    )
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of results) yield { kind: "account", row };
  },
  async erase(env, user) {
    await env.DB.batch([
      env.DB.prepare(
        "DELETE FROM verifications WHERE identifier IN (SELECT email FROM users WHERE id = ?1 UNION ALL SELECT ?1)",
      ).bind(user),
      env.DB.prepare("DELETE FROM accounts WHERE user_id = ?").bind(user),
      env.DB.prepare("DELETE FROM users WHERE id = ?").bind(user),
    ]);
    return "done";
  },
};
