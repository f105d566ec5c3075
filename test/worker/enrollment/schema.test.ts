import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { describe, expect, it } from "vitest";
import * as auditTables from "../../../src/audit/tables.ts";
import * as backupTables from "../../../src/backup/change-tables.ts";
import * as groupTables from "../../../src/connect/groups/tables.ts";
import * as scimTables from "../../../src/connect/scim/tables.ts";
import * as providerTables from "../../../src/connect/sso/tables.ts";
import * as webhookTables from "../../../src/connect/webhooks/tables.ts";
import * as courseTables from "../../../src/courses/tables.ts";
import { SCHEMA_STEPS } from "../../../src/enrollment/schema.ts";
import * as eventTables from "../../../src/events/tables.ts";
import * as fileTables from "../../../src/files/tables.ts";
import * as hookTables from "../../../src/hooks/tables.ts";
import * as identityTables from "../../../src/identity/tables.ts";
import * as importTables from "../../../src/imports/tables.ts";
import * as insightTables from "../../../src/insight/tables.ts";
import * as learnerTables from "../../../src/learner/tables.ts";
import * as mailTables from "../../../src/mail/tables.ts";
import * as enrollmentTables from "../../../src/mirror/tables.ts";
import * as peopleTables from "../../../src/people/tables.ts";
import { hasSchema, migrate, type SchemaStep } from "../../../src/platform/cell/object-schema.ts";
import * as opsTables from "../../../src/platform/database/tables.ts";
import * as privacyTables from "../../../src/privacy/tables.ts";
import { SESSION, TASK } from "../../../src/records/translation/types.ts";
import * as stalenessTables from "../../../src/staleness/tables.ts";
import { enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { rowsOf } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, statesOf } from "../../support/worker/learners.ts";

const SECOND: SchemaStep = { id: "900_second", sql: "ALTER TABLE facts ADD COLUMN note TEXT DEFAULT 'none'" };
const THIRD: SchemaStep = { id: "901_third", sql: "CREATE TABLE extras (id INTEGER PRIMARY KEY, name TEXT NOT NULL)" };
const STEPS = [...SCHEMA_STEPS, SECOND, THIRD];

async function learner() {
  const slug = freshSlug("schema");
  await publish(ladder(slug));
  await enroll(slug, "ada");
  await completed(slug, "ada", "one");
  return slug;
}

const stepIds = async (slug: string) =>
  (await rowsOf(slug, "ada", "SELECT id FROM schema_steps ORDER BY id")).map((row) => row.id);

describe("the schema of the enrollment object", () => {
  it("[I1] can stop at a step and continue later, and keeps the rows written in between", async () => {
    const slug = await learner();
    await runInDurableObject(objectOf(slug, "ada"), (_instance, state) => {
      migrate(state.storage, STEPS, SECOND.id);
      expect(() => state.storage.sql.exec("SELECT 1 FROM extras")).toThrow(/no such table/);
      expect(state.storage.sql.exec("SELECT item, note FROM facts").toArray()).toEqual([
        { item: `${slug}.one`, note: "none" },
      ]);
      migrate(state.storage, STEPS);
      state.storage.sql.exec("INSERT INTO extras (name) VALUES ('kept')");
      migrate(state.storage, STEPS); // a third time changes nothing
      expect(state.storage.sql.exec("SELECT name FROM extras").toArray()).toEqual([{ name: "kept" }]);
    });
    expect(await stepIds(slug)).toEqual([...SCHEMA_STEPS.map((step) => step.id), SECOND.id, THIRD.id]);
  });

  it("changes nothing when a step fails, also not by the steps before it in the same run", async () => {
    const slug = await learner();
    const broken: SchemaStep = {
      id: "901_broken",
      sql: "CREATE TABLE half (id INTEGER); CREATE TABLE half (id INTEGER)",
    };
    await runInDurableObject(objectOf(slug, "ada"), (_instance, state) => {
      expect(() => migrate(state.storage, [...SCHEMA_STEPS, SECOND, broken])).toThrow(/half/);
      expect(() => state.storage.sql.exec("SELECT 1 FROM half")).toThrow(/no such table/);
    });
    expect(await stepIds(slug)).toEqual(SCHEMA_STEPS.map((step) => step.id));
  });

  it("of newer code works with older code", async () => {
    const slug = await learner();
    await runInDurableObject(objectOf(slug, "ada"), (_instance, state) => migrate(state.storage, STEPS));
    await evictDurableObject(objectOf(slug, "ada"));
    const done = await completed(slug, "ada", "two");
    expect(done.unlocked).toEqual([`${slug}.three`]);
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.one`]: "completed", [`${slug}.three`]: "unlocked" });
    expect(await stepIds(slug)).toContain(THIRD.id);
  });

  it("is not made for an object without an enrollment, and destroy removes it", async () => {
    const slug = await learner();
    const stranger = await objectOf(slug, "nobody").read({
      pointer: null,
      want: { kind: "states" },
      language: "en",
      min_seq: null,
      at: null,
      if_none_match: null,
    });
    expect(stranger).toMatchObject({ ok: false, refusal: { code: "not_enrolled" } });
    const isEmpty = (user: string) =>
      runInDurableObject(objectOf(slug, user), async (_instance, state) => ({
        schema: hasSchema(state.storage.sql),
        tables: state.storage.sql
          .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")
          .toArray(),
        alarm: await state.storage.getAlarm(),
      }));
    const nothing = { schema: false, tables: [], alarm: null };
    expect(await isEmpty("nobody")).toEqual(nothing);
    expect((await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("ada") })).status).toBe(200);
    expect(await objectOf(slug, "ada").destroy()).toMatchObject({ ok: true });
    expect(await isEmpty("ada")).toEqual(nothing);
  });
});

const tables: [string, SQLiteTable][] = [
  auditTables,
  courseTables,
  enrollmentTables,
  eventTables,
  fileTables,
  identityTables,
  mailTables,
  hookTables,
  webhookTables,
  importTables,
  insightTables,
  opsTables,
  peopleTables,
  groupTables,
  scimTables,
  providerTables,
  learnerTables,
  privacyTables,
  backupTables,
  stalenessTables,
].flatMap((room) =>
  Object.values(room).flatMap((table): [string, SQLiteTable][] =>
    is(table, SQLiteTable) ? [[getTableConfig(table).name, table]] : [],
  ),
);

describe("the tables that the code declares", () => {
  it("are those that the migrations make", async () => {
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name <> 'd1_migrations' ORDER BY name",
    ).all<{ name: string }>();
    // Tables of records are described by their record types; what searches them is derived. Those of LTI and of learning
    // records are described by the schemas of their rows, and each of their statements is explained against the tables.
    const others = results
      .map((row) => row.name)
      .filter((name) => !/^translation_|^record_fences$|^audit_log_words|^lti_|^xapi_/.test(name));
    expect(others).toEqual(tables.map(([name]) => name).sort());
    const recordTables = results.map((row) => row.name).filter((name) => /^translation_[a-z]+$/.test(name));
    expect(recordTables).toEqual([SESSION.table, TASK.table]);
  });

  it.each(tables)("%s have the same columns in D1 and in the code", async (name, table) => {
    const { columns, primaryKeys } = getTableConfig(table);
    const { results } = await env.DB.prepare(`PRAGMA table_info("${name}")`).all<{
      name: string;
      type: string;
      notnull: number;
      dflt_value: string | null;
      pk: number;
    }>();
    const composite = primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
    const known = columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      required: column.notNull,
      key: column.primary || composite.includes(column.name),
      hasDefault: column.default !== undefined,
    }));
    const stored = results.map((column) => ({
      name: column.name,
      type: column.type,
      required: column.notnull === 1 || column.pk > 0,
      key: column.pk > 0,
      hasDefault: column.dflt_value !== null,
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(known.sort(byName)).toEqual(stored.sort(byName));
    for (const column of columns) {
      const raw = results.find((row) => row.name === column.name)?.dflt_value;
      if (typeof column.default !== "string" && typeof column.default !== "number") continue;
      expect(raw?.replace(/^'(.*)'$/, "$1")).toBe(String(column.default));
    }
  });
});
