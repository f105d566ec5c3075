import type { PersonalDataSource } from "../source.ts";

/** Rows looked at by one statement. */
const PAGE = 1_000;

/**
 * Copies that operating the service leaves behind: answers kept for repeated requests, and messages nobody could
 * deliver. They repeat what other sources export, so nothing is exported from here.
 */
export const operationsSource: PersonalDataSource = {
  name: "operations",
  async *export() {},
  async erase(env, user) {
    const names = new RegExp(`(?<![A-Za-z0-9_-])${user}(?![A-Za-z0-9_-])`);
    await eraseAnswers(env.DB, user, names);
    await eraseLetters(env.DB, user, names);
    return "done";
  },
};

/** Both tables are walked by their keys, a page at a time: nothing in them is indexed by whom they speak of. */
async function eraseAnswers(db: D1Database, user: string, names: RegExp): Promise<void> {
  let after = { scope: "", key: "" };
  for (;;) {
    const { results } = await db
      .prepare(
        `SELECT scope, key, CASE WHEN instr(scope, ?1) + coalesce(instr(body, ?1), 0) > 0
           THEN scope || ' ' || coalesce(body, '') END AS text
         FROM idempotency_keys WHERE (scope, key) > (?2, ?3) ORDER BY scope, key LIMIT ?4`,
      )
      .bind(user, after.scope, after.key, PAGE)
      .all<{ scope: string; key: string; text: string | null }>();
    const found = results.filter(({ text }) => text !== null && names.test(text));
    if (found.length > 0) {
      await db
        .prepare(
          `DELETE FROM idempotency_keys WHERE (scope, key) IN
             (SELECT value ->> 'scope', value ->> 'key' FROM json_each(?))`,
        )
        .bind(JSON.stringify(found.map(({ scope, key }) => ({ scope, key }))))
        .run();
    }
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) return;
    after = last;
  }
}

async function eraseLetters(db: D1Database, user: string, names: RegExp): Promise<void> {
  let after = "";
  for (;;) {
    const { results } = await db
      .prepare(
        `SELECT id, CASE WHEN instr(body, ?1) + coalesce(instr(replayed_by, ?1), 0) > 0
           THEN body || ' ' || coalesce(replayed_by, '') END AS text
         FROM dead_letters WHERE id > ?2 ORDER BY id LIMIT ?3`,
      )
      .bind(user, after, PAGE)
      .all<{ id: string; text: string | null }>();
    const found = results.filter(({ text }) => text !== null && names.test(text)).map(({ id }) => id);
    if (found.length > 0) {
      await db
        .prepare("DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each(?))")
        .bind(JSON.stringify(found))
        .run();
    }
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) return;
    after = last.id;
  }
}
