import { z } from "zod";
import { type CourseEntry, type CoursePointer, fetchCourse } from "../../courses/index.ts";
import { type Act, loadPlacing } from "../../people/index.ts";
import { countedDatabase } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { fnv1a } from "../../platform/hash.ts";
import { DAY_MS } from "../../platform/instants.ts";
import { logEvent, logFault } from "../../platform/log.ts";
import type { LinkLaunch } from "./claims.ts";
import { type Difference, differenceOf, type KnownMember, mayGo } from "./difference.ts";
import { sourceOf } from "./enter.ts";
import { readMembers } from "./member-list.ts";
import { outside } from "./outside.ts";
import { accountsFor } from "./people.ts";
import { placesElsewhere } from "./places.ts";
import { LINE_ITEMS_SCOPE, RESULTS_SCOPE, ServiceFault } from "./services.ts";
import {
  claimContext,
  FORGET_MEMBERS,
  KEEP_MEMBERS,
  membersOf,
  noteContextFailed,
  noteContextRead,
  restContext,
  setContext,
} from "./statements/contexts.ts";
import { platformById } from "./statements/platforms.ts";
import { type Platform, platformRow } from "./tables.ts";
import { mayOpen } from "./target.ts";

// Names and roles in: who is a member of a course of a platform is enrolled here, or made what its teachers are; who was and
// is no more, is withdrawn. Only what differs from the last reading is carried out, so that what staff here decided about
// somebody stands until their platform says something new.

/** People who come, and who go, at one time; the next message goes on. */
const MOST_COME = 1_000;
const MOST_GO = 300;
/** A reading is another worker's after so long without a word. */
const LEASE_MS = 10 * 60_000;
const FIRST_WAIT_MS = 5 * 60_000;
/** After more failures in a row, it is tried once a night. */
const MAX_ATTEMPTS = 6;

const contextRow = z.object({
  platform: z.string(),
  deployment: z.string(),
  context: z.string(),
  course_slug: z.string(),
  members_url: z.string(),
  differences_url: z.string().nullable(),
  most_removed: z.int().nullable(),
  due_at: z.int(),
  attempts: z.int(),
});
type ContextRow = z.output<typeof contextRow>;
type OpenCourse = CourseEntry & { pointer: CoursePointer };
const memberRow = z.object({ subject: z.string(), user_id: z.string(), place: z.enum(["learner", "teacher"]) });

/** Rights with which a gradebook can be read. */
const GRADEBOOK = [RESULTS_SCOPE, LINE_ITEMS_SCOPE];

/** Remembers where the members of a platform's course are listed, which are read at once and then each night; and its columns. */
export async function rememberContext(
  env: Env,
  platform: Platform,
  { context, deployment, members, scores }: LinkLaunch,
  course: string,
  now: number,
): Promise<void> {
  const columns = scores?.scopes.some((scope) => GRADEBOOK.includes(scope)) === true ? scores.lineitems : null;
  const own = (address: string | null, event: "lti_members_url_refused" | "lti_columns_url_refused") => {
    if (address === null || outside(env).check(address) === null) return address;
    logEvent(event, { platform: platform.id });
    return null;
  };
  const addresses = [own(members, "lti_members_url_refused"), own(columns, "lti_columns_url_refused")] as const;
  if (context === null || addresses.every((address) => address === null)) return;
  const title = context.title?.slice(0, 200) ?? null;
  const db = directory(env);
  await setContext(db, platform.id, deployment, context.id, course, title, addresses[0], now, addresses[1]).run();
}

/** When a course is read next: the next night, each at a minute of its own. */
function nextNight({ platform, context, course_slug }: ContextRow, now: number): number {
  const minute = fnv1a(`${platform} ${context} ${course_slug}`) % 180;
  const tonight = Math.floor(now / DAY_MS) * DAY_MS + 3 * 3_600_000 + minute * 60_000;
  return tonight > now ? tonight : tonight + DAY_MS;
}

/** Reads one course that is due. @returns whether another may be due. */
export async function readNextContext(env: Env): Promise<boolean> {
  const now = Date.now();
  const claimed = await claimContext(directory(env), now, now + LEASE_MS).first();
  if (claimed === null) return false;
  const row = contextRow.parse(claimed);
  try {
    const read = await readContext(env, row, now);
    if (read === null) await restContext(directory(env), ...keyOf(row), nextNight(row, now)).run();
    else {
      const { next, counts, differences, allowed } = read;
      await noteContextRead(directory(env), ...keyOf(row), next, now, counts, differences, allowed).run();
    }
  } catch (fault) {
    const why = fault instanceof ServiceFault ? fault.message : "internal";
    if (!(fault instanceof ServiceFault)) logFault("lti_members_failed", fault, { platform: row.platform });
    logEvent("lti_members_not_read", { platform: row.platform, why });
    const wait = FIRST_WAIT_MS * 2 ** (row.attempts - 1);
    const next = row.attempts >= MAX_ATTEMPTS || isForPeople(why) ? nextNight(row, now) : now + wait;
    // What an operator has allowed was for another number.
    const allowed = /^removal_unconfirmed/.test(why) ? null : row.most_removed;
    await noteContextFailed(directory(env), ...keyOf(row), next, Date.now(), why, allowed).run();
  }
  return true;
}

/** What only a person changes is not tried again before the night. */
const isForPeople = (why: string) => /^(removal_unconfirmed|course_)/.test(why);

const keyOf = (row: ContextRow) => [row.platform, row.deployment, row.context, row.course_slug, row.due_at] as const;

/** The platform of a course, as long as it may have its members read. */
async function platformFor(env: Env, row: ContextRow): Promise<Platform | null> {
  const found = await platformById(directory(env), row.platform).first();
  const platform = found === null ? null : platformRow.parse(found);
  return platform?.settings.enabled === true ? platform : null;
}

/** @returns null where the platform is removed or switched off: nothing is read, and nothing that was read is carried out. */
async function readContext(env: Env, row: ContextRow, now: number) {
  const db = directory(env);
  const platform = await platformFor(env, row);
  if (platform === null) return null;
  const { courses, deployments } = platform.settings;
  const isAllowed = deployments.includes(row.deployment);
  const course = isAllowed ? await fetchCourse(countedDatabase(db, { count: 0 }), row.course_slug) : null;
  if (course === null || course.pointer === null || !mayOpen(courses, course)) throw new ServiceFault("course_refused");
  const isWhole = row.differences_url === null;
  const list = await readMembers(env, platform, row.differences_url ?? row.members_url, now);
  const { results } = await membersOf(db, row.platform, row.deployment, row.context, row.course_slug).all();
  const known = new Map(
    z
      .array(memberRow)
      .parse(results)
      .map(({ subject, user_id, place }): [string, KnownMember] => [subject, { subject, user: user_id, place }]),
  );
  const difference = differenceOf(list.members, known, isWhole);
  if (!mayGo(difference.goes.length, known.size, row.most_removed)) {
    throw new ServiceFault(`removal_unconfirmed: ${difference.goes.length}`);
  }
  const isMore = difference.comes.length > MOST_COME || difference.goes.length > MOST_GO;
  const part = { comes: difference.comes.slice(0, MOST_COME), goes: difference.goes.slice(0, MOST_GO) };
  // Reading takes minutes: an operator may have removed the platform meanwhile, or switched it off.
  if ((await platformFor(env, row)) === null) return null;
  const counts = await carryOut(env, platform, { ...course, pointer: course.pointer }, row, part, now);
  return {
    // What is left comes with the same list.
    next: isMore ? now : nextNight(row, now),
    differences: isMore ? row.differences_url : list.differences,
    // Of those whose removal an operator has confirmed, some go with the next part.
    allowed: isMore && row.most_removed !== null ? Math.max(row.most_removed - part.goes.length, 0) : null,
    counts: JSON.stringify({
      members: known.size + part.comes.filter(({ before }) => before === null).length - part.goes.length,
      ...counts,
    }),
  };
}

async function carryOut(
  env: Env,
  platform: Platform,
  course: OpenCourse,
  row: ContextRow,
  { comes, goes }: Difference,
  now: number,
): Promise<Record<string, number>> {
  const { applyActs, Tally } = await loadPlacing();
  const users = await accountsFor(env, platform.id, comes, now);
  const { teachers } = platform.settings;
  const acts: Act[] = [];
  const keeps: { subject: string; user: string; place: string }[] = [];
  const elsewhere = await placesElsewhere(
    env,
    [...users.values(), ...goes.map(({ user }) => user)],
    row.deployment,
    row.context,
    row.course_slug,
  );
  const isStaffHere = (user: string) => course.members.get(user) === "co_author" || course.owner_id === user;
  for (const { subject, place, before } of comes) {
    const user = users.get(subject);
    // Somebody who is being erased at this moment comes the next time.
    if (user === undefined) continue;
    keeps.push({ subject, user, place });
    if (place === "teacher" && !isStaffHere(user)) acts.push({ do: "member", user, role: teachers });
    if (place === "learner") acts.push({ do: "learner", user, cohorts: null });
    const hasTaught = place === "learner" && before === "teacher";
    if (hasTaught && !elsewhere.has(`teacher ${user}`)) acts.push({ do: "member", user, role: null });
  }
  for (const { user, place } of goes) {
    if (elsewhere.has(`${place} ${user}`)) continue;
    acts.push(place === "learner" ? { do: "withdraw", user } : { do: "member", user, role: null });
  }
  const tally = new Tally({}, []);
  const db = directory(env);
  const actor = { id: platform.owner, role: "admin" as const, request_id: `lti-${platform.id}` };
  await applyActs(
    { env, db: countedDatabase(db, { count: 0 }), course, source: sourceOf(platform.id), actor },
    acts,
    tally,
  );
  const key = [row.platform, row.deployment, row.context, row.course_slug] as const;
  const gone = goes.map(({ subject }) => subject);
  const notes = [...KEEP_MEMBERS.over(db, keeps, ...key), ...FORGET_MEMBERS.over(db, gone, ...key)];
  if (notes.length > 0) await db.batch(notes);
  return Object.fromEntries(tally.counts);
}
