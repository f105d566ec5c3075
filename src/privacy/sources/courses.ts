import { subjectOf } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";

/** Where D1 has user ids of this. */
const PLACES: readonly UserColumn[] = [
  ["courses", "owner_id"],
  ["course_versions", "published_by"],
  ["course_activations", "activated_by"],
];

/** Characters of the subject in a pseudonym: enough that no two are the same. */
const PSEUDONYM_LENGTH = 24;

/**
 * Courses a user wrote, and erasures an admin asked for. They are not theirs alone and stay; who wrote, published,
 * activated or asked is replaced by a name that leads to nobody.
 */
export const coursesSource: PersonalDataSource = {
  name: "courses",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const { results } = await directory(env)
      .prepare("SELECT slug, title, created_at FROM courses WHERE owner_id = ?")
      .bind(user)
      .all<Record<string, unknown>>();
    for (const row of results) yield { kind: "authored_course", row };
  },
  async erase(env, user) {
    const pseudonym = `erased-${(await subjectOf(user)).slice(0, PSEUDONYM_LENGTH)}`;
    await directory(env).batch([
      directory(env).prepare("UPDATE courses SET owner_id = ?2 WHERE owner_id = ?1").bind(user, pseudonym),
      directory(env)
        .prepare("UPDATE course_versions SET published_by = ?2 WHERE published_by = ?1")
        .bind(user, pseudonym),
      // An admin who erased others before.
      directory(env).prepare("UPDATE erasures SET requested_by = ?2 WHERE requested_by = ?1").bind(user, pseudonym),
      directory(env).prepare("UPDATE service_keys SET created_by = ?2 WHERE created_by = ?1").bind(user, pseudonym),
      directory(env)
        .prepare("UPDATE course_activations SET activated_by = ?2 WHERE activated_by = ?1")
        .bind(user, pseudonym),
    ]);
    return "done";
  },
};
