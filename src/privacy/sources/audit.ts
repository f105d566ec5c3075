import { drizzle } from "drizzle-orm/d1";
import { entriesAbout, forgetUser } from "../../audit/index.ts";
import type { PersonalDataSource } from "../source.ts";

/**
 * The audit log. What it says can never be changed, so it knows users by pseudonyms only: an erasure forgets who the
 * pseudonym was.
 */
export const auditSource: PersonalDataSource = {
  name: "audit",
  async *export(env, user) {
    for await (const row of entriesAbout(drizzle(env.DB), user)) yield { kind: "audit_entry", row };
  },
  async erase(env, user) {
    await forgetUser(env, user);
    return "done";
  },
};
