/** The target of a link in a source's text: a destination for Markdown, see links.ts; null if there is none. */
export type Resolve = (url: string) => string | null;
