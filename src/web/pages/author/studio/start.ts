import { request } from "../../../api/request.ts";
import { documentFor } from "./references.ts";
import { isFields } from "./tree.ts";

/** The smallest document that can be published, for a course that has none. */
export function emptyDocument(course: string, title: string): string {
  const chapter = { id: `${course}.welcome`, title: "Welcome", content: "Begin here.", problems: [] };
  return JSON.stringify({ slug: course, title, chapters: [chapter] }, null, 2);
}

/** What a new course begins with. */
export type Beginning = { kind: "empty" } | { kind: "sample" } | { kind: "copy"; course: string; version: number };

/** Gives a new course its first text, as a working copy: nothing is published by it. */
export async function beginWith(course: string, title: string, beginning: Beginning): Promise<void> {
  if (beginning.kind === "empty") return;
  const from: unknown =
    beginning.kind === "sample"
      ? (await import("./sample.ts")).sample
      : await request<unknown>(`/courses/${beginning.course}/versions/${beginning.version}`);
  if (!isFields(from)) return;
  const document = { ...documentFor(from, course), title };
  const text = JSON.stringify(document, null, 2);
  await request(`/courses/${course}/working-copy`, { method: "PUT", body: { text, revision: 0 } });
}
