import { and, eq, gt, sql } from "drizzle-orm";
import { z } from "zod";
import { cutByBytes, jsonSet } from "../../platform/database/batches.ts";
import type { Database } from "../../platform/database/counted.ts";
import { rosterGrants, rosterPeople } from "../tables.ts";
import { memberGrant, observerGrant } from "./plan.ts";
import { type Keep, type KnownPerson, saidSchema } from "./shapes.ts";

// What is kept of a source between its runs.

/** Rows read by one statement: some 300 bytes each, far below what an answer of D1 may have. */
const PAGE = 5_000;
const cohortsSchema = z.array(z.string());

/** What a source said last, by external id. */
export async function knownPeople(db: Database, course: string, source: string): Promise<Map<string, KnownPerson>> {
  const known = new Map<string, KnownPerson>();
  for (let after = ""; ; ) {
    const rows = await db
      .select()
      .from(rosterPeople)
      .where(and(eq(rosterPeople.course_slug, course), eq(rosterPeople.source, source), gt(rosterPeople.person, after)))
      .orderBy(rosterPeople.person)
      .limit(PAGE)
      .all();
    for (const { person, said, user_id, learner } of rows) {
      known.set(person, {
        said: saidSchema.parse(JSON.parse(said)),
        user: user_id,
        learner: learner === null ? null : cohortsSchema.parse(JSON.parse(learner)),
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return known;
    after = last.person;
  }
}

/** Rights that a source gave, in the words of {@link planChange}. */
export async function grantsOf(db: Database, course: string, source: string): Promise<Set<string>> {
  const rows = await db
    .select({ user: rosterGrants.user_id, learner: rosterGrants.learner_id })
    .from(rosterGrants)
    .where(and(eq(rosterGrants.course_slug, course), eq(rosterGrants.source, source)))
    .all();
  return new Set(rows.map(({ user, learner }) => (learner === "" ? memberGrant(user) : observerGrant(user, learner))));
}

/** Writes what a plan keeps: only what has changed. Harmless to repeat. */
export async function keepPeople(db: Database, course: string, source: string, keeps: readonly Keep[]): Promise<void> {
  const rows = keeps.flatMap(({ id, row }) =>
    row === null ? [] : [[id, JSON.stringify(row.said), row.user, row.learner && JSON.stringify(row.learner)]],
  );
  for (const batch of cutByBytes(rows)) {
    await db.run(sql`
      INSERT INTO roster_people (course_slug, source, person, said, user_id, learner)
      SELECT ${course}, ${source}, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM ${jsonSet(batch)} WHERE true
      ON CONFLICT (course_slug, source, person) DO UPDATE
      SET said = excluded.said, user_id = excluded.user_id, learner = excluded.learner`);
  }
  const gone = keeps.filter(({ row }) => row === null).map(({ id }) => id);
  for (const batch of cutByBytes(gone)) {
    await db.run(sql`DELETE FROM roster_people WHERE course_slug = ${course} AND source = ${source}
      AND person IN (SELECT value FROM ${jsonSet(batch)})`);
  }
}
