// A search in what a learner may read: pure, over titles and over texts that the learner may read.

/** Characters shown before and after what was found. */
const AROUND = 70;

/** The words of what was typed, in lower case; each has to be in what is found. @param most words; others are left out. */
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
 * @returns null where one of the words is only in the marks, and not in what is read.
 */
export function excerptOf(markdown: string, words: readonly string[]): string | null {
  const text = plainText(markdown);
  if (!hasAll(text, words)) return null;
  const lower = text.toLowerCase();
  const at = Math.min(...words.map((word) => lower.indexOf(word)));
  const from = startOfWord(text, Math.max(0, at - AROUND));
  const until = Math.min(text.length, at + AROUND);
  // A letter of two units is not cut in half.
  const piece = text.slice(from, until).toWellFormed().replaceAll("\uFFFD", "").trim();
  return `${from > 0 ? "…" : ""}${piece}${until < text.length ? "…" : ""}`;
}

/** What a reader sees of Markdown, roughly: addresses and marks go. */
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
