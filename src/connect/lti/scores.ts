import { z } from "zod";
import { directory, everyShard, forCourse } from "../../platform/database/shards.ts";
import { enrollmentId, parseEnrollmentId } from "../../platform/ids.ts";
import { toInstant } from "../../platform/instants.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import { inParallel } from "../../platform/parallel.ts";
import type { LinkLaunch } from "./claims.ts";
import { addressBelow } from "./gradebook.ts";
import { outside } from "./outside.ts";
import { reaches } from "./reach.ts";
import { courseRow, courseScore, factRow, itemScore, type Score } from "./score.ts";
import { callService, SCORE_SCOPE, ServiceFault } from "./services.ts";
import { platformById } from "./statements/platforms.ts";
import {
  changesIn,
  claimScores,
  dropChange,
  factOf,
  noteGiven,
  noteScoreFailed,
  noteScoreSent,
  progressOf,
  restScore,
  scoresDue,
  setScore,
  wakeScores,
} from "./statements/scores.ts";
import { type Platform, platformRow } from "./tables.ts";
import type { Target } from "./target.ts";

// Scores out. That something changed is noted by the database itself, in the transaction that changes it. Every minute,
// what was noted wakes the columns of gradebooks it is for, and what is awake is sent: by the state of now, so that
// messages which come twice or in another order have no effect.

/** Changes taken from each database, and scores sent, by one run. */
const MOST_CHANGES = 500;
const MOST_SENT = 50;
/** Requests at once: the platform allows six. */
const PARALLEL = 4;
/** A score is another worker's again after so long without a word. */
const LEASE_MS = 5 * 60_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** Then it rests until something changes or an operator sends it again: two days. */
const MAX_ATTEMPTS = 18;
/** Percentages of one column that are remembered as sent. */
const MOST_GIVEN = 50;

const changeRow = z.object({ enrollment_id: z.string(), seq: z.int() });
const scoreRow = z.object({
  platform: z.string(),
  deployment: z.string(),
  link: z.string(),
  user_id: z.string(),
  subject: z.string(),
  course_slug: z.string(),
  item: z.string().nullable(),
  line_item: z.string(),
  due_at: z.int(),
  attempts: z.int(),
  sent: z.string().nullable(),
  given: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.array(z.number())),
});
type ScoreRow = z.output<typeof scoreRow>;

const NOTHING: Score = { activityProgress: "Initialized", gradingProgress: "NotReady" };

/** The message that asks for what is due. */
const ASK = { type: "lti", id: "scores" } as const;

/** Remembers the column of a gradebook that a launch is for, if its platform takes scores. It is sent where there is one. */
export async function rememberColumn(
  env: Env,
  platform: Platform,
  { scores, deployment, link, subject }: LinkLaunch,
  user: string,
  { course, item }: Target,
  now: number,
): Promise<void> {
  const address = scores?.lineitem ?? null;
  if (scores === null || address === null || !scores.scopes.includes(SCORE_SCOPE)) return;
  if (outside(env).check(address) !== null) {
    logEvent("lti_line_item_refused", { platform: platform.id });
    return;
  }
  await setScore(directory(env), platform.id, deployment, link, user, subject, course, item, address, now).run();
}

/** Wakes the columns of what was noted. A database that does not answer keeps the others waiting for nothing. */
async function wake(env: Env, now: number): Promise<void> {
  const db = directory(env);
  for (const shard of everyShard(env)) {
    try {
      const { results } = await changesIn(shard.db, MOST_CHANGES).all();
      const changes = z.array(changeRow).parse(results);
      for (let at = 0; at < changes.length; at += 50) {
        const page = changes.slice(at, at + 50);
        await db.batch(
          page.map(({ enrollment_id }) => {
            const { course, user } = parseEnrollmentId(enrollment_id);
            return wakeScores(db, user, course, now);
          }),
        );
        await shard.db.batch(page.map(({ enrollment_id, seq }) => dropChange(shard.db, enrollment_id, seq)));
      }
    } catch (fault) {
      logFault("lti_changes_unread", fault, { shard: shard.name });
    }
  }
}

/** What changed is awake, and what is due is asked for. */
export async function watchScores(env: Env, now: number): Promise<void> {
  await wake(env, now);
  if ((await scoresDue(directory(env), now).first()) !== null) await env.IMPORT_QUEUE.send(ASK);
}

/** Sends what is due, and asks for the rest. */
export async function sendScores(env: Env): Promise<void> {
  const now = Date.now();
  const { results } = await claimScores(directory(env), now, now + LEASE_MS, MOST_SENT).all();
  const rows = z.array(scoreRow).parse(results);
  for (const [id, [first, ...rest]] of Map.groupBy(rows, ({ platform }) => platform)) {
    // The first one gets the token for all.
    if (first !== undefined) await sendOne(env, id, first);
    await inParallel(rest, PARALLEL, (row) => sendOne(env, id, row));
  }
  if (rows.length === MOST_SENT) await env.IMPORT_QUEUE.send(ASK);
}

/** What D1 says that a learner has reached. */
async function scoreNow(env: Env, { course_slug, user_id, item }: ScoreRow): Promise<Score | null> {
  const db = await forCourse(env, course_slug);
  const enrollment = enrollmentId(course_slug, user_id);
  if (item === null) {
    const row = await progressOf(db, enrollment).first();
    return row === null ? null : courseScore(courseRow.parse(row));
  }
  const row = await factOf(db, enrollment, item).first();
  return itemScore(row === null ? null : factRow.parse(row));
}

/** Before a score goes out: what the gradebook says later is then known to be ours, also if no answer arrives. */
async function rememberGiven(db: D1Database, row: ScoreRow, given: number | undefined): Promise<void> {
  if (given === undefined || row.given.at(-1) === given) return;
  const all = [...row.given.filter((one) => one !== given), given].slice(-MOST_GIVEN);
  await noteGiven(db, row.platform, row.deployment, row.link, row.user_id, JSON.stringify(all)).run();
}

async function sendOne(env: Env, id: string, row: ScoreRow): Promise<void> {
  const db = directory(env);
  const key = [row.platform, row.deployment, row.link, row.user_id, row.due_at] as const;
  try {
    // Asked before each one: what an operator takes away is sent no more.
    const found = await platformById(db, id).first();
    // Removed with its scores.
    if (found === null) return;
    const platform = platformRow.parse(found);
    if (!platform.settings.enabled) {
      await restScore(db, ...key, Date.now() + LONGEST_WAIT_MS).run();
      return;
    }
    if (!(await reaches(env, platform, row))) {
      await noteScoreFailed(db, ...key, null, "course_refused", Date.now()).run();
      return;
    }
    // What was taken back is told too: a score without a number clears the column.
    const score = (await scoreNow(env, row)) ?? (row.sent === null ? null : NOTHING);
    const said = score === null ? null : JSON.stringify(score);
    if (said === null || said === row.sent) {
      await noteScoreSent(db, ...key, row.sent, null).run();
      return;
    }
    await rememberGiven(db, row, score?.scoreGiven);
    const now = Date.now();
    const body = JSON.stringify({ userId: row.subject, timestamp: toInstant(now), ...score });
    const headers = { "content-type": "application/vnd.ims.lis.v1.score+json" };
    const request = { method: "POST", headers, body };
    const answer = await callService(env, platform, SCORE_SCOPE, addressBelow(row.line_item, "scores"), request, now);
    if (answer.status >= 300) throw new ServiceFault(`score_refused: ${answer.status}`);
    await noteScoreSent(db, ...key, said, now).run();
  } catch (fault) {
    const why = fault instanceof ServiceFault ? fault.message : "internal";
    if (!(fault instanceof ServiceFault)) logFault("lti_score_failed", fault, { platform: row.platform });
    logEvent("lti_score_not_sent", { platform: row.platform, why });
    const now = Date.now();
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (row.attempts - 1), LONGEST_WAIT_MS);
    const next = row.attempts >= MAX_ATTEMPTS ? null : now + wait;
    await noteScoreFailed(db, ...key, next, why, now).run();
  }
}
