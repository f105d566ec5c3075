/** Kinds of keys. A table may have its own kind, or belong to its enrollment or its course version. */
export type ChangeKind =
  | "enrollments"
  | "channels"
  | "course_versions"
  | "users"
  | "accounts"
  | "files"
  | "translation_sessions"
  | "translation_tasks"
  | "insight_learners"
  | "insight_predictions";

/** One table of D1, and how a backup treats it. */
export interface BackedUpTable {
  name: string;
  /** Rows read by one statement. */
  page: number;
  /** Rows may be large: their sizes are read first, because a page is held in memory. */
  isSized?: boolean;
  /**
   * The kind of changes to which its rows belong, and the columns that make up a key of that kind (joined by "@"): a
   * backup of changes has only the rows of the changed keys. Left out: the table is small, or has only some days, and
   * every backup has all of it.
   */
  by?: { kind: ChangeKind; columns: readonly string[] };
  /**
   * The rows that belong in a restored database, as SQL over the row's columns. A backup is taken while people write: a
   * row of a later table may be about something that an earlier table does not have yet. It was written after the mark,
   * and is left out.
   * @param column SQL of one column of the row.
   */
  fence?: (column: (name: string) => string) => string;
}

const PAGE = 1_000;
/** Rows with a mirror, a chapter's text, an answer or a record in them. */
const SIZED = { page: 500, isSized: true } as const;

const ofCourse: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM courses WHERE slug = ${column("course_slug")})`;
const ofVersion: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM course_versions WHERE course_slug = ${column("course_slug")} AND version = ${column("version")})`;
const ofUser: BackedUpTable["fence"] = (column) => `EXISTS (SELECT 1 FROM users WHERE id = ${column("user_id")})`;
/** If an activation has not moved the pointer yet, the next one does it, and it then needs the same number. */
const reachedByPointer: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM courses WHERE slug = ${column("course_slug")} AND activation >= ${column("activation")})`;

type By = NonNullable<BackedUpTable["by"]>;
const ofEnrollment = (column: string): By => ({ kind: "enrollments", columns: [column] });
const OF_VERSION = { kind: "course_versions", columns: ["course_slug", "version"] } as const;
const OF_USER = { kind: "users", columns: ["user_id"] } as const;
const byId = (kind: ChangeKind): By => ({ kind, columns: ["id"] });

/**
 * Mirrors of the enrollment objects. They are read before the objects, so that an object is never behind its mirror; a
 * restore brings the mirrors up to date with their objects.
 */
export const MIRROR_TABLES: readonly BackedUpTable[] = [
  { name: "enrollments", ...SIZED, by: ofEnrollment("id"), fence: ofCourse },
  { name: "progress", page: PAGE, by: ofEnrollment("enrollment_id") },
  { name: "submissions", ...SIZED, by: ofEnrollment("enrollment_id") },
  { name: "unlock_events", ...SIZED, by: ofEnrollment("enrollment_id") },
];

/**
 * All other tables, read after the objects: a course is then never behind its enrollments, and a record that left its
 * journal meanwhile is found here. Parents come first, and rows are only added to them, so the row that a child refers
 * to is there.
 */
export const OTHER_TABLES: readonly BackedUpTable[] = [
  { name: "translation_sessions", ...SIZED, by: byId("translation_sessions") },
  { name: "translation_tasks", ...SIZED, by: byId("translation_tasks") },
  { name: "courses", page: PAGE },
  { name: "course_versions", ...SIZED, fence: ofCourse },
  { name: "course_activations", page: PAGE, fence: reachedByPointer },
  { name: "course_outlines", ...SIZED, by: OF_VERSION, fence: ofVersion },
  { name: "course_contents", ...SIZED, by: OF_VERSION, fence: ofVersion },
  { name: "course_marks", page: PAGE, fence: ofCourse },
  { name: "course_working_copies", page: PAGE, fence: ofCourse },
  { name: "course_working_parts", ...SIZED, fence: ofCourse },
  { name: "course_members", page: PAGE, fence: ofCourse },
  { name: "course_observers", page: PAGE, fence: ofCourse },
  { name: "certificates", page: PAGE, fence: ofCourse },
  { name: "learner_messages", ...SIZED, fence: ofCourse },
  { name: "roster_sources", page: PAGE, fence: ofCourse },
  { name: "roster_people", page: PAGE, fence: ofCourse },
  { name: "roster_grants", page: PAGE, fence: ofCourse },
  { name: "webhook_subscriptions", page: PAGE },
  { name: "lti_keys", page: PAGE },
  { name: "lti_platforms", page: PAGE },
  { name: "xapi_stores", page: PAGE, fence: ofCourse },
  { name: "xapi_statements", ...SIZED, fence: ofCourse },
  { name: "xapi_terms", page: PAGE, fence: ofCourse },
  { name: "xapi_people", page: PAGE, fence: ofCourse },
  { name: "xapi_attachments", page: 50, isSized: true, fence: ofCourse },
  { name: "xapi_activities", ...SIZED, fence: ofCourse },
  { name: "xapi_documents", page: 50, isSized: true, fence: ofCourse },
  { name: "users", page: PAGE, by: byId("users") },
  {
    name: "accounts",
    page: PAGE,
    by: byId("accounts"),
    fence: ofUser,
  },
  // After courses and users: whatever organisation they name by then is there, because none is ever removed.
  { name: "organizations", page: PAGE },
  { name: "passkeys", page: PAGE, by: OF_USER, fence: ofUser },
  { name: "second_factors", page: PAGE, by: OF_USER, fence: ofUser },
  { name: "lti_people", page: PAGE, fence: ofUser },
  { name: "lti_scores", page: PAGE, fence: ofUser },
  { name: "lti_contexts", page: PAGE, fence: ofCourse },
  { name: "lti_members", page: PAGE, fence: ofUser },
  { name: "lti_results", page: PAGE, fence: ofUser },
  { name: "outside_bans", page: PAGE },
  { name: "identity_providers", page: PAGE },
  { name: "scim_users", page: PAGE, fence: ofUser },
  { name: "scim_groups", page: PAGE },
  { name: "scim_members", page: PAGE, fence: ofUser },
  { name: "group_rules", page: PAGE, fence: ofCourse },
  { name: "group_places", page: PAGE, fence: ofCourse },
  { name: "group_due", page: PAGE },
  { name: "files", page: PAGE, by: byId("files") },
  { name: "event_log", ...SIZED },
  { name: "idempotency_keys", ...SIZED },
  { name: "dead_letters", ...SIZED },
  { name: "audit_outbox", page: PAGE },
  { name: "insight_courses", ...SIZED, fence: ofCourse },
  { name: "insight_learners", page: PAGE, by: { kind: "insight_learners", columns: ["enrollment_id"] } },
  { name: "insight_runs", ...SIZED },
  { name: "insight_models", ...SIZED },
  { name: "insight_aliases", page: PAGE },
  { name: "insight_predictions", page: PAGE, by: { kind: "insight_predictions", columns: ["enrollment_id"] } },
  { name: "insight_accuracy", page: PAGE },
  { name: "record_fences", page: PAGE },
  { name: "divergences", ...SIZED },
  { name: "tombstones", page: PAGE },
  { name: "erasures", page: PAGE },
];

/** Tables that are in no backup, each with the reason. A table that is in neither list makes a test fail. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  sessions: "A restore would bring back sessions that were ended since; everybody signs in again.",
  trusted_devices: "A restore would bring back browsers that are trusted no more; everybody shows a code again.",
  lti_changes: "Which learners' scores to look at; a launch of theirs looks again.",
  lti_leaving: "Whose sessions are ended, for minutes; a restore brings no sessions back.",
  lti_used: "Launches that were used; they live for minutes.",
  mails: "A restore would send again what was sent.",
  webhook_pages: "A restore would deliver again what was delivered.",
  service_keys: "A restore would bring back keys that were revoked since; services get new ones.",
  course_invitations: "A restore would bring back links that were revoked since; staff make new ones.",
  calendar_feeds: "A restore would bring back addresses that were ended since; learners make new ones.",
  reading_places: "Where learners stopped reading; without it they begin at the top.",
  notice_marks: "Which notices were read; without it those of some weeks are unread again.",
  course_invitation_uses: "Who used such a link; the enrollments are in the backup.",
  course_writers: "Who has a working copy open at this moment.",
  verifications: "One-time values that may have been used since; they live for minutes.",
  freshness: "Data of the sweeps: it follows from the enrollments, and a restore marks every course.",
  user_courses: "In which courses to look for a user; filled again with the enrollments.",
  closed_courses: "Courses that have moved to another database; a restore has each in one place only.",
  course_moves:
    "Courses that are moving to another database; after a restore, each is where the row of the course says.",
  moving_courses: "Steps of such moves in a database.",
  moving_changes: "Changes of a course while it was copied; empty when its move is over.",
  mark_fences: "The progress of marking; without it a page is marked once more.",
  walks: "The progress of the nightly job in a table; without it, the job begins again.",
  chains: "The progress of a chain of messages; without it the chain ends, and the crons begin another.",
  scim_addresses: "Whom an address leads to; it follows from `scim_users`, whose rows bring it again.",
  group_notes: "When a directory last said something; the next time writes it again.",
  write_probes: "When the database last accepted a write; the next check of its health writes it again.",
  course_imports:
    "Imports under way and those of the last weeks: their archives are in no backup, and what they made is a version of its course.",
  roster_runs: "Runs of rosters: their files and plans are in no backup; what they did is in the enrollments.",
  course_import_parts: "Which parts of an archive have arrived; the bucket with the parts is in no backup.",
  file_sweeps: "The progress of a sweep; the next night begins another.",
  translation_sessions_search: "The record of each document of the search index; rebuilt with it.",
  translation_sessions_words: "The search index; rebuilt from the records.",
  translation_tasks_search: "The record of each document of the search index; rebuilt with it.",
  translation_tasks_words: "The search index; rebuilt from the records.",
  audit_log: "A copy of the audit chain for searching; a restored chain brings it again.",
  audit_people: "The same: the users of the chain's pseudonyms.",
  audit_log_words: "The search index over it; the same.",
  erasure_watch: "How far the list of erasures was read; a restore reads it from the beginning.",
  backup_epochs: "The backups that were begun here; a restored database has none, so its first backup is a full copy.",
  backup_changes: "The changes since the last backup; a backup reads them first.",
  restore_superseded: "Empty, but while a backup is restored.",
  d1_migrations: "Names of the migrations; the manifest has them, and the target has its own.",
};

export const BACKED_UP: readonly BackedUpTable[] = [...MIRROR_TABLES, ...OTHER_TABLES];

/** The order in which tables are filled: a table comes after those to which it refers. */
export const RESTORE_ORDER: readonly BackedUpTable[] = [
  ...OTHER_TABLES.filter(({ name }) => name.startsWith("course") || name === "users"),
  ...MIRROR_TABLES,
  ...OTHER_TABLES.filter(({ name }) => !name.startsWith("course") && name !== "users"),
];

/** The table of this name. @throws for a table that is in no backup. */
export function tableNamed(name: string): BackedUpTable {
  const table = BACKED_UP.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no backup holds a table ${name}`);
  return table;
}

/** Names of the tables that every shard has. */
export const SHARDED: readonly string[] = [...MIRROR_TABLES.map(({ name }) => name), "divergences"];
