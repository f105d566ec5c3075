import { sql } from "drizzle-orm";
import { z } from "zod";
import type { CourseEntry } from "../../courses/index.ts";
import { accountsByMail, foreignAmong } from "../../identity/index.ts";
import { jsonSet, oneBatch } from "../../platform/database/batches.ts";
import type { Database } from "../../platform/database/counted.ts";
import { courseDatabases } from "../../platform/database/course-databases.ts";
import { directory } from "../../platform/database/shards.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { enrolledNow } from "../roll.ts";
import { ACCOUNTS_BY_ID } from "../statements.ts";
import type { RunRow, SourceRow } from "../tables.ts";
import { isByAddress, readCsvRoster } from "./csv-file.ts";
import { grantsOf, knownPeople } from "./known.ts";
import { MAX_CLASS, MAX_LISTED } from "./limits.ts";
import { type Listed, mergeRoster } from "./merge.ts";
import { readOneRoster } from "./one-roster/read.ts";
import { MAX_NOTES } from "./one-roster/table.ts";
import { type Change, planChange } from "./plan.ts";
import {
  type KnownPerson,
  MAX_CLASSES,
  type RosterFile,
  type RosterNote,
  type RosterPreview,
  type RosterSettings,
  type RunPlan,
  settingsSchema,
  type WAITS,
} from "./shapes.ts";
import { decoded, unpackRoster } from "./unpack.ts";
import { Classes, type Wanted, wantedOf } from "./wanted.ts";

/** Ids of one statement: 5,000 of the longest are 650,000 bytes. */
const IDS = 5_000;

type Why = (typeof WAITS)[number];

/** Reads a file and says what it would change; nothing is written. @returns `invalid_input` with every fault of the file. */
export async function prepareRun(
  env: Env,
  db: Database,
  {
    row,
    source,
    course,
    actor,
    bytes,
    now,
  }: {
    actor: { id: string; role: string };
    row: RunRow;
    source: SourceRow;
    course: CourseEntry;
    bytes: Uint8Array<ArrayBuffer>;
    now: number;
  },
): Promise<Result<{ plan: RunPlan; preview: RosterPreview }>> {
  const settings = settingsSchema.parse(JSON.parse(source.settings));
  const isCsv = source.format === "csv";
  const read = await readFile(bytes, row.file_name, isCsv, settings);
  if (!read.ok) return read;
  const before = await knownPeople(db, course.slug, source.name);
  const { after, notes } = mergeRoster(before, read.value.file);
  const wanted = wantedOf(after, settings, new Date(now).toISOString().slice(0, 10));
  const { userOf, waits } = await matched(env, db, { before, after, wanted, settings, isCsv, course, actor });
  const missing = settings.missing ?? (isCsv ? "stay" : "leave");
  const users = [...userOf.values()].filter((user) => user !== null);
  const earlier = [...before.values()].flatMap(({ user, learner }) =>
    user !== null && learner !== null ? [user] : [],
  );
  const enrolled = await enrolledAmong(env, course.slug, missing === "leave_all" ? null : [...users, ...earlier]);
  if (enrolled === null) {
    return refuse("people_limit", {
      detail: `A class of over ${MAX_CLASS} learners is not compared with a file as a whole.`,
    });
  }
  const observers = settings.guardians ? await observersAmong(db, course.slug, users) : new Set<string>();
  const granted = await grantsOf(db, course.slug, source.name);
  const change = planChange(
    { before, after, wanted, userOf, settings, missing, isCsv },
    { owner: course.owner_id, members: course.members, enrolled, observers, granted },
  );
  const all = [...read.value.notes, ...notes];
  const preview = await previewOf(env, {
    change,
    after,
    wanted,
    waits,
    settings,
    notes: all,
    enrolled: enrolled.size,
    file: read.value.file,
  });
  return ok({ plan: { acts: change.acts, keeps: change.keeps }, preview });
}

async function readFile(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  isCsv: boolean,
  settings: RosterSettings,
): Promise<Result<{ file: RosterFile; notes: RosterNote[] }>> {
  if (isCsv) {
    const text = decoded(bytes);
    if (text === null) {
      const message = "The file is not UTF-8: save it as UTF-8.";
      return refuse("invalid_input", { errors: [{ path: name, rule: "not_utf8", message }] });
    }
    const { file, faults } = readCsvRoster(text);
    return faults.length > 0 ? refuse("invalid_input", { errors: faults }) : ok({ file, notes: [] });
  }
  const texts = await unpackRoster(bytes, name);
  if (!texts.ok) return texts;
  const { file, faults, notes } = readOneRoster(texts.value, settings);
  return faults.length > 0 ? refuse("invalid_input", { errors: faults }) : ok({ file, notes });
}

/** Which user each person is. Somebody who was matched once stays that user, whatever becomes of their address. */
async function matched(
  env: Env,
  db: Database,
  {
    before,
    after,
    wanted,
    settings,
    isCsv,
    course,
    actor,
  }: {
    course: CourseEntry;
    actor: { id: string; role: string };
    before: ReadonlyMap<string, KnownPerson>;
    after: ReadonlyMap<string, Listed>;
    wanted: ReadonlyMap<string, Wanted>;
    settings: RosterSettings;
    isCsv: boolean;
  },
): Promise<{ userOf: Map<string, string | null>; waits: { id: string; name: string; why: Why }[] }> {
  const userOf = new Map<string, string | null>();
  const waits: { id: string; name: string; why: Why }[] = [];
  const open: { id: string; name: string; key: string; byMail: boolean }[] = [];
  for (const [id, { said, name }] of after) {
    const known = before.get(id)?.user ?? null;
    userOf.set(id, known);
    // Whom nothing is wanted for needs no account: most of a school, where a course takes some classes.
    const want = wanted.get(id);
    const isWanted = want != null && (want.learner !== null || want.role !== null || want.observes.length > 0);
    if (known !== null || !isWanted) continue;
    const byMail = isCsv ? isByAddress(id) : settings.match === "email";
    if (said.key === null) waits.push({ id, name, why: "no_key" });
    else open.push({ id, name, key: said.key, byMail });
  }
  const mails = open.filter(({ byMail }) => byMail).map(({ key }) => key);
  const accounts = await accountsByMail(db, [...new Set(mails)]);
  const ids = open.map(({ key, byMail }) => (byMail ? (accounts.get(key)?.id ?? "") : key));
  // Whom the course's staff do not find has no account, as far as they are told.
  const foreign = await foreignAmong(env, actor, course, ids);
  for (const { id, name, key, byMail } of open) {
    if (byMail) {
      const account = accounts.get(key);
      // Whoever typed an address at sign-up is not shown to have it. A CSV file gives no rights, and is looked at by a person.
      if (account === undefined || foreign.has(account.id)) waits.push({ id, name, why: "no_account" });
      else if (!account.isVerified && !isCsv) waits.push({ id, name, why: "unverified" });
      else userOf.set(id, account.id);
      continue;
    }
    const user = userIdSchema.safeParse(key);
    if (foreign.has(key)) waits.push({ id, name, why: "no_account" });
    else if (user.success) userOf.set(id, user.data);
    else waits.push({ id, name, why: "invalid_id" });
  }
  return { userOf, waits };
}

/** @param among users; null: the whole class. @returns null where the class is too large for that. */
async function enrolledAmong(
  env: Env,
  course: string,
  among: readonly string[] | null,
): Promise<Map<string, string[]> | null> {
  const databases = courseDatabases(env);
  if (among === null) {
    const all = await enrolledNow(databases, course, null, MAX_CLASS + 1);
    return all.size > MAX_CLASS ? null : all;
  }
  const users = [...new Set(among)];
  const enrolled = new Map<string, string[]>();
  for (let at = 0; at < users.length; at += IDS) {
    const page = await enrolledNow(databases, course, users.slice(at, at + IDS), IDS);
    for (const [user, cohorts] of page) enrolled.set(user, cohorts);
  }
  return enrolled;
}

const pairSchema = z.array(z.object({ user_id: z.string(), learner_id: z.string() }));

async function observersAmong(db: Database, course: string, users: readonly string[]): Promise<Set<string>> {
  const pairs = new Set<string>();
  for (let at = 0; at < users.length; at += IDS) {
    const set = jsonSet(oneBatch(users.slice(at, at + IDS)));
    const rows = await db.all(sql`SELECT user_id, learner_id FROM (SELECT value AS wanted FROM ${set}) AS wanted
      CROSS JOIN course_observers ON course_observers.user_id = wanted AND course_slug = ${course}`);
    for (const { user_id, learner_id } of pairSchema.parse(rows)) pairs.add(`${user_id} ${learner_id}`);
  }
  return pairs;
}

async function previewOf(
  env: Env,
  {
    change,
    after,
    wanted,
    waits,
    settings,
    notes,
    enrolled,
    file,
  }: {
    change: Change;
    after: ReadonlyMap<string, Listed>;
    wanted: ReadonlyMap<string, Wanted>;
    waits: readonly { id: string; name: string; why: Why }[];
    settings: RosterSettings;
    notes: readonly RosterNote[];
    enrolled: number;
    file: RosterFile;
  },
): Promise<RosterPreview> {
  const comes = change.comes.slice(0, MAX_LISTED);
  const changes = change.changes.slice(0, MAX_LISTED);
  const goes = change.goes.slice(0, MAX_LISTED);
  const rights = change.acts.filter((act) => act.do === "member");
  const shown = rights.slice(0, MAX_LISTED);
  const ids = [...comes, ...changes, ...shown].map(({ user }) => user).concat(goes);
  const accounts = await ACCOUNTS_BY_ID.find<{ id: string; name: string }>(directory(env), [...new Set(ids)]);
  const nameOf = new Map(accounts.map(({ id, name }) => [id, name]));
  const person = (user: string) => ({ user_id: user, name: nameOf.get(user) ?? null });
  return {
    comes: change.comes.length,
    changes: change.changes.length,
    goes: change.goes.length,
    unchanged: change.unchanged,
    enrolled,
    rights: rights.length,
    observers: change.acts.filter((act) => act.do === "observer").length,
    waiting: waits.length,
    needs_confirmation: change.needsConfirmation,
    coming: comes.map(({ user, cohorts }) => ({ ...person(user), cohorts })),
    changing: changes.map(({ user, from, to }) => ({ ...person(user), from, to })),
    going: goes.map(person),
    rights_changed: shown.map(({ user, role }) => ({ ...person(user), role })),
    unmatched: waits.slice(0, MAX_LISTED).map((one) => ({ ...one })),
    classes: classesIn(after, wanted, settings, file),
    notes: notes.slice(0, MAX_NOTES).map((note) => ({ ...note })),
  };
}

/** The classes that count or could count, so that a person can choose among them. */
function classesIn(
  after: ReadonlyMap<string, Listed>,
  wanted: ReadonlyMap<string, Wanted>,
  settings: RosterSettings,
  file: RosterFile,
): RosterPreview["classes"] {
  const classes = new Classes(settings);
  const learners = new Map<string, number>();
  for (const [id, { said }] of after) {
    const isLearner = wanted.get(id)?.learner != null;
    for (const place of Object.values(said.places)) {
      if (place.class === "") continue;
      const counts = isLearner && place.role === "student" && classes.counts(place.class);
      learners.set(place.class, (learners.get(place.class) ?? 0) + (counts ? 1 : 0));
    }
  }
  return [...learners].slice(0, MAX_CLASSES).map(([id, count]) => ({
    id,
    title: file.classes?.rows.get(id)?.title ?? "",
    learners: count,
    cohort: classes.counts(id) ? classes.cohort(id) : null,
  }));
}
