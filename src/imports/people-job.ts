import { sql } from "drizzle-orm";
import { type CourseEntry, fetchCourse, loadImporting, mayManage } from "../courses/index.ts";
import { loadBulk } from "../enrollment/index.ts";
import { type AddressOwner, accountsByMail, foreignAmong } from "../identity/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { courseDatabases } from "../platform/database/course-databases.ts";
import type { Actor } from "../platform/http/context.ts";
import { enrollmentId } from "../platform/ids.ts";
import type { FieldError } from "../platform/results.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { archiveKey, peopleKey, reportKey } from "./keys.ts";
import { MAX_ERRORS } from "./limits.ts";
import {
  ownAddresses,
  type PeoplePlan,
  type Place,
  type PlannedLearner,
  peoplePlanSchema,
  planOf,
  type Roster,
} from "./people-plan.ts";
import { IMPORT_RULE, ownerNow } from "./rights.ts";
import { bucketSource } from "./source.ts";
import { endPeople, findImport, type Held, note } from "./store.ts";
import type { ImportRow } from "./tables.ts";

/** People enrolled, and facts recorded, between two notes of how far the job is. */
const LEARNERS_AT_ONCE = 100;
const FACTS_AT_ONCE = 500;
/** Enrollments looked at by one statement. */
const PAGE = 500;
/** Times that what is not available is asked again by one attempt, and the wait before. */
const TRIES = 3;
const WAIT_MS = 500;

type Progress = (bytes: number) => Promise<void>;

/** The job is another worker's by now, or nobody's. */
class LeaseLost extends Error {}

function keep(isOurs: boolean): void {
  if (!isOurs) throw new LeaseLost("the job is another worker's by now");
}

const asJson = { httpMetadata: { contentType: "application/json" } };

/** Reads who is in an archive, and says what importing them would do. Nothing of a course changes. */
export async function lookAtPeople(env: Env, db: Database, held: Held, progress: Progress): Promise<Result<null>> {
  const { row } = held;
  const owner = await managed(env, db, row);
  if (!owner.ok) return owner;
  const from = row.source_id === null ? undefined : await findImport(db, row.source_id);
  if (from === undefined || from.held === 0) return gone();
  const { readArchive } = await loadImporting();
  const { name, size, course_slug: slug } = from;
  const source = bucketSource(env.DOCUMENTS, { key: archiveKey(from.id), name, size }, progress);
  const read = await readArchive(from.format, source, slug, true);
  if (source.fault !== null) throw source.fault.reason;
  if (!read.ok) return read;
  const plan = planOf(read.value.people, from.name);
  if (!plan.ok) return plan;
  const roster = await rosterOf(env, db, owner.value, plan.value);
  await env.DOCUMENTS.put(peopleKey(row.id), JSON.stringify(plan.value), asJson);
  await env.DOCUMENTS.put(reportKey(row.id), JSON.stringify(roster), asJson);
  const counts: Record<string, number> = { learners: roster.learners.length, facts: plan.value.facts.length };
  for (const { outcome } of roster.learners) counts[outcome] = (counts[outcome] ?? 0) + 1;
  keep(await endPeople(db, held, { counts, bytes_read: size, reported: 1 }, Date.now()));
  return ok(null);
}

const gone = () => refuse("not_found", { detail: "The archive is not kept any more; upload it again." });

/** For whom a job about people is, and the course that it is about. */
interface Managed {
  actor: Actor;
  course: CourseEntry;
}

/** The owner, as far as they may still say who is in the course. @throws where that is not known. */
async function managed(env: Env, db: Database, row: ImportRow) {
  const owner = await ownerNow(env, row, Date.now());
  if (!owner.ok && owner.refusal.code === "unavailable")
    throw new Error("it is not known now whether the owner may still import");
  if (!owner.ok) return owner;
  const course = await fetchCourse(db, row.course_slug);
  if (course === null) return refuse("course_not_found");
  if (!mayManage(owner.value, course)) return refuse("forbidden", { detail: IMPORT_RULE });
  return ok({ actor: owner.value, course, pointer: course.pointer });
}

async function rosterOf(env: Env, db: Database, { actor, course: entry }: Managed, plan: PeoplePlan): Promise<Roster> {
  const course = entry.slug;
  const { own, accounts } = await accountsOf(env, db, { actor, course: entry }, plan);
  const factsOf = new Map<string, number>();
  for (const { name } of plan.facts) factsOf.set(name, (factsOf.get(name) ?? 0) + 1);
  const ids = [...accounts.values()].map(({ id }) => enrollmentId(course, id));
  const enrolled = await enrolledAmong(env, course, ids);
  const placeOf = (learner: PlannedLearner): Place => {
    if (learner.email === null) return "no_address";
    if (!own.has(learner.email)) return "same_address";
    const account = accounts.get(learner.email);
    if (account === undefined) return "no_account";
    if (!account.isVerified) return "unverified";
    const now = enrolled.get(enrollmentId(course, account.id));
    if (now === undefined) return "enrolls";
    return isAsSaid(now, learner) ? "enrolled" : "changes";
  };
  return {
    learners: plan.learners.map((learner) => ({
      name: learner.name,
      email: learner.email,
      facts: factsOf.get(learner.name) ?? 0,
      outcome: placeOf(learner),
    })),
  };
}

/** Accounts by the addresses that one learner each has, as far as the owner of the import finds them. */
async function accountsOf(env: Env, db: Database, { actor, course }: Managed, { learners }: PeoplePlan) {
  const own = ownAddresses(learners);
  const found = await accountsByMail(db, [...own]);
  const ids = [...found.values()].map(({ id }) => id);
  const foreign = await foreignAmong(env, actor, course, ids);
  const accounts: ReadonlyMap<string, AddressOwner> = new Map([...found].filter(([, { id }]) => !foreign.has(id)));
  return { own, accounts };
}

interface Enrolled {
  id: string;
  enrolled_at: number;
  policy: string;
}

async function enrolledAmong(env: Env, course: string, ids: readonly string[]): Promise<Map<string, Enrolled>> {
  const db = await courseDatabases(env).ofCourse(course);
  const found = new Map<string, Enrolled>();
  for (let at = 0; at < ids.length; at += PAGE) {
    const set = jsonSet(oneBatch(ids.slice(at, at + PAGE)));
    const rows = await db.all<Enrolled>(
      sql`SELECT id, enrolled_at, policy FROM enrollments WHERE id IN (SELECT value FROM ${set}) AND status = 'active'`,
    );
    for (const row of rows) found.set(row.id, row);
  }
  return found;
}

/** Whether an enrollment says already what the source says. What the source leaves open is left as it is. */
function isAsSaid(now: Enrolled, { cohorts, profile, enrolled_at }: PlannedLearner): boolean {
  const policy: unknown = JSON.parse(now.policy);
  const member = (name: string): unknown =>
    typeof policy === "object" && policy !== null ? Reflect.get(policy, name) : null;
  const own = member("cohorts");
  const has = new Set(Array.isArray(own) ? own : []);
  const isSame = has.size === new Set(cohorts).size && cohorts.every((cohort) => has.has(cohort));
  const fields = member("profile");
  const fieldOf = (field: string): unknown =>
    typeof fields === "object" && fields !== null ? Reflect.get(fields, field) : undefined;
  const isDay = enrolled_at === null || Date.parse(enrolled_at) === now.enrolled_at;
  return isSame && isDay && Object.entries(profile).every(([field, value]) => fieldOf(field) === value);
}

/**
 * Enrolls the people of a roster whom verified addresses name, and records what they did, page by page: a note after each
 * says where the next attempt goes on. Each page is harmless to repeat, so that running it again changes nothing.
 */
export async function importPeople(env: Env, db: Database, held: Held): Promise<Result<null>> {
  const { row } = held;
  const owner = await managed(env, db, row);
  if (!owner.ok) return owner;
  const { actor, pointer } = owner.value;
  if (pointer === null) return refuse("course_unpublished");
  const stored = await env.DOCUMENTS.get(peopleKey(row.source_id ?? ""));
  if (stored === null) return gone();
  const plan = peoplePlanSchema.parse(await stored.json());
  const { accounts, own } = await accountsOf(env, db, owner.value, plan);
  const userOf = new Map<string, string>();
  for (const { name, email } of plan.learners) {
    const account = email !== null && own.has(email) ? accounts.get(email) : undefined;
    if (account?.isVerified === true) userOf.set(name, account.id);
  }
  const by = { id: actor.id, role: actor.role, request_id: row.request_id };
  const tally = new Tally(row);
  const learners = plan.learners.length;
  const total = learners + plan.facts.length;
  for (let at = row.applied; at < total; ) {
    const isRoster = at < learners;
    const end = isRoster ? Math.min(at + LEARNERS_AT_ONCE, learners) : Math.min(at + FACTS_AT_ONCE, total);
    if (isRoster) {
      await enrollPage(env, { slug: row.course_slug, pointer }, plan.learners.slice(at, end), userOf, by, tally);
    } else await factPage(env, plan.facts.slice(at - learners, end - learners), userOf, by, tally);
    at = end;
    keep(await note(db, held, { applied: at, size: total, ...tally.kept() }, Date.now()));
  }
  keep(await endPeople(db, held, { ...tally.told(), applied: total, size: total }, Date.now()));
  return ok(null);
}

/** What came of the people so far, also by earlier attempts. */
class Tally {
  readonly #counts: Map<string, number>;
  readonly #errors: FieldError[];

  constructor({ counts, errors }: ImportRow) {
    // SAFETY: only this class has written these columns of such a row.
    this.#counts = new Map(Object.entries(JSON.parse(counts ?? "{}") as Record<string, number>));
    // SAFETY: see above; what an attempt failed with stands among them, and goes with the next note.
    const known = JSON.parse(errors) as FieldError[];
    this.#errors = known.filter(({ rule }) => rule !== "attempt_failed");
  }

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** Somebody, or something of theirs, that could not be placed. */
  lost(what: string, path: string, message: string): void {
    this.add(what);
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ path, rule: what, message });
  }

  told() {
    return { counts: Object.fromEntries(this.#counts), errors: this.#errors };
  }

  kept() {
    return { counts: JSON.stringify(Object.fromEntries(this.#counts)), errors: JSON.stringify(this.#errors) };
  }
}

interface By {
  id: string;
  role: string;
  request_id: string;
}

async function enrollPage(
  env: Env,
  course: { slug: string; pointer: NonNullable<NonNullable<Awaited<ReturnType<typeof fetchCourse>>>["pointer"]> },
  learners: readonly PlannedLearner[],
  userOf: ReadonlyMap<string, string>,
  by: By,
  tally: Tally,
): Promise<void> {
  const { enrollAll, givenEnrolledAt, rosterRow } = await loadBulk();
  const now = Date.now();
  const known: { name: string; applicant: Parameters<typeof enrollAll>[3][number] }[] = [];
  for (const { name, email, cohorts, profile, enrolled_at } of learners) {
    const user_id = userOf.get(name);
    if (user_id === undefined) {
      const why = email === null ? "The source has no address of them." : "No account has this address verified.";
      tally.lost("not_matched", name, why);
      continue;
    }
    const fields = Object.keys(profile).length === 0 ? null : profile;
    const parsed = rosterRow.safeParse({ user_id, cohorts, profile: fields, enrolled_at });
    const day = parsed.success ? givenEnrolledAt(parsed.data.enrolled_at, now, "enrolled_at") : null;
    if (!parsed.success || (typeof day === "object" && day !== null)) {
      tally.lost(
        "invalid",
        name,
        parsed.success ? "It begins in the future." : (parsed.error.issues[0]?.message ?? ""),
      );
      continue;
    }
    known.push({ name, applicant: { user: user_id, cohorts, practice_mode: null, profile: fields, enrolled_at: day } });
  }
  let waiting = known;
  for (let tries = 1; waiting.length > 0; tries += 1) {
    const applicants = waiting.map(({ applicant }) => applicant);
    const answers = await enrollAll(env, { count: 0 }, course, applicants, by);
    if (!answers.ok) throw new Error(`nobody could be enrolled: ${answers.refusal.code}`);
    const again: typeof known = [];
    waiting.forEach((one, index) => {
      const answer = answers.value[index];
      if (answer?.ok === true) {
        tally.add(answer.value.created ? "enrolled" : answer.value.updated ? "changed" : "unchanged");
      } else if (answer?.refusal.code === "user_not_found" || answer?.refusal.code === "not_enrolled") {
        tally.lost("not_matched", one.name, "The account is gone.");
      } else again.push(one);
    });
    waiting = again;
    await pause(waiting.length, tries);
  }
}

async function factPage(
  env: Env,
  facts: PeoplePlan["facts"],
  userOf: ReadonlyMap<string, string>,
  by: By,
  tally: Tally,
): Promise<void> {
  const { importProgress, readFacts } = await loadBulk();
  let waiting = facts.flatMap(({ name, ...rest }) => {
    const user_id = userOf.get(name);
    if (user_id !== undefined) return [{ name, sent: { user_id, ...rest } }];
    tally.add("facts_not_matched");
    return [];
  });
  for (let tries = 1; waiting.length > 0; tries += 1) {
    const rows = readFacts(
      waiting.map(({ sent }) => sent),
      () => null,
    );
    const { results } = await importProgress(env, rows, by, Date.now());
    const again: typeof waiting = [];
    waiting.forEach((one, index) => {
      const outcome = results[index]?.outcome ?? "unavailable";
      if (outcome === "unavailable") again.push(one);
      else if (PLACED.has(outcome)) tally.add(`facts_${outcome}`);
      else tally.lost(`facts_${outcome}`, one.name, `A fact about ${one.sent.item} was not recorded.`);
    });
    waiting = again;
    await pause(waiting.length, tries);
  }
}

/** Outcomes of facts that need nobody's look. */
const PLACED: ReadonlySet<string> = new Set(["recorded", "waiting", "unchanged", "superseded", "held"]);

/** Waits before what was not available is asked again. @throws after the last try: another attempt goes on from here. */
async function pause(left: number, tries: number): Promise<void> {
  if (left === 0) return;
  if (tries >= TRIES) throw new Error(`${left} rows were not available`);
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS * tries));
}
