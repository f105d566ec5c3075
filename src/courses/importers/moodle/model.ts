/** A Moodle backup as it was read, before anything is made of it. Ids are those of the file. */
export interface MoodleCourse {
  shortname: string;
  fullname: string;
  release: Release;
  /** When the backup was made, epoch seconds. */
  backupAt: number;
  sections: MoodleSection[];
  modules: Map<number, MoodleModule>;
  gradeItems: Map<number, GradeItem>;
  groups: Map<number, { name: string; members: number[] }>;
  groupings: Map<number, { name: string; groups: number[] }>;
  people: MoodlePeople;
}

/** `4.5.6 (Build: 20250811)`: what it says, and its number for comparisons (405 for 4.5). */
export interface Release {
  text: string;
  number: number;
}

/** The tree of conditions of an activity or section. */
export interface Availability {
  /** JSON as Moodle 2.7 and later write it; of earlier releases the tree they are restored to. */
  tree: unknown;
  /** What the file says, in its own terms. */
  rule: unknown;
  /** Why the tree could not be read, or null. */
  fault: string | null;
}

export interface MoodleSection {
  id: number;
  number: number;
  title: string | null;
  visible: boolean;
  /** Course modules in the order of the page. */
  sequence: number[];
  availability: Availability | null;
  /** Instance of the `mod_subsection` that this section belongs to, or null. */
  subsectionOf: number | null;
  summary: string;
  source: string;
}

export interface MoodleModule {
  id: number;
  /** `page`, `assign`, `quiz`… */
  kind: string;
  /** Id of its row in the table of its kind. */
  instance: number | null;
  section: number;
  title: string | null;
  visible: boolean;
  /** False: it opens by its address alone. */
  onCoursePage: boolean;
  grouping: number;
  /** 0 not tracked, 1 by hand, 2 by its conditions. */
  completion: number;
  completionView: boolean;
  /** Number of the grade that it needs, or null. */
  completionGrade: number | null;
  completionPass: boolean;
  /** Fields of its kind that begin with `completion`, and those that are dates. */
  own: Map<string, string>;
  availability: Availability | null;
  deleting: boolean;
  text: string;
  /** Id of its context, which its files are kept under; "" where the file does not say. */
  context: string;
  /** What its questions are called in the question bank, of a quiz. */
  slots: string[];
  completions: CompletionRow[];
  source: string;
}

export interface CompletionRow {
  user: number;
  /** 0 to 3; 4 is a failure the learner is not shown. Null where only the view is known. */
  state: number | null;
  viewed: boolean;
  /** Epoch seconds, or null. */
  at: number | null;
}

export interface GradeItem {
  id: number;
  /** `mod`, `course`, `category` or `manual`. */
  type: string;
  /** The activity whose grade it is. */
  module: number | null;
  /** Which of the grades of its activity, from 0. */
  number: number;
  title: string | null;
  min: number;
  max: number;
  pass: number;
  grades: GradeRow[];
}

interface GradeRow {
  user: number;
  points: number;
  min: number;
  max: number;
  at: number | null;
}

interface MoodlePeople {
  /** By id: username, and the fields of their profile by name, `sf:city` or `cf:cohort`. */
  users: Map<number, { username: string; fields: Map<string, string> }>;
  /** Enrolled, with the instant in epoch seconds. */
  enrolled: Map<number, number | null>;
  /** Users with a role of students in the course; null where the backup names no roles. */
  students: Set<number> | null;
}

/** Longest name of a release in a course document. */
const MAX_RELEASE = 100;

/** @param text as `moodle_release` says it. Releases compare by major times 100 plus minor. */
export function releaseOf(text: string): Release {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { text: text.slice(0, MAX_RELEASE) || "unknown", number: Number(major) * 100 + Number(minor) };
}
