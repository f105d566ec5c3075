import type { LocalizedText } from "../../platform/text.ts";
import type { AnswerKey, ItemStatus, Requirement, Rule } from "../../unlock/index.ts";
import type { ChoiceQuestion } from "./questions.ts";

export type { Requirement };

/** How far an item's completion has come. */
export type CompletionState = "incomplete" | "complete" | "passed" | "failed";

/** Bounds of a percentage or of points: `min` inclusive, `below` exclusive; neither asks for any score at all. */
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

/** What a source refers to and does not have. Of an item, neither the condition nor its negation holds. */
type MissingKind = "item" | "grade" | "cohort" | "profile" | "condition";

/** A rule as an imported course can say it: what every course can, and what other platforms say besides. */
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
  /** Default `shown`. `unlisted`: opens by its address, and no list shows it. */
  visibility?: "shown" | "hidden" | "unlisted";
  completion?: Requirement;
  /** Cohorts it is meant for; nobody else sees it or is asked for it. */
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
 * @template R the rules it uses: those of every course alone, for sources that say no more.
 */
export interface ImportedDocument<R = ImportedRule> {
  slug: string;
  title: LocalizedText;
  /** Where it comes from: semantics that differ between platforms and releases follow it. */
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

/** Most children of one group of a rule. */
const MAX_CHILDREN = 500;
/** Longest title, in UTF-16 code units. */
const MAX_TITLE = 200;

/** All of these; null (open) of none, the rule itself of one. Groups inside are spread, large ones are cut in several. */
export function allOf(rules: readonly (ImportedRule | null)[]): ImportedRule | null {
  return grouped("all", rules);
}

/** One of these; null (open) of none, the rule itself of one. */
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

/** The negation, where it can be without `not`. */
export function negated(rule: ImportedRule): ImportedRule {
  return "not" in rule ? rule.not : { not: rule };
}

/** All of these requirements; the requirement itself of one, undefined of none. */
export function allRequired(requirements: readonly Requirement[]): Requirement | undefined {
  const [only] = requirements;
  return requirements.length > 1 ? { all: [...requirements] } : only;
}

/** A title as a document takes it: one line, not empty, not too long. */
export function titleOf(text: string | null | undefined, otherwise: string): LocalizedText {
  const [own, other] = [text ?? "", otherwise].map((one) => one.replace(/\s+/g, " ").trim());
  const title = own || other || "Untitled";
  return { en: title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1).trimEnd()}…` : title };
}
