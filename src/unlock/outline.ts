import type { LocalizedText } from "../platform/text.ts";
import type { Asked } from "./asked.ts";
import type { Requirement } from "./completion/requirement.ts";
import type { Rule } from "./rules.ts";

/**
 * What the unlock engine needs of one course version: structure, rules and titles, without content.
 * Plain JSON. It is what is stored (in D1 per version, and in each enrollment object for the version it applies), so
 * the engine can be redeployed without migrating compiled data: compiling happens in memory.
 */
export interface Outline {
  course: string;
  title: LocalizedText;
  options: CourseOptions;
  /** Where the course was imported from; it chooses what differs between platforms. Absent: written for Latchkey. */
  source?: CourseSource;
  /** Chapters in course order. */
  chapters: OutlineChapter[];
  /** Problems in course order: those of the first chapter, of the second..., then those in no chapter. */
  problems: OutlineProblem[];
}

export const PLATFORMS = ["moodle", "canvas", "open_edx", "prairielearn", "common_cartridge", "exercism"] as const;
interface CourseSource {
  platform: (typeof PLATFORMS)[number];
  /** Release of the platform that wrote the course, as it says itself. */
  release: string;
}

export interface CourseOptions {
  /** Each chapter waits until the one before it (drafts and deprecated ones skipped) is completed. */
  sequential: boolean;
  /** Until this item is completed, nothing else is open. */
  tutorial: string | null;
  /** What was once opened, started or completed stays open, until an `until` passes. */
  sticky: boolean;
  /** A problem is locked while its chapter is. */
  problems_follow_chapter: boolean;
  /** Learners may enroll themselves; otherwise only staff and services enroll. */
  open_enrollment: boolean;
  /** Nothing is open before this instant, and no work is accepted from the other one on. RFC 3339; absent: no such instant. */
  starts?: string | undefined;
  ends?: string | undefined;
  /** Members of these cohorts get each item this number of days before it begins for others. */
  beta?: { cohorts: string[]; days: number } | undefined;
}

/** draft: invisible, ignored as a prerequisite. deprecated: visible only to who started it, demanded of nobody. */
export const ITEM_STATUSES = ["draft", "beta", "active", "deprecated"] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/** hidden: learners know nothing of it. unlisted: it opens by its id and is in no list; while locked it is hidden. */
export const VISIBILITIES = ["shown", "hidden", "unlisted"] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** An instant, RFC 3339; or so many days after the learner enrolled. */
export type When = string | { days: number };

export interface OutlineItem {
  id: string;
  title: LocalizedText;
  status: ItemStatus;
  rule: Rule | null;
  /** Absent: shown. */
  visibility?: Visibility;
  /**
   * Whether it stays open once it was, whatever becomes of what opened it; absent: as the course's `sticky` says. `false`: its
   * rule asks for the grades that count now, not for the best.
   */
  keeps?: boolean;
  /** Cohorts it is meant for; nobody else sees it or is asked for it. Absent: meant for everybody. */
  assign_to?: string[];
  /**
   * When work is accepted: from `opens` until `closes` (exclusive). Outside, the item is as readable as its rule says. `due`
   * is what learners are told. Absent: no such instant.
   */
  opens?: When;
  due?: When;
  closes?: When;
  /** How it becomes complete. Absent: when it is told to be. */
  completion?: Requirement;
  /** What kind of item it is (page, quiz, file, ...); absent: a chapter or a problem. */
  kind?: string;
}

type OutlineChapter = OutlineItem;

export interface OutlineProblem extends OutlineItem {
  /** Id of the chapter it stands in, or null. */
  chapter: string | null;
  /** 1 (easy) to 10 (hard). */
  difficulty: number;
  /** How a submission is judged; null waits for a verdict from a service. Never sent to learners. */
  answer: AnswerKey | null;
  /** What an answer may look like; absent: any text. */
  asked?: Asked;
}

/** The answer keys the embedded judge understands. `partial`: a part of the answer that is right gives a part of the score. */
export type AnswerKey =
  | { kind: "exact"; values: string[]; case_sensitive: boolean }
  | {
      kind: "numeric";
      value: number;
      /** In the unit of `value`. The greater of both tolerances counts. */
      tolerance: number;
      tolerance_percent?: number | undefined;
      /** The unit of `value`; an answer without a unit is in this one, unless `unit_required`. */
      unit?: string | undefined;
      unit_required?: boolean | undefined;
      /** What an answer in another unit is multiplied with to be in `unit`. */
      other_units?: { unit: string; factor: number }[] | undefined;
    }
  | { kind: "regex"; pattern: string; case_sensitive: boolean }
  | { kind: "choice"; option: string }
  | { kind: "choices"; options: string[]; partial?: boolean | undefined }
  /** `options` in the right order. */
  | { kind: "ordering"; options: string[]; partial?: boolean | undefined };
