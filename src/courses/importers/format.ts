import { ok, type Result } from "../../platform/results.ts";
import type { ImportedDocument } from "./document.ts";
import { type FileSink, type FileSupply, refuseFaults, type SourceSummary } from "./files.ts";
import type { ImportReport } from "./report.ts";

export interface ImportOptions {
  /** Slug of the course; default the source's own name. */
  course?: string | undefined;
  /** False leaves people and what they did unread, which needs less memory. Default true. */
  people?: boolean | undefined;
}

/** What one learner did with one item, with its instant. */
export interface ImportedFact {
  user: string;
  item: string;
  /** RFC 3339. */
  at: string;
  state?: "incomplete" | "complete" | "passed" | "failed";
  viewed?: true;
  /** Points within the range of this attempt. */
  score?: { points: number; min: number; max: number };
}

/** People of a source that carries them. Names and addresses stay where they are. */
export interface ImportedPeople {
  learners: {
    user: string;
    /** By which an author may name the learner; it is sent nowhere. */
    email: string | null;
    enrolled_at: string | null;
    cohorts: string[];
    profile: Record<string, string>;
  }[];
  facts: ImportedFact[];
}

/** What the texts of a source may link to. */
export interface ImportedLinks {
  /** Names that files have for people, by their paths in the archive; the others have that of their path. */
  files: ReadonlyMap<string, string>;
  /** Ids of items by what the source's links call them. */
  items: ReadonlyMap<string, string>;
}

export const NO_LINKS: ImportedLinks = { files: new Map(), items: new Map() };

export interface Imported {
  document: ImportedDocument;
  report: ImportReport;
  /** Null where the source carries nobody. */
  people: ImportedPeople | null;
  /** What links within texts name, see links.ts. */
  links: ImportedLinks;
}

/** Reads one source: asked who receives each file, in any order, and asked for the course at the end. */
interface Reading {
  /** @returns null for a file that is not read. @throws SourceFault */
  open(path: string): FileSink | null;
  /** @throws SourceFault */
  finish(summary: SourceSummary): Imported;
}

/** One foreign format. Pure: it sees files and gives a course; no clock, no network, no disk. */
export interface Format {
  /** As the command line and the report name it. */
  name: string;
  read(options: ImportOptions): Reading;
}

/** Imports a course. @returns `invalid_input`, each error naming file and place, where the source is not of this format. */
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
