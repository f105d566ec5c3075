/** Where a link of a source's text leads: a destination for Markdown, see links.ts; null where it leads nowhere. */
export type Resolve = (url: string) => string | null;
