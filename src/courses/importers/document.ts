import type { LocalizedText } from "../../platform/text.ts";
import type { AnswerKey, ItemStatus, Requirement, Rule } from "../../unlock/index.ts";
import type { ChoiceQuestion } from "./questions.ts";

export type { Requirement };

/** The state of an item's completion. */
export type CompletionState = "incomplete" | "complete" | "passed" | "failed";

/** Bounds of a percentage or of points: `min` inclusive, `below` exclusive. Without both, any score is enough. */
export interface Range {
  min?: number;
  below?: number;
}

export type ProfileOperator =
  | "contains"
  | "does_not_contain"
  | "is_equal_to"
  | "starts_with"
  | "ends_with"
  | "is_empty"
  | "is_not_empty";

/**
 * Something that a source refers to but does not contain. For an item, neither the condition nor its negation holds.
 */
type MissingKind = "item" | "grade" | "cohort" | "profile" | "condition";

/** A rule in an imported course: everything that any course can say, and what only other platforms say. */
export type ImportedRule =
  | Rule
  | { all: ImportedRule[] }
  | { any: ImportedRule[] }
  | { at_least: { count: number; of: ImportedRule[] } }
  | { not: ImportedRule }
  | { hide: ImportedRule }
  | { missing: { what: MissingKind; name: string } }
  | { average: Range & { of: string[] } };

interface ImportedItem<R> {
  id: string;
  title: LocalizedText;
  status?: ItemStatus;
  rule: R | null;
  content: LocalizedText | null;
  kind?: string;
  /** Default `shown`. `unlisted`: it opens by its address, and is in no list. */
  visibility?: "shown" | "hidden" | "unlisted";
  completion?: Requirement;
  /** Cohorts it is meant for; for all others it does not exist. */
  assign_to?: string[];
  opens?: string;
  due?: string;
  closes?: string;
}

export type ImportedProblem<R = ImportedRule> = ImportedItem<R> & {
  difficulty?: number;
  question?: ChoiceQuestion;
  answer?: AnswerKey | null;
};
export type ImportedChapter<R = ImportedRule> = ImportedItem<R> & { problems?: ImportedProblem<R>[] };

type Platform = "moodle" | "canvas" | "open_edx" | "prairielearn" | "common_cartridge" | "exercism";

/**
 * A course document as an importer writes it, before defaults are filled in.
 * @template R the rules it uses: only those of every course, for sources that need no others.
 */
export interface ImportedDocument<R = ImportedRule> {
  slug: string;
  title: LocalizedText;
  /** Its origin: where platforms and releases differ, the rules follow it. */
  source?: { platform: Platform; release: string };
  options: {
    sequential?: boolean;
    tutorial?: string | null;
    sticky?: boolean;
    problems_follow_chapter?: boolean;
    open_enrollment?: boolean;
  };
  chapters: ImportedChapter<R>[];
  problems: ImportedProblem<R>[];
}

/** The limit of children in one group of a rule. */
const MAX_CHILDREN = 500;
/** Longest title, in UTF-16 code units. */
const MAX_TITLE = 200;

/**
 * All of these; null (open) if there are none, the rule itself if there is one. Inner groups are merged; large ones are
 * split.
 */
export function allOf(rules: readonly (ImportedRule | null)[]): ImportedRule | null {
  return grouped("all", rules);
}

/** One of these; null (open) if there are none, the rule itself if there is one. */
export function anyOf(rules: readonly ImportedRule[]): ImportedRule | null {
  return grouped("any", rules);
}

function grouped(operator: "all" | "any", rules: readonly (ImportedRule | null)[]): ImportedRule | null {
  const known = new Map<string, ImportedRule>();
  for (const rule of rules) {
    if (rule === null) continue;
    for (const part of partsOf(operator, rule)) known.set(JSON.stringify(part), part);
  }
  const parts = [...known.values()];
  const [only] = parts;
  if (parts.length < 2) return only ?? null;
  if (parts.length <= MAX_CHILDREN) return groupOf(operator, parts);
  const pieces = Array.from({ length: Math.ceil(parts.length / MAX_CHILDREN) }, (_, i) =>
    groupOf(operator, parts.slice(i * MAX_CHILDREN, (i + 1) * MAX_CHILDREN)),
  );
  return groupOf(operator, pieces);
}

function partsOf(operator: "all" | "any", rule: ImportedRule): ImportedRule[] {
  if (operator === "all" && "all" in rule) return rule.all;
  if (operator === "any" && "any" in rule) return rule.any;
  return [rule];
}

function groupOf(operator: "all" | "any", rules: ImportedRule[]): ImportedRule {
  return operator === "all" ? { all: rules } : { any: rules };
}

/** The negation, without a `not` if possible. */
export function negated(rule: ImportedRule): ImportedRule {
  return "not" in rule ? rule.not : { not: rule };
}

/** All of these requirements; the requirement itself if there is one, undefined if there are none. */
export function allRequired(requirements: readonly Requirement[]): Requirement | undefined {
  const [only] = requirements;
  return requirements.length > 1 ? { all: [...requirements] } : only;
}

/** A title that a document accepts: one line, not empty, not too long. */
export function titleOf(text: string | null | undefined, otherwise: string): LocalizedText {
  const [own, other] = [text ?? "", otherwise].map((one) => one.replace(/\s+/g, " ").trim());
  const title = own || other || "Untitled";
  return { en: title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1).trimEnd()}…` : title };
}
