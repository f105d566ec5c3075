/** A Moodle backup as it was read, before it is converted. Ids are those of the file. */
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

/** `4.5.6 (Build: 20250811)`: its own text, and its number for comparisons (405 for 4.5). */
export interface Release {
  text: string;
  number: number;
}

/** The tree of conditions of an activity or section. */
export interface Availability {
  /** JSON as Moodle 2.7 and later write it; for earlier releases, the tree to which they are restored. */
  tree: unknown;
  /** The setting as the file writes it. */
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
  /** Instance of the `mod_subsection` to which this section belongs, or null. */
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
  /** False: it opens only by its address. */
  onCoursePage: boolean;
  grouping: number;
  /** 0 not tracked, 1 by hand, 2 by its conditions. */
  completion: number;
  completionView: boolean;
  /** Number of the grade it needs, or null. */
  completionGrade: number | null;
  completionPass: boolean;
  /** Fields of its kind that begin with `completion`, and fields with dates. */
  own: Map<string, string>;
  availability: Availability | null;
  deleting: boolean;
  text: string;
  /** Id of its context, under which its files are stored; "" if the file does not have one. */
  context: string;
  /** The names of a quiz's questions in the question bank. */
  slots: string[];
  completions: CompletionRow[];
  source: string;
}

export interface CompletionRow {
  user: number;
  /** 0 to 3; 4 is a failure that the learner does not see. Null if only the view is known. */
  state: number | null;
  viewed: boolean;
  /** Epoch seconds, or null. */
  at: number | null;
}

export interface GradeItem {
  id: number;
  /** `mod`, `course`, `category` or `manual`. */
  type: string;
  /** The activity that this grade belongs to. */
  module: number | null;
  /** Which of its activity's grades this is, from 0. */
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
  /** By id: username, and profile fields by name, `sf:city` or `cf:cohort`. */
  users: Map<number, { username: string; fields: Map<string, string> }>;
  /** When the user was enrolled, epoch seconds. */
  enrolled: Map<number, number | null>;
  /** Users with a student role in the course; null if the backup names no roles. */
  students: Set<number> | null;
}

/** Longest name of a release in a course document. */
const MAX_RELEASE = 100;

/** @param text the content of `moodle_release`. Releases are compared by major times 100 plus minor. */
export function releaseOf(text: string): Release {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { text: text.slice(0, MAX_RELEASE) || "unknown", number: Number(major) * 100 + Number(minor) };
}
