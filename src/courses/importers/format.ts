import { ok, type Result } from "../../platform/results.ts";
import type { ImportedDocument } from "./document.ts";
import { type FileSink, type FileSupply, refuseFaults, type SourceSummary } from "./files.ts";
import type { ImportReport } from "./report.ts";

export interface ImportOptions {
  /** Slug of the course; default: the source's own name. */
  course?: string | undefined;
  /** False skips people and what they did, which needs less memory. Default true. */
  people?: boolean | undefined;
}

/** What one learner did with one item, and when. */
export interface ImportedFact {
  user: string;
  item: string;
  /** RFC 3339. */
  at: string;
  state?: "incomplete" | "complete" | "passed" | "failed";
  viewed?: true;
  /** Points, with the range of this attempt. */
  score?: { points: number; min: number; max: number };
}

/** The people in a source, if it has any. Their names and addresses stay in the source. */
export interface ImportedPeople {
  learners: {
    user: string;
    /** Names by which an author may identify the learner; they are sent nowhere. */
    email: string | null;
    enrolled_at: string | null;
    cohorts: string[];
    profile: Record<string, string>;
  }[];
  facts: ImportedFact[];
}

/** The targets to which the texts of a source may link. */
export interface ImportedLinks {
  /** Names of files for people, by their paths in the archive; other files use their path. */
  files: ReadonlyMap<string, string>;
  /** Ids of items by the names that the source's links use. */
  items: ReadonlyMap<string, string>;
}

export const NO_LINKS: ImportedLinks = { files: new Map(), items: new Map() };

export interface Imported {
  document: ImportedDocument;
  report: ImportReport;
  /** Null if the source has no people. */
  people: ImportedPeople | null;
  /** The targets of links within texts, see links.ts. */
  links: ImportedLinks;
}

/** Reads one source. It is asked for the receiver of each file, in any order, and for the course at the end. */
interface Reading {
  /** @returns null for a file that is not read. @throws SourceFault */
  open(path: string): FileSink | null;
  /** @throws SourceFault */
  finish(summary: SourceSummary): Imported;
}

/** One foreign format. Pure: it gets files and returns a course; no clock, no network, no disk. */
export interface Format {
  /** Its name on the command line and in the report. */
  name: string;
  read(options: ImportOptions): Reading;
}

/** Imports a course. @returns `invalid_input` if the source is not of this format; each error names file and place. */
export async function importCourse(
  format: Format,
  files: FileSupply,
  options: ImportOptions = {},
): Promise<Result<Imported>> {
  const reading = format.read(options);
  const read = await files((path) => reading.open(path));
  if (!read.ok) return read;
  const imported = await refuseFaults(() => reading.finish(read.value));
  return imported.ok ? ok(imported.value) : imported;
}
