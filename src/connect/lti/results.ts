import { z } from "zod";
import { loadBulk } from "../../enrollment/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { fnv1a } from "../../platform/hash.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { sourceOf } from "./enter.ts";
import { type LineItem, readLineItems, readResults } from "./gradebook.ts";
import { columnKey, isEcho, type Judged, judged } from "./judged.ts";
import { reaches } from "./reach.ts";
import { type Column, MAX_UNKNOWN, type ResultsState, resultsRow } from "./results-kept.ts";
import { ServiceFault } from "./services.ts";
import { PEOPLE_BY_SUBJECT } from "./statements/people.ts";
import { platformById } from "./statements/platforms.ts";
import { claimResults, KEEP_RESULTS, noteResults, resultsOf } from "./statements/results.ts";
import { SENT_FOR } from "./statements/scores.ts";
import { type Platform, platformRow } from "./tables.ts";

// Results in: what teachers give in the gradebook of a platform becomes facts of the items that an operator has named. One message
// reads one column; only what differs from its last reading is told. A fact that is told twice is one, so that a reading which ends
// half way is harmless. What this tool has sent itself is not told.

/** Results that one message tells; the next one goes on. */
const MOST_TOLD = 1_000;
/** A reading is another worker's after so long without a word. */
const LEASE_MS = 10 * 60_000;
const FIRST_WAIT_MS = 5 * 60_000;
/** After more failures in a row, it is tried once a night. */
const MAX_ATTEMPTS = 6;

const claimedRow = resultsRow.extend({
  platform: z.string(),
  deployment: z.string(),
  context: z.string(),
  course_slug: z.string(),
  columns_url: z.string().nullable(),
  results_due_at: z.int(),
  results_attempts: z.int(),
});
type Claimed = z.output<typeof claimedRow>;

/** When a gradebook is read next: the next night, each at a minute of its own. */
function nextNight({ platform, context, course_slug }: Claimed, now: number): number {
  const minute = fnv1a(`results ${platform} ${context} ${course_slug}`) % 180;
  const tonight = Math.floor(now / DAY_MS) * DAY_MS + 3 * 3_600_000 + minute * 60_000;
  return tonight > now ? tonight : tonight + DAY_MS;
}

/** The platform of a gradebook, as long as it may have it read. */
async function platformFor(env: Env, row: Claimed): Promise<Platform | null> {
  const found = await platformById(directory(env), row.platform).first();
  const platform = found === null ? null : platformRow.parse(found);
  return platform?.settings.enabled === true ? platform : null;
}

/** Reads one column that is due. @returns whether another may be due. */
export async function readNextResults(env: Env): Promise<boolean> {
  const now = Date.now();
  const db = directory(env);
  const claimed = await claimResults(db, now, now + LEASE_MS).first();
  if (claimed === null) return false;
  const row = claimedRow.parse(claimed);
  const state: ResultsState = structuredClone(row.results_state);
  const kept = { unknown: row.results_unknown, listed: row.line_items };
  const note = (next: number | null, attempts: number, ends: "not yet" | "read" | "failed") =>
    noteResults(
      db,
      row.platform,
      row.deployment,
      row.context,
      row.course_slug,
      row.results_due_at,
      next,
      attempts,
      JSON.stringify(state),
      JSON.stringify(kept.unknown),
      JSON.stringify(kept.listed),
      ends === "read" ? now : null,
      ends === "failed" ? now : null,
      state.failed,
    ).run();
  const platform = await platformFor(env, row);
  if (platform === null) {
    // Removed with its gradebooks, or switched off: it is looked at again later.
    await note(nextNight(row, now), 0, "not yet");
    return true;
  }
  if (state.at === 0 && state.after === null) {
    Object.assign(state, { failed: null, unlisted: null });
    kept.unknown = [];
    kept.listed = await listed(env, platform, row, state, now);
  }
  const column = row.results[state.at];
  if (column !== undefined) await readColumn(env, platform, row, column, state, kept, now);
  if (state.at < row.results.length) {
    await note(now, row.results_attempts, "not yet");
    return true;
  }
  Object.assign(state, { at: 0, after: null, whole: false });
  const isTriedSoon = state.failed !== null && !isForPeople(state.failed) && row.results_attempts < MAX_ATTEMPTS;
  const next = isTriedSoon ? now + FIRST_WAIT_MS * 2 ** row.results_attempts : nextNight(row, now);
  const attempts = state.failed === null ? 0 : Math.min(row.results_attempts + 1, MAX_ATTEMPTS);
  await note(row.results.length === 0 ? null : next, attempts, state.failed === null ? "read" : "failed");
  return true;
}

/** What only a person changes is not tried again before the night. */
const isForPeople = (why: string) => /^course_/.test(why);

/** The columns to choose from. That they are not listed keeps no column from being read. */
async function listed(env: Env, platform: Platform, row: Claimed, state: ResultsState, now: number) {
  if (row.columns_url === null) return row.line_items;
  try {
    if (!(await reaches(env, platform, row))) return row.line_items;
    return await readLineItems(env, platform, row.columns_url, now);
  } catch (fault) {
    state.unlisted = wordOf(fault, platform);
    return row.line_items;
  }
}

function wordOf(fault: unknown, { id }: Platform): string {
  const why = fault instanceof ServiceFault ? fault.message : "internal";
  if (!(fault instanceof ServiceFault)) logFault("lti_results_failed", fault, { platform: id });
  logEvent("lti_results_not_read", { platform: id, why });
  return why;
}

/** Reads a column, or a part of it, and says in the state how it went. */
async function readColumn(
  env: Env,
  platform: Platform,
  row: Claimed,
  column: Column,
  state: ResultsState,
  kept: { unknown: string[]; listed: LineItem[] },
  now: number,
): Promise<void> {
  const before = state.columns[column.line_item];
  const counts = state.after === null || before === undefined ? {} : { ...before.counts };
  const done = (failure: string | null) => {
    const read_at = failure === null ? now : (before?.read_at ?? null);
    state.columns[column.line_item] = { read_at, counts, failure };
    state.failed ??= failure;
  };
  try {
    if (!(await reaches(env, platform, row))) throw new ServiceFault("course_refused");
    const found = await readResults(env, platform, column.line_item, now);
    const { after, unknown } = await tell(env, platform, row, column, state, found, counts, now);
    kept.unknown = [...new Set([...kept.unknown, ...unknown])].slice(0, MAX_UNKNOWN);
    state.after = after;
    done(after === null && (counts.unavailable ?? 0) > 0 ? "learners_unavailable" : null);
  } catch (fault) {
    state.after = null;
    done(wordOf(fault, platform));
  }
  if (state.after === null) state.at += 1;
}

const keptRow = z.object({ subject: z.string(), said: z.string(), told_at: z.int().nullable() });
const sentRow = z.object({
  user_id: z.string(),
  line_item: z.string(),
  given: z.string(),
  sent: z.string().nullable(),
});
const givenSchema = z.array(z.number());
const sentSchema = z.looseObject({ scoreGiven: z.number().optional() });

interface Told {
  subject: string;
  user: string;
  said: string;
  at: number;
  percent: number;
}

/** Tells what differs, up to a bound. @returns after whom to go on (null: all is told), and who is unknown. */
async function tell(
  env: Env,
  platform: Platform,
  row: Claimed,
  column: Column,
  { after, whole }: ResultsState,
  found: ReadonlyMap<string, Parameters<typeof judged>[0]>,
  counts: Record<string, number>,
  now: number,
): Promise<{ after: string | null; unknown: string[] }> {
  const db = directory(env);
  const key = [row.platform, row.deployment, row.context, row.course_slug, column.line_item] as const;
  const { results } = await resultsOf(db, ...key).all();
  const known = new Map(results.map((one) => keptRow.parse(one)).map((one) => [one.subject, one]));
  const count = (word: string, by = 1) => {
    counts[word] = (counts[word] ?? 0) + by;
  };
  const news: { subject: string; said: string; at: number; judged: Exclude<Judged, string> }[] = [];
  for (const [subject, result] of found) {
    const what = judged(result);
    if (typeof what === "string") {
      if (after === null) count(what);
      continue;
    }
    const said = `${column.item} ${column.completes ? "completes " : ""}${what.percent}`;
    const last = known.get(subject);
    const isKnown = last?.said === said;
    if (isKnown && (!whole || last.told_at === null)) continue;
    // What was told before is told with its own instant: what staff have decided since stands.
    news.push({ subject, said, at: isKnown ? (last.told_at ?? now) : now, judged: what });
  }
  const rest = news
    .filter(({ subject }) => after === null || subject > after)
    .sort((a, b) => (a.subject < b.subject ? -1 : 1));
  const part = rest.slice(0, MOST_TOLD);
  const subjects = part.map(({ subject }) => subject);
  const people = await PEOPLE_BY_SUBJECT.find<{ subject: string; user_id: string }>(db, subjects, platform.id);
  const users = new Map(people.map(({ subject, user_id }) => [subject, user_id]));
  const sent = await sentTo(db, platform, [...users.values()], column.line_item);
  const unknown: string[] = [];
  const told: Told[] = [];
  const keeps: { subject: string; user: string; said: string; told_at: number | null }[] = [];
  for (const { subject, said, at, judged: what } of part) {
    const user = users.get(subject);
    if (user === undefined) unknown.push(subject);
    else if (isEcho(what, sent.get(user) ?? [])) {
      count("own");
      keeps.push({ subject, user, said, told_at: null });
    } else told.push({ subject, user, said, at, percent: what.percent });
  }
  if (unknown.length > 0) count("unknown", unknown.length);
  // Reading takes its time: an operator may have removed the platform meanwhile, or switched it off.
  if ((await platformFor(env, row)) === null) throw new ServiceFault("platform_off");
  for (const [index, outcome] of (await record(env, platform, column, told, now)).entries()) {
    const one = told[index];
    if (one === undefined) continue;
    count(outcome);
    if (!RETOLD.has(outcome)) {
      keeps.push({ subject: one.subject, user: one.user, said: one.said, told_at: one.at });
    }
  }
  const notes = KEEP_RESULTS.over(db, keeps, ...key);
  if (notes.length > 0) await db.batch(notes);
  return { after: rest.length > part.length ? (part.at(-1)?.subject ?? null) : null, unknown };
}

/** Outcomes after which the next reading tells a result again: the person may be enrolled by then, or the item be back. */
const RETOLD = new Set(["unavailable", "not_enrolled", "item_not_found", "invalid"]);

/** Records results as facts. @returns what became of each. */
async function record(env: Env, platform: Platform, column: Column, told: readonly Told[], now: number) {
  if (told.length === 0) return [];
  const { importProgress, readFacts } = await loadBulk();
  const rows = told.map(({ user, at, percent }) => ({
    user_id: user,
    item: column.item,
    at: new Date(at).toISOString(),
    score: percent,
    ...(column.completes ? { completed: true } : {}),
  }));
  const facts = readFacts(rows, () => null);
  const actor = { id: sourceOf(platform.id), role: "service" as const };
  return (await importProgress(env, facts, actor, now)).results.map(({ outcome }) => outcome);
}

/** Percentages that were sent to one column, for each of some people. */
async function sentTo(
  db: D1Database,
  platform: Platform,
  users: readonly string[],
  lineItem: string,
): Promise<Map<string, number[]>> {
  const column = columnKey(lineItem);
  const sent = new Map<string, number[]>();
  for (const row of await SENT_FOR.find(db, users, platform.id)) {
    const { user_id, line_item, given, sent: last } = sentRow.parse(row);
    if (columnKey(line_item) !== column) continue;
    const lastGiven = last === null ? undefined : sentSchema.parse(JSON.parse(last)).scoreGiven;
    const all = [...givenSchema.parse(JSON.parse(given)), ...(lastGiven === undefined ? [] : [lastGiven])];
    sent.set(user_id, [...(sent.get(user_id) ?? []), ...all]);
  }
  return sent;
}
