/**
 * A course of Moodle and its learners, as far as conditions can ask for them. Ids are Moodle's own. The evaluator beside
 * this file decides by it, and the same course, written as a backup, goes through the importer.
 */
export interface TextCourse {
  /** As `moodle_release` says it, `4.5.6 (Build: 20250811)`. */
  release: string;
  /** In the order of the page. */
  sections: TextSection[];
  /** In the order of the page: all of one section stand together, sections in their order. */
  activities: TextActivity[];
  gradeItems: TextGradeItem[];
  groups: number[];
  /** Groups of each grouping. */
  groupings: Map<number, number[]>;
}

export interface TextSection {
  id: number;
  visible: boolean;
  /** The tree as the file holds it; undefined is none. */
  availability?: unknown;
}

export interface TextActivity {
  cm: number;
  section: number;
  visible: boolean;
  /** Whether its completion is tracked at all. */
  tracked: boolean;
  /** Somebody deletes it just now. */
  deleting: boolean;
  /** Its own grouping; 0 is none. */
  grouping: number;
  availability?: unknown;
}

export interface TextGradeItem {
  id: number;
  /** The activity that it grades; null of an item that is in the gradebook alone. */
  cm: number | null;
  min: number;
  max: number;
}

export interface TextLearner {
  id: number;
  /** Completion state by course module: 0 incomplete, 1 complete, 2 passed, 3 failed. None is no row. */
  completion: Map<number, number>;
  /** Grade by grade item, with the range of its own row. */
  grades: Map<number, { points: number; min: number; max: number }>;
  groups: Set<number>;
  /** Standard fields by name; each learner has them all. */
  standard: Map<string, string>;
  /** Fields of the site's own by name; one without a value is empty. */
  custom: Map<string, string>;
}
