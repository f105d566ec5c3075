import { EXERCISM, importExercism } from "../../../src/courses/importers/exercism.ts";
import { importCourse } from "../../../src/courses/importers/format.ts";
import { parseJson } from "../json.ts";
import { checkCourse, describeCourse, publishCourse } from "./course.ts";
import { readText } from "./files.ts";
import { sourceFiles, writeReport } from "./platform.ts";
import { ImportError, list, reason, say } from "./report.ts";
import { clientFor, isLocal, type Server } from "./server.ts";

export interface ExercismRequest extends Server {
  /** `config.json` of a track. */
  source: string;
  /** Slug; default the track's own. */
  course: string | undefined;
  /** File to write the report to, as JSON. */
  report: string | undefined;
  isDryRun: boolean;
}

/** Imports the config of an Exercism track as a course. @returns what is printed: the server's answer, or the document. */
export async function runExercism(request: ExercismRequest): Promise<unknown> {
  const { source, course, url } = request;
  say(`read     ${source}`);
  const parsed = parseJson(await readText(source));
  if (!("value" in parsed)) {
    const { line, column, message } = parsed.defect;
    throw new ImportError(`${source} is not JSON: line ${line}, column ${column}: ${message}.`);
  }
  const imported = importExercism(parsed.value, course);
  if (!imported.ok) throw new ImportError(`${source} is not what exercism expects.`, imported.refusal.errors);
  const { document, warnings } = imported.value;
  describeCourse(document);
  list(warnings, "!");
  if (request.report !== undefined) {
    const reported = await importCourse(EXERCISM, await sourceFiles(source), { course });
    if (reported.ok) await writeReport(request.report, reported.value.report);
  }
  checkCourse(document);
  if (request.isDryRun) return document;

  const client = await clientFor(request, "admin");
  const hint = isLocal(request) ? ' Is it running? "npm start" starts it.' : "";
  const send = (path: string, body: unknown) =>
    client.post(path, body).catch((fault: unknown) => {
      throw new ImportError(`${url} does not answer: ${reason(fault)}.${hint}`);
    });
  return publishCourse(send, document, "Imported from exercism");
}
