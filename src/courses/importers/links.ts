import { cutText } from "./cut.ts";
import type { ImportedChapter, ImportedDocument, ImportedProblem } from "./document.ts";
import type { Imported } from "./format.ts";

// While a course is being read, its links lead to files of the archive and to names of the source. Both are resolved
// when it is known which files were stored and which items exist.

const KINDS = { file: "latchkey-file:", item: "latchkey-item:" } as const;
const DESTINATION = /\]\(<latchkey-(file|item):([^<>]*)>\)/g;
/** A link or a picture whose text has no brackets. */
const SIMPLE = /(!?)\[((?:\\.|[^[\]\\])*)\]\(<latchkey-(file|item):([^<>]*)>\)/g;

/** A destination: the file with this path in the archive. */
export function toFile(path: string): string {
  return KINDS.file + encodeURIComponent(path);
}

/** A destination: the item with this name in the source, see {@link Imported.links}. */
export function toItem(name: string): string {
  return KINDS.item + encodeURIComponent(name);
}

/** Paths of the files that texts show or link to, in the order of the course. */
export function filesNamed(document: ImportedDocument): string[] {
  const paths = new Set<string>();
  for (const { content } of itemsOf(document)) {
    for (const text of Object.values(content ?? {})) {
      for (const [, kind, name] of (text ?? "").matchAll(DESTINATION)) if (kind === "file") paths.add(decoded(name));
    }
  }
  return [...paths];
}

/**
 * The course with resolved links: to items of the course, and to files by the ids under which they were stored. A link
 * without a target becomes plain text, and the report counts it.
 *
 * @param stored ids of files by their paths in the archive.
 */
export function settleLinks(imported: Imported, stored: ReadonlyMap<string, string>): Imported {
  const { document, report, links } = imported;
  const chapters = new Set(document.chapters.map(({ id }) => id));
  const lost = { files: 0, links: 0 };
  let attached = 0;
  const addressOf = (item: string, kind: string, name: string): string | null => {
    if (kind === "file") {
      const id = stored.get(name);
      if (id === undefined) lost.files += 1;
      else attached += 1;
      return id === undefined ? null : `/api/v1/courses/${document.slug}/items/${item}/files/${id}`;
    }
    const id = links.items.get(name);
    if (id === undefined) lost.links += 1;
    return id === undefined ? null : `/courses/${document.slug}/${chapters.has(id) ? "chapters" : "problems"}/${id}`;
  };
  const settled = (item: string, text: string): string => {
    const simple = text.replace(SIMPLE, (_, mark: string, label: string, kind: string, name: string) => {
      const address = addressOf(item, kind, decoded(name));
      return address === null ? label : `${mark}[${label}](<${address}>)`;
    });
    // The remaining links have a picture in their text.
    return simple.replace(DESTINATION, (_, kind: string, name: string) => {
      return `](<${addressOf(item, kind, decoded(name)) ?? "#"}>)`;
    });
  };
  const withLinks = <Item extends ImportedProblem>(item: Item): Item => {
    if (item.content === null) return item;
    const content = Object.entries(item.content).map(([language, text]) => {
      return [language, cutText(settled(item.id, text ?? ""))];
    });
    return { ...item, content: Object.fromEntries(content) };
  };
  const settledChapters = document.chapters.map((chapter): ImportedChapter => {
    const { problems } = chapter;
    return { ...withLinks(chapter), ...(problems === undefined ? {} : { problems: problems.map(withLinks) }) };
  });
  const settledDocument = { ...document, chapters: settledChapters, problems: document.problems.map(withLinks) };
  const left_out = [
    ...report.content.left_out,
    ...(lost.files === 0 ? [] : [{ what: "uses of files", count: lost.files, why: "the files were not imported" }]),
    ...(lost.links === 0 ? [] : [{ what: "links to items", count: lost.links, why: "the course has no such item" }]),
  ];
  const content = { ...report.content, attached, left_out };
  return { ...imported, document: settledDocument, report: { ...report, content } };
}

function itemsOf({ chapters, problems }: ImportedDocument): ImportedProblem[] {
  return [...chapters, ...chapters.flatMap((chapter) => chapter.problems ?? []), ...problems];
}

function decoded(name: string | undefined): string {
  try {
    return decodeURIComponent(name ?? "");
  } catch {
    return name ?? "";
  }
}
