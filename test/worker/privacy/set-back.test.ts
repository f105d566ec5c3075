import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { subjectOf } from "../../../src/identity/index.ts";
import { resumeErasures, runErasure, SETTLE_MS } from "../../../src/privacy/erasure.ts";
import { watchErasures } from "../../../src/privacy/revived.ts";
import { runCron } from "../../support/worker/courses.ts";
import { call } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { admin, erase, makeCourse, makePerson, progressOf, traces } from "./support.ts";

let slug: string;
beforeAll(async () => {
  slug = await makeCourse();
});

/** Rows of the person as they were in D1, put back as by a point-in-time recovery that knows of no erasure. */
async function setBack(user: string, rows: Map<string, Record<string, unknown>[]>): Promise<void> {
  await spread.batch([
    spread.prepare("DELETE FROM tombstones WHERE subject = ?").bind(await subjectOf(user)),
    spread.prepare("DELETE FROM erasures WHERE subject = ?").bind(await subjectOf(user)),
    spread.prepare("DELETE FROM erasure_watch"),
    ...[...rows].flatMap(([table, list]) =>
      list.map((row) => {
        const names = Object.keys(row);
        const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
        return spread.prepare(sql).bind(...Object.values(row));
      }),
    ),
  ]);
}

const rowsOf = async (user: string) => {
  const rows = new Map<string, Record<string, unknown>[]>();
  for (const [table, column] of [
    ["users", "id"],
    ["accounts", "user_id"],
    ["enrollments", "user_id"],
    ["translation_sessions", "owner"],
  ] as const) {
    const { results } = await spread
      .prepare(`SELECT * FROM ${table} WHERE ${column} = ?`)
      .bind(user)
      .all<Record<string, unknown>>();
    rows.set(table, results);
  }
  return rows;
};

describe("[fault 7] a database that was set back", () => {
  it("finds who was erased in the list beside the backups, and erases them again within a minute", async () => {
    const ada = await makePerson(slug);
    const eve = await makePerson(slug);
    const before = await traces(eve);
    const rows = await rowsOf(ada.id);
    expect((await erase(ada.id)).status).toBe(202);
    await resumeErasures(env, Date.now() + SETTLE_MS + 1_000);
    expect(await traces(ada)).toEqual([]);
    await setBack(ada.id, rows);
    expect(await traces(ada)).not.toEqual([]);

    await runCron("* * * * *");
    await runErasure(env, await subjectOf(ada.id), Date.now());
    expect((await progressOf(ada.id)).state).toBe("settling");
    expect(await traces(ada)).toEqual(["D1 erasures"]);
    expect(await traces(eve)).toEqual(before);
    expect((await erase(eve.id)).status).toBe(202);
  });

  it("has an erasure noted beside the backups before it is answered", async () => {
    const ada = await makePerson(slug);
    const answer = await call("DELETE", `/users/${ada.id}`, { token: await admin() });
    expect(answer.status).toBe(202);
    expect(await env.BACKUPS.head(`erased/${await subjectOf(ada.id)}`)).not.toBeNull();
  });

  it("erases everybody on a list that was brought to a running deployment", async () => {
    const ada = await makePerson(slug);
    const list = { format: 1 as const, at: Date.now(), subjects: [await subjectOf(ada.id)] };
    const { signErasures } = await import("../../../src/privacy/erasure-list.ts");
    const body: unknown = JSON.parse(await signErasures(env.AUTH_SECRET, list));
    expect((await call("PUT", "/system/erasures", { token: await admin(), body })).status).toBe(200);
    await watchErasures(env, Date.now());
    await runErasure(env, await subjectOf(ada.id), Date.now());
    expect(await traces(ada)).toEqual(["D1 erasures"]);
  });
});
