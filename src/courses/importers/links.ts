import { cutText } from "./cut.ts";
import type { ImportedChapter, ImportedDocument, ImportedProblem } from "./document.ts";
import type { Imported } from "./format.ts";

// As long as a course is being read, its links lead to files of the archive and to what the source calls something. Both
// are settled once it is known which files were stored and which items there are.

const KINDS = { file: "latchkey-file:", item: "latchkey-item:" } as const;
const DESTINATION = /\]\(<latchkey-(file|item):([^<>]*)>\)/g;
/** A link, or a picture, without brackets in its text. */
const SIMPLE = /(!?)\[((?:\\.|[^[\]\\])*)\]\(<latchkey-(file|item):([^<>]*)>\)/g;

/** A destination: the file of this path in the archive. */
export function toFile(path: string): string {
  return KINDS.file + encodeURIComponent(path);
}

/** A destination: the item that the source knows by this name, see {@link Imported.links}. */
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
 * The course with links that lead somewhere: to items of the course, and to files by the ids they were stored under.
 * What leads nowhere becomes its own text, and is counted in the report.
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
    // What is left has a picture within its text.
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
