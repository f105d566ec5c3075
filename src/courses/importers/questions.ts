import type { AnswerKey } from "../../unlock/index.ts";

/** A question of a source: how it is judged here, or why it is not. */
export interface Question {
  /** As the source calls its kind. */
  kind: string;
  key: AnswerKey | null;
  /** Why there is no key; null with one. */
  why: string | null;
  /** What is asked, as HTML; "" where it is not read. */
  text: string;
}

/** Longest text, and most texts, of an answer key. */
const MAX = { text: 1_000, texts: 50 };

export const CHOOSES = "an answer key supports only a typed number or text";
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
