import { drizzle } from "drizzle-orm/d1";
import { entriesAbout, forgetUser, knowsUser, usersKnown } from "../../audit/index.ts";
import { coursesOf } from "../../mirror/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

const PLACES: readonly UserColumn[] = [["audit_people", "user_id"]];

/**
 * The audit log. What it says can never be changed, so it knows users by pseudonyms only: an erasure forgets who the
 * pseudonym was.
 */
export const auditSource: PersonalDataSource = {
  name: "audit",
  async holds(env, user) {
    if (await anyRow(directory(env), PLACES, user)) return true;
    return knowsUser(env, user);
  },
  // The chain knows all whom D1 knows of it.
  people: (env, from) => usersKnown(env, from ?? ""),
  async *export(env, user) {
    const courses = await coursesOf(env, user);
    for await (const row of entriesAbout(drizzle(directory(env)), user, courses)) yield { kind: "audit_entry", row };
  },
  async erase(env, user) {
    await forgetUser(env, user);
    return "done";
  },
};
