import { openAsBlob } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { courseDocumentSchema } from "../../../src/courses/document.ts";
import { archiveFiles } from "../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../src/courses/importers/archive/source.ts";
import type { FileSupply } from "../../../src/courses/importers/files.ts";
import { type Format, type Imported, importCourse } from "../../../src/courses/importers/format.ts";
import { settleLinks } from "../../../src/courses/importers/links.ts";
import type { ImportReport } from "../../../src/courses/importers/report.ts";
import { zodErrors } from "../../../src/platform/http/field-errors.ts";
import { describeCourse, publishCourse } from "./course.ts";
import { folderFiles } from "./folder.ts";
import { readMapping, sendPeople } from "./people.ts";
import { ImportError, list, reason, refused, say } from "./report.ts";
import { clientFor, isLocal, type Server } from "./server.ts";

export interface PlatformRequest extends Server {
  format: Format;
  /** An archive, or a folder of the same files. */
  source: string;
  /** Slug; default made of the source's own name. */
  course: string | undefined;
  /** File to write the report to, as JSON. */
  report: string | undefined;
  isDryRun: boolean;
  /** File that names the learners who come along with what they did; without one nobody does. */
  people?: string | undefined;
}

/** Most gates printed that are not exact. */
const MAX_SHOWN = 20;

/** Answers of the server: there is no such course; and from there on, no success. */
const NO_COURSE = 404;
const REFUSED = 300;
/** Most places printed at which this release does not know what a document says. */
const MAX_UNKNOWN = 5;

/** Imports a course of another platform. @returns what is printed: the server's answer, or the document. */
export async function runPlatform(request: PlatformRequest): Promise<unknown> {
  const { format, source, course, url } = request;
  say(`read     ${source}`);
  const imported = await importCourse(format, await sourceFiles(source), { course });
  if (!imported.ok) throw new ImportError(`${source} is not what ${format.name} expects.`, imported.refusal.errors);
  // Files come along where an archive is sent to the server; this command sends the document alone.
  const known = settleLinks(imported.value, new Map());
  const { document, report } = known;
  describeCourse(document);
  describeReport(known);
  if (request.report !== undefined) await writeReport(request.report, report);
  const mapping = request.people === undefined ? null : await readMapping(request.people);
  const learners = imported.value.people;
  if (mapping !== null && learners === null) throw new ImportError(`${source} contains no people.`);
  if (request.isDryRun) {
    if (mapping !== null && learners !== null) await sendPeople(learners, mapping, document.slug, null);
    const parsed = courseDocumentSchema.safeParse(document);
    if (!parsed.success) {
      say("check    the rules of this release do not know all of it; a server of this release refuses:");
      const errors = zodErrors(parsed.error);
      list(errors.slice(0, MAX_UNKNOWN), "!");
      if (errors.length > MAX_UNKNOWN) say(`  ! and ${errors.length - MAX_UNKNOWN} more`);
    }
    return document;
  }
  const client = await clientFor(request, "admin");
  const hint = isLocal(request) ? ' Is it running? "npm start" starts it.' : "";
  const send = (path: string, body: unknown) =>
    client.post(path, body).catch((fault: unknown) => {
      throw new ImportError(`${url} does not answer: ${reason(fault)}.${hint}`);
    });
  const note = `Imported from ${format.name}`;
  // A document that the server does not take is refused before anybody looks for its course: so none is made for it.
  const published = await send(`/api/v1/courses/${document.slug}/versions`, { document, note });
  let answer = published.body;
  if (published.status === NO_COURSE) answer = await publishCourse(send, document, note);
  else if (published.status >= REFUSED) throw refused("Publishing", published);
  else say(`publish  ${document.slug} published`);
  if (mapping !== null && learners !== null) await sendPeople(learners, mapping, document.slug, request);
  return answer;
}

/** The files of an archive or a folder. @throws ImportError with a sentence that names it. */
export async function sourceFiles(source: string): Promise<FileSupply> {
  try {
    if ((await stat(source)).isDirectory()) return folderFiles(source);
    return archiveFiles(blobSource(await openAsBlob(source), basename(source)));
  } catch (fault) {
    throw new ImportError(`${source} cannot be read: ${reason(fault)}.`);
  }
}

/** Writes a report as JSON. @throws ImportError */
export async function writeReport(file: string, report: ImportReport): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  } catch (fault) {
    throw new ImportError(`${file} cannot be written: ${reason(fault)}.`);
  }
  say(`report   ${file}`);
}

/** The report as a person reads it: numbers, then everything that is not exact. */
function describeReport({ report, people }: Imported): void {
  const { counts, gates, completion, content } = report;
  say(`release  ${report.release}`);
  say(`rules    ${gates.length}, completion settings ${completion.length}`);
  say(`verdicts ${counts.exact} exact, ${counts.approximated} approximated, ${counts.unmapped} unmapped`);
  const kinds = Object.entries(content.elements).map(([kind, count]) => `${count} ${kind}`);
  say(`content  ${kinds.join(", ") || "nothing"}; ${content.texts} texts; ${content.files} files in the source`);
  if (people !== null)
    say(
      `people   ${people.learners.length} learners, ${people.facts.length} facts; --people says whose facts are sent`,
    );
  const inexact = [...gates, ...completion].filter(({ verdict }) => verdict !== "exact");
  const shown = inexact.slice(0, MAX_SHOWN).map(({ source, verdict, why }) => ({
    path: source,
    rule: verdict,
    message: why ?? "no reason is known",
  }));
  list(shown, "~");
  if (inexact.length > MAX_SHOWN) say(`  ~ and ${inexact.length - MAX_SHOWN} more; --report FILE writes all of them`);
  for (const { what, count, why } of content.left_out) say(`  - left out: ${count} ${what}; ${why}`);
  list(content.notes, "!");
}
