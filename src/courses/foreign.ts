import { utf8Bytes } from "../platform/database/batches.ts";
import { zodErrors } from "../platform/http/field-errors.ts";
import { type FieldError, type Result, refuse } from "../platform/results.ts";
import { courseDocumentSchema, MAX_DOCUMENT_BYTES } from "./document.ts";
import type { ImportFormat } from "./import-formats.ts";
import { archiveFiles } from "./importers/archive/index.ts";
import type { ArchiveSource } from "./importers/archive/source.ts";
import type { Imported } from "./importers/format.ts";
import { importCourse } from "./importers/format.ts";
import { FORMATS } from "./importers/formats.ts";
import { checkDocument } from "./publish.ts";
import type { CheckedDocument } from "./versions.ts";

// The parts of an import that other routes of courses do not need. They are loaded with the first import: see
// loadImporting in index.ts.

export { createCourse } from "./create.ts";
export { countDrafts, dropDraft, droppedDrafts, forgetDropped, removeDocument } from "./drafts.ts";
export { archiveFiles } from "./importers/archive/index.ts";
export { blobSource } from "./importers/archive/source.ts";
export { wholeFiles } from "./importers/files.ts";
export { filesNamed, settleLinks } from "./importers/links.ts";
export { storeDraft } from "./publish.ts";

/**
 * The course of an archive. Nothing of it is stored.
 * @param course slug that the course is to have.
 * @param people whether people and their facts are read too, which needs more memory.
 * @returns `invalid_input`, each error with file and place, if the archive is not of this format.
 */
export async function readArchive(
  format: ImportFormat,
  source: ArchiveSource,
  course: string,
  people = false,
): Promise<Result<Imported>> {
  return importCourse(FORMATS[format], archiveFiles(source), { course, people });
}

/**
 * An imported document as it is stored, by the rules for every document.
 * @param now epoch ms, see {@link checkDocument}.
 * @returns `invalid_input` or `invalid_course`; the path of an error begins with the file that it came from.
 */
export async function checkImported({ document, report }: Imported, now: number): Promise<Result<CheckedDocument>> {
  const bytes = utf8Bytes(JSON.stringify(document));
  if (bytes > MAX_DOCUMENT_BYTES) {
    const message = `The course document has ${bytes} bytes; at most ${MAX_DOCUMENT_BYTES}.`;
    return refuse("invalid_input", { errors: [{ path: "document", rule: "too_big", message }] });
  }
  const parsed = courseDocumentSchema.safeParse(document);
  const checked = parsed.success
    ? await checkDocument(parsed.data.slug, parsed.data, now)
    : refuse("invalid_input", { errors: zodErrors(parsed.error) });
  if (checked.ok) return checked;
  const files = new Map(report.items.map(({ id, source }) => [id, source]));
  return refuse(checked.refusal.code, {
    errors: (checked.refusal.errors ?? []).map((error) => located(error, document, files)),
  });
}

/** `chapters[2].problems[0].rule`, after the file from which the item was read. */
function located(error: FieldError, document: Imported["document"], files: ReadonlyMap<string, string>): FieldError {
  const [, list, first, second] =
    /^(?:document\.)?(chapters|problems)\[(\d+)\](?:\.problems\[(\d+)\])?/.exec(error.path) ?? [];
  const chapter = list === "chapters" ? document.chapters[Number(first)] : undefined;
  const alone = list === "problems" ? document.problems[Number(first)] : undefined;
  const item = second === undefined ? (chapter ?? alone) : chapter?.problems?.[Number(second)];
  const file = item === undefined ? undefined : files.get(item.id);
  return file === undefined ? error : { ...error, path: `${file}: ${error.path}` };
}
