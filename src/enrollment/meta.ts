import { parseEnrollmentId } from "../platform/ids.ts";
import type { Pauses } from "../unlock/index.ts";

/** The one row that is the enrollment. Instants in epoch ms. */
export interface Meta {
  id: string;
  course: string;
  user: string;
  status: "active" | "withdrawn";
  enrolled_at: number;
  /** Null while it is active, and if it was withdrawn before this was noted. */
  withdrawn_at: number | null;
  /** It was withdrawn by somebody else by hand. */
  kept_out: boolean;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number;
  /** One digit per item of the stored outline: 1 open, 2 visible, 4 earned. */
  states: string;
  cohorts: string[];
  practice_mode: boolean;
  /** Fields of the learner's profile. */
  profile: Profile;
  /** Other courses that the learner has completed, and since when. */
  courses: Courses;
  /** When staff paused the learner's course; null: never. */
  pauses: Pauses | null;
  /** When the learner met the requirement of the course's certificate; it is set once and stays. */
  certified_at: number | null;
  last_active_at: number;
  stale_since: number | null;
  stale_reason: string | null;
}

/** What is known of a learner besides cohorts: field by field. */
export type Profile = Readonly<Record<string, string>>;

/** Instants in epoch ms, by course. */
export type Courses = Readonly<Record<string, number>>;

/** The row of an enrollment that was never evaluated: activation 0, so that any course version is newer. */
export function newMeta(id: string, courseVersion: number, items: number, enrolledAt: number, now: number): Meta {
  return {
    id,
    ...parseEnrollmentId(id),
    status: "active",
    enrolled_at: enrolledAt,
    withdrawn_at: null,
    kept_out: false,
    progress_seq: 0,
    policy_seq: 0,
    version: 0,
    course_version: courseVersion,
    activation: 0,
    engine: 0,
    valid_until: null,
    computed_at: now,
    states: "0".repeat(items),
    cohorts: [],
    practice_mode: false,
    profile: {},
    courses: {},
    pauses: null,
    certified_at: null,
    last_active_at: now,
    stale_since: null,
    stale_reason: null,
  };
}

/** The row in its stored form. */
export type MetaRow = Record<string, SqlStorageValue> & {
  id: string;
  course: string;
  user: string;
  status: string;
  enrolled_at: number;
  withdrawn_at: number | null;
  kept_out: number;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number;
  states: string;
  cohorts: string;
  practice_mode: number;
  profile: string | null;
  courses: string | null;
  pauses: string | null;
  certified_at: number | null;
  last_active_at: number;
  stale_since: number | null;
  stale_reason: string | null;
};

/** A profile in the form of a column: null if it has no fields. */
export function profileText(profile: Profile): string | null {
  return Object.keys(profile).length === 0 ? null : JSON.stringify(profile);
}

export function profileOf(text: string | null): Profile {
  const value: unknown = JSON.parse(text ?? "{}");
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((field) => typeof field[1] === "string"));
}

export function coursesText(courses: Courses): string | null {
  return Object.keys(courses).length === 0 ? null : JSON.stringify(courses);
}

export function coursesOf(text: string | null): Courses {
  const value: unknown = JSON.parse(text ?? "{}");
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry) => typeof entry[1] === "number"));
}

export function pausesText(pauses: Pauses | null): string | null {
  return pauses === null ? null : JSON.stringify(pauses);
}

export function pausesOf(text: string | null): Pauses | null {
  // SAFETY: only `pausesText` writes this, from a value of this type.
  return text === null ? null : (JSON.parse(text) as Pauses);
}

/** The same as part of a policy in D1. Most learners have none. */
export function pausesIn(pauses: Pauses | null): { pauses?: Pauses } {
  return pauses === null ? {} : { pauses };
}

/** A certificate's instant as part of a policy in D1. Most learners have none. */
export function certifiedIn(at: number | null): { certified_at?: number } {
  return at === null ? {} : { certified_at: at };
}

/** The same as part of a policy in D1. */
export function coursesIn(courses: Courses): { courses?: Courses } {
  return Object.keys(courses).length === 0 ? {} : { courses };
}

/** A profile as part of a policy in D1. Most learners have none. */
export function profileIn(profile: Profile): { profile?: Profile } {
  return Object.keys(profile).length === 0 ? {} : { profile };
}

/** Whether two profiles are equal. */
export function sameProfile(a: Profile, b: Profile): boolean {
  const fields = Object.keys(a);
  return fields.length === Object.keys(b).length && fields.every((field) => a[field] === b[field]);
}

/** A list of texts in the form of a column. */
export function stringList(json: string): string[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}
