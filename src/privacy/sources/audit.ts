import { drizzle } from "drizzle-orm/d1";
import { entriesAbout, forgetUser, knowsUser, usersKnown } from "../../audit/index.ts";
import { coursesOf } from "../../mirror/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

const PLACES: readonly UserColumn[] = [["audit_people", "user_id"]];

/**
 * The audit log. Its entries can never be changed, so they have only pseudonyms: an erasure forgets which user a
 * pseudonym stands for.
 */
export const auditSource: PersonalDataSource = {
  name: "audit",
  async holds(env, user) {
    if (await anyRow(directory(env), PLACES, user)) return true;
    return knowsUser(env, user);
  },
  // The chain knows everybody whom its copy in D1 knows.
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
