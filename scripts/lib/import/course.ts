import { courseDocumentSchema, documentPaths, splitDocument } from "../../../src/courses/document.ts";
import type { ImportedDocument } from "../../../src/courses/importers/document.ts";
import type { CourseDocumentInput } from "../../../src/courses/importers/exercism.ts";
import { zodErrors } from "../../../src/platform/http/field-errors.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import type { ApiAnswer } from "../api-client.ts";
import { ImportError, list, refused, say } from "./report.ts";

/** Sends one write; how patiently is the caller's choice. */
export type Send = (path: string, body: unknown) => Promise<ApiAnswer>;

/** The same checks the server makes, so that a course that cannot be published is not created either. */
export function checkCourse(document: CourseDocumentInput): void {
  const parsed = courseDocumentSchema.safeParse(document);
  if (!parsed.success) throw new ImportError("The course document breaks its schema.", zodErrors(parsed.error));
  const { errors, warnings } = analyze(splitDocument(parsed.data).outline, documentPaths(parsed.data));
  list(warnings, "!");
  if (errors.length > 0) throw new ImportError("The rules of the course cannot be published.", errors);
}

export function describeCourse({ slug, chapters = [], problems = [] }: CourseDocumentInput | ImportedDocument): void {
  const inChapters = chapters.reduce((sum, chapter) => sum + (chapter.problems?.length ?? 0), 0);
  say(`map      course ${slug}: ${chapters.length} chapters, ${inChapters + problems.length} problems`);
}

/** Creates the course where it does not exist and publishes the document. @returns the server's answer. */
export async function publishCourse(
  send: Send,
  document: CourseDocumentInput | ImportedDocument,
  note: string,
): Promise<unknown> {
  const { slug, title } = document;
  const created = await send("/api/v1/courses", { slug, title });
  const exists = created.status === 409;
  if (created.status >= 300 && !exists) throw refused("Creating the course", created);
  say(`create   ${slug} ${exists ? "exists already" : "created"}`);

  const published = await send(`/api/v1/courses/${slug}/versions`, { document, note });
  if (published.status >= 300) throw refused("Publishing", published);
  say(`publish  ${slug} published`);
  return published.body;
}
