import { importExercism } from "../../../src/courses/importers/exercism.ts";
import { parseJson } from "../json.ts";
import { checkCourse, describeCourse, publishCourse } from "./course.ts";
import { readText } from "./files.ts";
import { ImportError, list, reason, say } from "./report.ts";
import { clientFor, isLocal, type Server } from "./server.ts";

export interface ExercismRequest extends Server {
  /** `config.json` of a track. */
  source: string;
  /** Slug; default the track's own. */
  course: string | undefined;
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
