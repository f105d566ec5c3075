import type { LocalizedText } from "../../platform/text.ts";
import type { AnswerKey } from "../../unlock/index.ts";

/** The options of a question, as the source writes them. */
export interface Choices {
  options: readonly { html: string; isRight: boolean }[];
  /** Several options together are right. */
  several: boolean;
  shuffle: boolean;
  /** A partly right answer gets a part of the score, like `partial` in an answer key. */
  partial?: boolean;
}

/** A question for one option, or for several, in the form of a course document. */
export interface ChoiceQuestion {
  kind: "choice" | "choices";
  options: { id: string; text: LocalizedText }[];
  shuffle: boolean;
}

/** A question of a source: how it is judged here, or why it is not. */
export interface Question {
  /** The source's name for its kind. */
  kind: string;
  key: AnswerKey | null;
  /** The options; {@link choiceOf} makes the key from their texts. */
  choices?: Choices;
  /** Why there is no key; null if there is one. */
  why: string | null;
  /** The question as HTML; "" if it is not read. */
  text: string;
}

/** Longest text, and limit of texts, in an answer key. */
const MAX = { text: 1_000, texts: 50 };

/** Fewest and most options of a question, and the longest text of one. */
const OPTIONS = { least: 2, most: 20, text: 1_000 };

export const OTHER_KIND = "an answer key supports only a typed number or text, and choices";
export const GRADED_IN_PARTS = "an answer key says right or wrong, but this answer can be partly right";
export const SEVERAL = "the item asks several questions, but an item has only one answer key";

/** A key of texts, or why there can be none. @param values in any order, repeated or not. */
export function textsKey(values: readonly string[], case_sensitive: boolean): Pick<Question, "key" | "why"> {
  const distinct = [...new Set(values.map((value) => value.trim()))];
  if (distinct.length === 0) return { key: null, why: "it has no right answer" };
  if (distinct.some((value) => value === "")) return { key: null, why: "an empty answer can be right" };
  const isKept = distinct.length <= MAX.texts && distinct.every((value) => value.length <= MAX.text);
  if (!isKept) return { key: null, why: `an answer key has at most ${MAX.texts} texts of ${MAX.text} characters` };
  return { key: { kind: "exact", values: distinct, case_sensitive }, why: null };
}

/** A key of a number, or why there can be none. */
export function numberKey(value: number, tolerance: number): Pick<Question, "key" | "why"> {
  if (Number.isFinite(value) && Number.isFinite(tolerance) && tolerance >= 0) {
    return { key: { kind: "numeric", value, tolerance }, why: null };
  }
  return { key: null, why: "its answer is not a decimal number" };
}

/** A question with known options, or why none can be made. */
export function choices(found: Choices): Pick<Question, "key" | "why" | "choices"> {
  const right = found.options.filter(({ isRight }) => isRight).length;
  const { length } = found.options;
  if (length < OPTIONS.least || length > OPTIONS.most) {
    return { key: null, why: `a question has ${OPTIONS.least} to ${OPTIONS.most} options` };
  }
  if (right === 0) return { key: null, why: "it has no right answer" };
  if (!found.several && right > 1) return { key: null, why: "each of several options is right alone" };
  return { key: null, why: null, choices: found };
}

/**
 * The question and the key for options. Options are named by their place in the source, so that importing again gives
 * the same names.
 * @param textOf the Markdown of an option's HTML, or null if there is nothing to read in it.
 * @returns why it is impossible, if an option has no text or one that is too long.
 */
export function choiceOf(
  { options, several, shuffle, partial }: Choices,
  textOf: (html: string) => string | null,
): { question: ChoiceQuestion; key: AnswerKey } | { why: string } {
  const named = options.map(({ html }, index) => ({ id: `o${index + 1}`, text: textOf(html) }));
  const read = named.flatMap(({ id, text }) => (text === null ? [] : [{ id, text: { en: text } }]));
  if (read.length < named.length) return { why: "an option has no text" };
  if (read.some(({ text }) => text.en.length > OPTIONS.text)) {
    return { why: `an option has at most ${OPTIONS.text} characters` };
  }
  const right = read.filter((_option, index) => options[index]?.isRight === true).map(({ id }) => id);
  const [only = ""] = right;
  const key: AnswerKey = several
    ? { kind: "choices", options: right, ...(partial === true ? { partial } : {}) }
    : { kind: "choice", option: only };
  return { question: { kind: several ? "choices" : "choice", options: read, shuffle }, key };
}
