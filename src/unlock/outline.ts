import type { LocalizedText } from "../platform/text.ts";
import type { Asked } from "./asked.ts";
import type { Requirement } from "./completion/requirement.ts";
import type { Rule } from "./rules.ts";

/**
 * What the unlock engine needs of one course version: structure, rules and titles, without content. It is plain JSON,
 * stored in D1 for each version, and in each enrollment object for the version it applies. So a new engine needs no
 * migration of compiled data: compiling happens in memory.
 */
export interface Outline {
  course: string;
  title: LocalizedText;
  options: CourseOptions;
  /**
   * The platform from which the course was imported; the rules follow that platform where platforms differ. Absent:
   * written for Latchkey.
   */
  source?: CourseSource;
  /** Chapters in course order. */
  chapters: OutlineChapter[];
  /** Problems in course order: those of the first chapter, of the second, and so on; then those without a chapter. */
  problems: OutlineProblem[];
}

export const PLATFORMS = ["moodle", "canvas", "open_edx", "prairielearn", "common_cartridge", "exercism"] as const;
interface CourseSource {
  platform: (typeof PLATFORMS)[number];
  /** Release of the source platform, as it names itself. */
  release: string;
}

/** What a certificate requires. */
type CertificateCondition = { for: "course" } | { for: "item"; item: string };

export interface CourseOptions {
  /** Each chapter waits until the one before it is completed. (Draft and deprecated chapters are skipped.) */
  sequential: boolean;
  /** Until this item is completed, nothing else is open. */
  tutorial: string | null;
  /** An item that was opened, started or completed stays open, until an `until` passes. */
  sticky: boolean;
  /** A problem is locked while its chapter is. */
  problems_follow_chapter: boolean;
  /** Learners may enroll themselves; otherwise only staff and services enroll. */
  open_enrollment: boolean;
  /**
   * Before this instant nothing is open; after the other one no work is accepted. RFC 3339; absent: no such instant.
   */
  starts?: string | undefined;
  ends?: string | undefined;
  /** Items begin this many days earlier for members of these cohorts. */
  beta?: { cohorts: string[]; days: number } | undefined;
  /** A certificate for completing the course, or one item of it; absent: there is none. */
  certificate?: CertificateCondition | undefined;
}

/**
 * draft: invisible, ignored as a prerequisite. deprecated: visible only to learners who started it, required of nobody.
 */
export const ITEM_STATUSES = ["draft", "beta", "active", "deprecated"] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/** hidden: learners know nothing of it. unlisted: it opens by its id and is in no list; while locked it is hidden. */
export const VISIBILITIES = ["shown", "hidden", "unlisted"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** An instant, RFC 3339; or a number of days after the learner enrolled. */
export type When = string | { days: number };

export interface OutlineItem {
  id: string;
  title: LocalizedText;
  status: ItemStatus;
  rule: Rule | null;
  /** Absent: shown. */
  visibility?: Visibility;
  /**
   * Whether an opened item stays open when its rule does not hold any more; absent: the course's `sticky` decides.
   * `false`: its rule uses the grades that count now, not the best ones.
   */
  keeps?: boolean;
  /** Cohorts it is meant for; for all others it does not exist. Absent: meant for everybody. */
  assign_to?: string[];
  /**
   * When work is accepted: from `opens` until `closes` (exclusive). Outside of it, the rule still decides who can read
   * the item. `due` is shown to learners. Absent: no such instant.
   */
  opens?: When;
  due?: When;
  closes?: When;
  /** How it becomes complete. Absent: when that is reported. */
  completion?: Requirement;
  /** The kind of item (page, quiz, file, ...); absent: a chapter or a problem. */
  kind?: string;
}

type OutlineChapter = OutlineItem;

export interface OutlineProblem extends OutlineItem {
  /** Id of its chapter, or null. */
  chapter: string | null;
  /** 1 (easy) to 10 (hard). */
  difficulty: number;
  /** How a submission is judged; null: a service sends the verdict. Never sent to learners. */
  answer: AnswerKey | null;
  /** The allowed form of an answer; absent: any text. */
  asked?: Asked;
}

/**
 * The kinds of answer keys that the embedded judge understands. `partial`: a partly right answer gets a part of the
 * score.
 */
export type AnswerKey =
  | { kind: "exact"; values: string[]; case_sensitive: boolean }
  | {
      kind: "numeric";
      value: number;
      /** In the unit of `value`. The larger of both tolerances counts. */
      tolerance: number;
      tolerance_percent?: number | undefined;
      /** The unit of `value`; an answer without a unit uses this one, unless `unit_required`. */
      unit?: string | undefined;
      unit_required?: boolean | undefined;
      /** For each other unit, the factor that converts an answer to `unit`. */
      other_units?: { unit: string; factor: number }[] | undefined;
    }
  | { kind: "regex"; pattern: string; case_sensitive: boolean }
  | { kind: "choice"; option: string }
  | { kind: "choices"; options: string[]; partial?: boolean | undefined }
  /** `options` in the right order. */
  | { kind: "ordering"; options: string[]; partial?: boolean | undefined };
