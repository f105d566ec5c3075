import { callGate } from "../../identity/index.ts";
import { answered } from "../object-source.ts";
import type { PersonalDataSource } from "../source.ts";

/** Sessions. First of all: when they are gone and the gate is shut, the user can write nothing any more. */
export const sessionsSource: PersonalDataSource = {
  name: "sessions",
  async *export(env, user) {
    const { results } = await env.DB.prepare(
      "SELECT id, user_agent, ip_address, created_at, expires_at FROM sessions WHERE user_id = ?",
    )
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of results) yield { kind: "session", row };
  },
  async erase(env, user) {
    answered(await callGate(env, user, (stub) => stub.erase()));
    await env.DB.prepare("DELETE FROM sessions WHERE user_id = ?").bind(user).run();
    return "done";
  },
};
