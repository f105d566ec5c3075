import { indexTerms } from "../../shared/words.ts";
import { detailsSchema } from "../entry.ts";
import { pseudonymsIn } from "../people.ts";
import type { EntryRow, Person } from "./contract.ts";

/** Entries of one D1 batch, and removals of one. */
export const PROJECTION_PAGE = 500;

/** A place of the chain is written once: what stands there first stays, and the verifier compares it. */
const INSERT = `
  INSERT INTO audit_log (chain, seq, hash, key, action, occurred_at, received_at, actor_id, actor_role, target_type,
    target_id, course, enrollment, request_id, outcome, details, reported_by, tokens)
  SELECT ?1, value ->> 'seq', value ->> 'hash', value ->> 'key', value ->> 'action', value ->> 'occurred_at',
    value ->> 'received_at', value ->> 'actor_id', value ->> 'actor_role', value ->> 'target_type',
    value ->> 'target_id', value ->> 'course', value ->> 'enrollment', value ->> 'request_id', value ->> 'outcome',
    value ->> 'details', value ->> 'reported_by', value ->> 'tokens'
  FROM json_each(?2) WHERE true ON CONFLICT (chain, seq) DO NOTHING`;

const INSERT_PEOPLE = `
  INSERT INTO audit_people (pseudonym, user_id) SELECT value ->> 'pseudonym', value ->> 'user_id' FROM json_each(?)
  WHERE true ON CONFLICT DO NOTHING`;

const REMOVE = `
  DELETE FROM audit_log WHERE id IN
    (SELECT id FROM audit_log WHERE chain = ?1 AND seq <= ?2 ORDER BY seq LIMIT ${PROJECTION_PAGE})
  RETURNING id`;

/** Writes entries to the database they are searched in; a second time changes nothing. */
export async function projectEntries(
  db: D1Database,
  chain: string,
  rows: readonly EntryRow[],
  people: readonly Person[],
): Promise<void> {
  const projected = rows.map((row) => ({ ...row, tokens: tokensOf(row) }));
  await db.batch([
    db.prepare(INSERT_PEOPLE).bind(JSON.stringify(people)),
    db.prepare(INSERT).bind(chain, JSON.stringify(projected)),
  ]);
}

/** Removes what was purged. */
export async function removeEntries(db: D1Database, chain: string, upTo: number): Promise<void> {
  for (let removed = PROJECTION_PAGE; removed === PROJECTION_PAGE; ) {
    removed = (await db.prepare(REMOVE).bind(chain, upTo).all()).results.length;
  }
}

function tokensOf(row: EntryRow): string {
  const { action, target_type, target_id, course, outcome } = row;
  const details = Object.values(detailsSchema.safeParse(JSON.parse(row.details)).data ?? {});
  // People are found by the filters: their pseudonyms are no words.
  const target = pseudonymsIn(target_id).length === 0 ? target_id : null;
  const texts = [action, target_type, target, course, outcome, ...details];
  return indexTerms(texts.filter((text) => typeof text === "string").join(" "));
}
