import type { AskedQuestion } from "../../api/types.ts";

/** What every field is given: the answer as it is kept, and who hears of another. */
export interface FieldProps {
  question: AskedQuestion | null;
  value: string;
  onChange: (value: string) => void;
}

/** A file that was uploaded and not submitted yet. */
export interface ReadyFile {
  id: string;
  name: string;
  size: number;
}
export interface FilesValue {
  files: ReadyFile[];
  remark: string;
}

/** Files and remark from the text in which they are kept. */
export function filesOf(value: string): FilesValue {
  try {
    // SAFETY: written by the field of files alone; anything else is caught below.
    const { files, remark } = JSON.parse(value) as FilesValue;
    return Array.isArray(files) && typeof remark === "string" ? { files, remark } : { files: [], remark: "" };
  } catch {
    return { files: [], remark: "" };
  }
}

/** The ids that an answer names. */
export function idsOf(answer: string): string[] {
  return answer.split(/[\s,]+/).filter((id) => id !== "");
}

/** What is sent of a field's value; null: there is no answer yet. */
export function bodyOf(question: AskedQuestion | null, value: string): { answer?: string; files?: string[] } | null {
  if (question?.kind === "file") {
    const { files, remark } = filesOf(value);
    if (files.length === 0) return null;
    return { files: files.map(({ id }) => id), ...(remark.trim() === "" ? {} : { answer: remark }) };
  }
  // What a learner leaves in the order it is shown in is an answer, too.
  if (question?.kind === "ordering" && value === "") return { answer: question.options.map(({ id }) => id).join(", ") };
  return value.trim() === "" ? null : { answer: value };
}
