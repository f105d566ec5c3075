/** Markdown of a page's HTML. @returns null where it holds nothing to read. */
export function markdownOf(html: string): string | null {
  const text = html.replace(/<[^>]*>/g, " ").trim();
  return text === "" ? null : text;
}
