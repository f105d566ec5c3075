import { request } from "../../../api/request.ts";
import type { CopiedFiles } from "../../../api/types.ts";
import { documentFor } from "./references.ts";
import { isFields } from "./tree.ts";

/** The smallest document that can be published, for a course that has none. */
export function emptyDocument(course: string, title: string): string {
  const chapter = { id: `${course}.welcome`, title: "Welcome", content: "Begin here.", problems: [] };
  return JSON.stringify({ slug: course, title, chapters: [chapter] }, null, 2);
}

/** The content with which a new course begins. */
export type Beginning = { kind: "empty" } | { kind: "sample" } | { kind: "copy"; course: string; version: number };

/** Gives a new course its first text, as a working copy: nothing is published. */
export async function beginWith(course: string, title: string, beginning: Beginning): Promise<void> {
  if (beginning.kind === "empty") return;
  const from: unknown =
    beginning.kind === "sample"
      ? (await import("./sample.ts")).sample
      : await request<unknown>(`/courses/${beginning.course}/versions/${beginning.version}`);
  if (!isFields(from)) return;
  const document = { ...documentFor(from, course), title };
  const written = JSON.stringify(document, null, 2);
  const text = beginning.kind === "copy" ? await withFiles(course, beginning.course, written) : written;
  await request(`/courses/${course}/working-copy`, { method: "PUT", body: { text, revision: 0 } });
}

/** Files that one request copies. */
const AT_ONCE = 20;
/** The address of a file, in the form that texts use. */
const FILE = /(?<=\/courses\/[a-z0-9-]+\/items\/[^/\s"()]+\/files\/)[0-9a-f]{32}/g;

/** The text with copied files, because the files of the other course open only for its own learners. */
async function withFiles(course: string, from: string, text: string): Promise<string> {
  const files = [...new Set([...text.matchAll(FILE)].map(([id]) => id))];
  const copies = new Map<string, string>();
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const body = { from, files: files.slice(at, at + AT_ONCE) };
    const { results } = await request<CopiedFiles>(`/courses/${course}/files/copies`, { method: "POST", body });
    for (const copy of results) copies.set(copy.from, copy.id);
  }
  return text.replace(FILE, (id) => copies.get(id) ?? id);
}
