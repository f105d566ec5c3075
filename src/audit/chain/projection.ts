import { directory } from "../../platform/database/shards.ts";
import { indexTerms } from "../../platform/words.ts";
import { pseudonymsIn } from "../people.ts";
import { detailsSchema } from "../shapes.ts";
import { PROJECT_ENTRIES, PROJECT_PEOPLE, removePurged } from "../statements.ts";
import type { ChainContext } from "./context.ts";
import type { EntryRow, Person } from "./contract.ts";

/** Entries of one D1 batch, and removals of one. */
const PROJECTION_PAGE = 500;

/** Writes entries to the search database; a second time changes nothing. */
async function projectEntries(
  db: D1Database,
  chain: string,
  rows: readonly EntryRow[],
  people: readonly Person[],
): Promise<void> {
  const projected = rows.map((row) => ({ ...row, tokens: tokensOf(row) }));
  const statements = [...PROJECT_PEOPLE.over(db, people), ...PROJECT_ENTRIES.over(db, projected, chain)];
  if (statements.length > 0) await db.batch(statements);
}

/** Removes what was purged. */
export async function removeEntries(db: D1Database, chain: string, upTo: number): Promise<void> {
  for (let removed = PROJECTION_PAGE; removed === PROJECTION_PAGE; ) {
    removed = (await removePurged(db, chain, upTo, PROJECTION_PAGE).all()).results.length;
  }
}

/** Brings the database for searching up to date, in the chain's order, a page at a time. */
export async function projectChain({ name, env, store, commit, scheduler }: ChainContext): Promise<void> {
  for (;;) {
    const { projected_seq, projected_base, base_seq } = store.chain();
    if (base_seq > projected_base) {
      await removeEntries(directory(env), name, base_seq);
      commit(() => store.removalProjected(base_seq));
    }
    const rows = store.entries(projected_seq, PROJECTION_PAGE);
    const last = rows.at(-1)?.seq;
    if (last === undefined) break;
    await projectEntries(directory(env), name, rows, store.peopleIn(rows));
    commit(() => store.projected(last));
  }
  commit(() => {
    const { seq, projected_seq, base_seq, projected_base } = store.chain();
    const isDone = projected_seq >= seq && projected_base >= base_seq;
    scheduler.reschedule("project", isDone ? null : Date.now());
  });
}

function tokensOf(row: EntryRow): string {
  const { action, target_type, target_id, course, outcome } = row;
  const details = Object.values(detailsSchema.safeParse(JSON.parse(row.details)).data ?? {});
  // Filters look for people by pseudonym, so pseudonyms are not among the words.
  const target = pseudonymsIn(target_id).length === 0 ? target_id : null;
  const texts = [action, target_type, target, course, outcome, ...details];
  return indexTerms(texts.filter((text) => typeof text === "string").join(" "));
}
