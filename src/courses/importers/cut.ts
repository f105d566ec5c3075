/** Longest text of an item, in UTF-16 code units. */
export const MAX_TEXT = 64_000;

/** A text cut to the limit of an item, at the end of a paragraph. */
export function cutText(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const cut = text.slice(0, MAX_TEXT);
  return cut.slice(0, Math.max(cut.lastIndexOf("\n\n"), MAX_TEXT / 2)).trimEnd();
}
