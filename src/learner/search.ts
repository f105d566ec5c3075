// A search in titles and texts that the learner may read. Pure.

/** Characters shown before and after a match. */
const AROUND = 70;

/**
 * The words of the search, in lower case; a result must have all of them. @param most limit of words; others are
 * ignored.
 */
export function wordsOf(query: string, most: number): string[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  return [...new Set(words)].slice(0, most);
}

/** Whether a text has all the words. */
export function hasAll(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.every((word) => lower.includes(word));
}

/**
 * A piece of Markdown around the first of the words, as plain text.
 * @returns null if one of the words is only in the marks, and not in the readable text.
 */
export function excerptOf(markdown: string, words: readonly string[]): string | null {
  const text = plainText(markdown);
  if (!hasAll(text, words)) return null;
  const lower = text.toLowerCase();
  const at = Math.min(...words.map((word) => lower.indexOf(word)));
  const from = startOfWord(text, Math.max(0, at - AROUND));
  const until = Math.min(text.length, at + AROUND);
  // A character of two units is not cut in half.
  const piece = text.slice(from, until).toWellFormed().replaceAll("\uFFFD", "").trim();
  return `${from > 0 ? "…" : ""}${piece}${until < text.length ? "…" : ""}`;
}

/** Roughly what a reader sees of Markdown: addresses and marks are removed. */
function plainText(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/gu, "$1")
    .replace(/^[ \t]*(?:#{1,6}|>|[-*+]|\d{1,9}[.)]|```\S*)[ \t]*/gmu, "")
    .replace(/[*_`|~]{1,3}/gu, "")
    .replace(/\s+/gu, " ")
    .trim();
}

function startOfWord(text: string, from: number): number {
  if (from === 0) return 0;
  const space = text.indexOf(" ", from);
  return space >= 0 && space < from + AROUND / 2 ? space + 1 : from;
}
