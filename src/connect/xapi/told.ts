import { z } from "@hono/zod-openapi";
import { loadBulk } from "../../enrollment/index.ts";
import { oneBatch } from "../../platform/database/batches.ts";
import { directory } from "../../platform/database/shards.ts";
import { logFault } from "../../platform/log.ts";
import { type AlsoSaid, factOf, itemOf, toldBy } from "./facts.ts";
import { termsSought } from "./form/terms.ts";
import { instantOf } from "./form/values.ts";
import { keptRow, statementIn } from "./kept.ts";
import { verbsThatTell, type XapiSettings } from "./settings.ts";
import { NEWEST_WITH_VERBS, POSTPONE_FACTS, SETTLE_FACTS, waitingFacts } from "./statements.ts";
import { findStore, type Store } from "./store.ts";

// Facts of statements that are stored. A statement is marked in the transaction that stores it; the mark goes when its fact is
// recorded or refused for good, so that a crash between the two loses nothing. A fact that is recorded twice is one.

/** Statements of one call to the enrollments. */
const BATCH = 100;
/** How long the cron leaves a statement to the request that stored it, and to the next attempt, milliseconds. */
const WAIT_MS = 60_000;
/** Of `CompletedAndPassed`, statements of one learner, activity and verb that are looked at. */
const LOOKED_AT = 50;
const ACTOR = { id: "xapi", role: "service" } as const;

export const toldRow = keptRow.extend({ user_id: z.string().nullable(), voided: z.int() });
type ToldRow = z.output<typeof toldRow>;
const waitingRow = toldRow.extend({ course_slug: z.string() });

/** Records the facts of statements of one store. What cannot be recorded now is tried again by the cron. */
export async function tellFacts(env: Env, store: Store, rows: readonly ToldRow[], now: number): Promise<void> {
  const { course, settings } = store;
  const db = directory(env);
  const settled: [seq: number, outcome: string][] = [];
  const told: { seq: number; fact: object }[] = [];
  for (const row of rows) {
    const statement = statementIn(row);
    const user = row.user_id;
    // What was withdrawn before it was told is not told.
    const isVoid = user === null || row.voided === 1;
    const fact = isVoid ? null : await factOf(statement, settings, alsoSaid(db, course, settings, statement));
    if (user === null || fact === null) settled.push([row.seq, "no_fact"]);
    else {
      const said = instantOf(statement.timestamp ?? "") ?? now;
      const at = new Date(Math.min(Math.max(0, said), now)).toISOString();
      told.push({ seq: row.seq, fact: { user_id: user, at, ...fact } });
    }
  }
  const late: number[] = [];
  if (told.length > 0) {
    const { importProgress, readFacts } = await loadBulk();
    const facts = readFacts(
      told.map(({ fact }) => fact),
      () => null,
    );
    const { results } = await importProgress(env, facts, ACTOR, now);
    for (const { index, outcome } of results) {
      const seq = told[index]?.seq;
      if (seq === undefined) continue;
      if (outcome === "unavailable") late.push(seq);
      else settled.push([seq, outcome]);
    }
  }
  const writes = [...SETTLE_FACTS.over(db, settled, course), ...POSTPONE_FACTS.over(db, late, course, now)];
  if (writes.length > 0) await db.batch(writes);
}

/** Whether the store has a statement of the same learner about the same activity with another verb. */
function alsoSaid(
  db: D1Database,
  course: string,
  settings: XapiSettings,
  statement: ReturnType<typeof statementIn>,
): AlsoSaid {
  return async (kind) => {
    const place = itemOf(statement, settings);
    if (place === null || !("id" in statement.object)) return false;
    const registration = statement.context?.registration;
    const [term = "", ...others] = termsSought({ agent: statement.actor, activity: statement.object.id, registration });
    // Only verbs that may tell it: however much else was said of the activity, it hides none of them. In one statement, because a
    // course may give a hundred verbs one meaning.
    const sought = [
      ...others.map((other) => ["term", other]),
      ...verbsThatTell(settings, kind).map((verb) => ["verb", verb]),
    ];
    const { results } = await NEWEST_WITH_VERBS.bind(db, oneBatch(sought), course, term, LOOKED_AT).all();
    return results.some((row) => toldBy(statementIn(keptRow.parse(row)), settings) === kind);
  };
}

/** Every minute: facts that could not be recorded when their statements were stored. */
export async function sweepXapi(env: Env, now: number): Promise<void> {
  const db = directory(env);
  const { results } = await waitingFacts(db, now - WAIT_MS, BATCH).all();
  const rows = results.map((row) => waitingRow.parse(row));
  for (const [course, own] of Map.groupBy(rows, ({ course_slug }) => course_slug)) {
    try {
      const store = await findStore(env, course);
      if (store !== null) await tellFacts(env, store, own, now);
    } catch (fault) {
      // The others go on, and these go to the end of the line.
      logFault("xapi_facts_delayed", fault, { course_id: course });
      const late = own.map(({ seq }) => seq);
      await db.batch(POSTPONE_FACTS.over(db, late, course, now));
    }
  }
}

/** Records facts now, beside the answer's work; a fault leaves them to the cron. */
export async function tellFactsNow(env: Env, store: Store, rows: readonly ToldRow[], now: number): Promise<void> {
  for (let at = 0; at < rows.length; at += BATCH) {
    try {
      await tellFacts(env, store, rows.slice(at, at + BATCH), now);
    } catch (fault) {
      logFault("xapi_facts_delayed", fault, { course_id: store.course });
    }
  }
}
