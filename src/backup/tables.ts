/** One table of D1 as a backup treats it. */
export interface BackedUpTable {
  name: string;
  /** Rows read by one statement: few where rows are large, because a page is held in memory. */
  page: number;
  /**
   * Which of its rows belong into a restored database, as SQL over the row's columns. A backup is taken while people
   * write: what was written to a later table about something an earlier table does not have yet was not there at the
   * mark, and is left out.
   *
   * @param column SQL of one column of the row.
   */
  fence?: (column: (name: string) => string) => string;
}

const PAGE = 1_000;
/** Rows with a chapter's text, an answer or a record in them. */
const LARGE_ROWS_PAGE = 100;
/** Rows that may come close to the 2 MB a row may have. */
const HUGE_ROWS_PAGE = 10;

const ofCourse: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM courses WHERE slug = ${column("course_slug")})`;
const ofVersion: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM course_versions WHERE course_slug = ${column("course_slug")} AND version = ${column("version")})`;
/** A pointer that an activation had not moved yet is moved again by the next one, which then needs the same number. */
const reachedByPointer: BackedUpTable["fence"] = (column) =>
  `EXISTS (SELECT 1 FROM courses WHERE slug = ${column("course_slug")} AND activation >= ${column("activation")})`;

/**
 * Mirrors of the enrollment objects. They are read before the objects, so that an object is never behind its mirror; a
 * restore brings the mirrors up to their objects again.
 */
export const MIRROR_TABLES: readonly BackedUpTable[] = [
  { name: "enrollments", page: PAGE, fence: ofCourse },
  { name: "progress", page: PAGE },
  { name: "submissions", page: LARGE_ROWS_PAGE },
  { name: "unlock_events", page: PAGE },
];

/**
 * Everything else, read after the objects: a course is then never behind an enrollment of it, and a record that left its
 * journal meanwhile is found here. Parents come first: their children are only ever added, so what a row points to is there.
 */
export const OTHER_TABLES: readonly BackedUpTable[] = [
  { name: "translation_sessions", page: LARGE_ROWS_PAGE },
  { name: "translation_tasks", page: LARGE_ROWS_PAGE },
  { name: "courses", page: PAGE },
  { name: "course_versions", page: PAGE, fence: ofCourse },
  { name: "course_activations", page: PAGE, fence: reachedByPointer },
  { name: "course_outlines", page: HUGE_ROWS_PAGE, fence: ofVersion },
  { name: "course_contents", page: HUGE_ROWS_PAGE, fence: ofVersion },
  { name: "course_marks", page: PAGE, fence: ofCourse },
  { name: "users", page: PAGE },
  {
    name: "accounts",
    page: PAGE,
    fence: (column) => `EXISTS (SELECT 1 FROM users WHERE id = ${column("user_id")})`,
  },
  { name: "files", page: PAGE },
  { name: "event_log", page: PAGE },
  { name: "idempotency_keys", page: LARGE_ROWS_PAGE },
  { name: "dead_letters", page: LARGE_ROWS_PAGE },
  { name: "audit_outbox", page: PAGE },
  { name: "insight_courses", page: LARGE_ROWS_PAGE, fence: ofCourse },
  { name: "insight_learners", page: PAGE },
  { name: "insight_runs", page: LARGE_ROWS_PAGE },
  { name: "insight_models", page: LARGE_ROWS_PAGE },
  { name: "insight_aliases", page: PAGE },
  { name: "insight_predictions", page: PAGE },
  { name: "insight_accuracy", page: PAGE },
  { name: "record_fences", page: PAGE },
  { name: "divergences", page: PAGE },
  { name: "tombstones", page: PAGE },
  { name: "erasures", page: PAGE },
];

/** Tables that are in no backup, each with the reason. A table that is in neither list makes a test fail. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  sessions: "A restore would revive sessions that were ended since; everybody signs in again.",
  verifications: "One-time values that may have been used since; they live for minutes.",
  file_sweeps: "Where a sweep stands; the next night opens another.",
  translation_sessions_search: "Which record is which document of the search index; rebuilt with it.",
  translation_sessions_words: "The search index; rebuilt from the records.",
  translation_tasks_search: "Which record is which document of the search index; rebuilt with it.",
  translation_tasks_words: "The search index; rebuilt from the records.",
  audit_log: "A copy of the audit chain for searching; a restored chain brings it again.",
  audit_people: "The same, of who the chain's pseudonyms are.",
  audit_log_words: "The search index over it; the same.",
  d1_migrations: "Names of the migrations; they stand in the manifest, and the target has its own.",
};

export const BACKED_UP: readonly BackedUpTable[] = [...MIRROR_TABLES, ...OTHER_TABLES];

/** In which order tables are filled: whatever points to something comes after it. */
export const RESTORE_ORDER: readonly BackedUpTable[] = [
  ...OTHER_TABLES.filter(({ name }) => name.startsWith("course") || name === "users"),
  ...MIRROR_TABLES,
  ...OTHER_TABLES.filter(({ name }) => !name.startsWith("course") && name !== "users"),
];

/** The table of this name. @throws for one that is not backed up. */
export function tableNamed(name: string): BackedUpTable {
  const table = BACKED_UP.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no backup holds a table ${name}`);
  return table;
}
