import type { FieldError } from "../platform/results.ts";
import { parseMeasure } from "./measure.ts";

/**
 * The allowed form of answers to a problem. The texts of its options are content, so they are not here: each learner's
 * object keeps this, and a refusal needs no more. If it is absent, any text is allowed.
 */
export type Asked =
  | { kind: "choice" | "choices" | "ordering"; options: string[] }
  | { kind: "text" | "number" }
  | { kind: "file"; max_files: number; max_bytes: number; endings?: string[] | undefined };

/** A file that a submission names. `size` in bytes. */
export interface AnswerFile {
  id: string;
  name: string;
  type: string;
  size: number;
}

/** The limit of files in one submission, whatever a question allows. */
export const MAX_ANSWER_FILES = 10;

/** Ids in an answer, such as `a, c`. White space also separates them. */
export function idsIn(answer: string): string[] {
  return answer.split(/[\s,]+/).filter((id) => id !== "");
}

const broken = (path: string, rule: string, message: string): FieldError => ({ path, rule, message });

/**
 * Why an answer is refused. Only its form is checked: the judge decides whether it is right. A refused answer is not
 * stored and uses up no try.
 */
export function answerFaults(
  asked: Asked | undefined,
  { answer, files }: { answer: string; files: readonly AnswerFile[] },
): FieldError[] {
  if (asked?.kind === "file") return fileFaults(asked, files);
  if (files.length > 0) return [broken("files", "no_files", "The problem does not ask for files.")];
  if (answer.trim() === "") return [broken("answer", "too_small", "The answer is empty.")];
  if (asked === undefined) return [];
  switch (asked.kind) {
    case "text":
      return [];
    case "number":
      return parseMeasure(answer) === null
        ? [broken("answer", "not_a_number", "The answer is not a number, with or without a unit.")]
        : [];
    default:
      return optionFaults(asked, idsIn(answer));
  }
}

function optionFaults({ kind, options }: Extract<Asked, { options: string[] }>, ids: readonly string[]): FieldError[] {
  const fault = (rule: string, message: string) => [broken("answer", rule, message)];
  const unknown = ids.find((id) => !options.includes(id));
  if (unknown !== undefined) return fault("no_such_option", `The problem has no option "${unknown.slice(0, 40)}".`);
  if (new Set(ids).size < ids.length) return fault("named_twice", "An option is named twice.");
  if (kind === "choice" && ids.length !== 1) return fault("one_option", "The answer names exactly one option.");
  if (kind === "ordering" && ids.length !== options.length) {
    return fault("all_options", `The answer names all ${options.length} options, in the order meant.`);
  }
  return [];
}

function fileFaults(asked: Extract<Asked, { kind: "file" }>, files: readonly AnswerFile[]): FieldError[] {
  const { max_files, max_bytes, endings } = asked;
  if (files.length === 0) return [broken("files", "too_small", "The problem asks for at least one file.")];
  if (files.length > max_files) return [broken("files", "too_big", `At most ${max_files} files are taken.`)];
  return files.flatMap(({ name, size }, index) => {
    const path = `files[${index}]`;
    if (size > max_bytes) return [broken(path, "file_too_large", `A file may have at most ${max_bytes} bytes.`)];
    const isFit = endings === undefined || endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
    return isFit ? [] : [broken(path, "file_ending", `The name of a file must end in: ${endings?.join(", ")}.`)];
  });
}

/** The first character of a stored answer that names files. No text answer may begin with it. */
const FILES = "\u001c";

/** An answer as it is stored: one string with its files before its text. */
export function packAnswer({ answer, files }: { answer: string; files: readonly AnswerFile[] }): string {
  return files.length === 0 ? answer : `${FILES}${JSON.stringify(files)}\n${answer}`;
}

/** The text and the files of a stored answer. */
export function unpackAnswer(stored: string): { answer: string; files: AnswerFile[] } {
  if (!stored.startsWith(FILES)) return { answer: stored, files: [] };
  const end = stored.indexOf("\n");
  // SAFETY: only `packAnswer` writes this, and no text answer begins like this.
  const files = JSON.parse(stored.slice(FILES.length, end)) as AnswerFile[];
  return { answer: stored.slice(end + 1), files };
}

/** Whether a text could be confused with a stored answer that has files. */
export function looksPacked(answer: string): boolean {
  return answer.startsWith(FILES);
}
