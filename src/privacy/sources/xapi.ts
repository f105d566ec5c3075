import { z } from "@hono/zod-openapi";
import { adoptRecords } from "../../connect/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import {
  dropXapiAttachments,
  dropXapiDocuments,
  dropXapiPeople,
  dropXapiStatements,
  dropXapiTerms,
  xapiAttachmentsOf,
  xapiDocumentsOf,
  xapiStatementsOf,
  xapiToDrop,
} from "../statements/xapi.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [
  ["xapi_people", "user_id"],
  ["xapi_documents", "user_id"],
];
/** Statements exported with one read, and removed with one step. */
const PAGE = 200;
/** Documents and attachments with one read: each may have a megabyte. */
const DOCUMENTS = 5;

const statementRow = z.looseObject({ course_slug: z.string(), seq: z.int() });
const attachmentRow = statementRow.extend({ sha2: z.string() });
const documentRow = z.looseObject({ position: z.int() });

/**
 * Learning records that name a user anywhere, what is attached to them, and documents kept for the user. A statement that
 * also names others is removed for all of them, because it says something about the user wherever it is kept.
 */
export const xapiSource: PersonalDataSource = {
  name: "xapi",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    const db = directory(env);
    await adoptRecords(env, user);
    for (let [course, seq] = ["", 0]; ; ) {
      const { results } = await xapiStatementsOf(db, user, course, seq, PAGE).all();
      for (const row of results) yield { kind: "statement", row };
      if (results.length < PAGE) break;
      ({ course_slug: course, seq } = statementRow.parse(results.at(-1)));
    }
    for (let [course, seq, sha2] = ["", 0, ""]; ; ) {
      const { results } = await xapiAttachmentsOf(db, user, course, seq, sha2, DOCUMENTS).all();
      for (const row of results) yield { kind: "attachment", row };
      if (results.length < DOCUMENTS) break;
      ({ course_slug: course, seq, sha2 } = attachmentRow.parse(results.at(-1)));
    }
    for (let after = 0; ; ) {
      const { results } = await xapiDocumentsOf(db, user, after, DOCUMENTS).all();
      for (const row of results) yield { kind: "document", row };
      if (results.length < DOCUMENTS) break;
      after = documentRow.parse(results.at(-1)).position;
    }
  },
  async erase(env, user) {
    const db = directory(env);
    await adoptRecords(env, user);
    const { results } = await xapiToDrop(db, user, PAGE).all();
    if (results.length === 0) {
      await dropXapiDocuments(db, user).run();
      return "done";
    }
    const rows = results.map((row) => statementRow.parse(row)).map(({ course_slug, seq }) => [course_slug, seq]);
    await db.batch([
      ...dropXapiTerms.over(db, rows),
      ...dropXapiAttachments.over(db, rows),
      ...dropXapiStatements.over(db, rows),
      ...dropXapiPeople.over(db, rows),
    ]);
    return "more";
  },
};
