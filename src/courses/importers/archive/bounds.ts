import { fail, type SourceSummary } from "../files.ts";

/** Largest archive as it is stored, in bytes. */
export const MAX_PACKED = 200_000_000;
/** An archive may unpack to at most this many bytes. */
const MAX_UNPACKED = 1_000_000_000;
/** The limit of entries, with folders. */
const MAX_ENTRIES = 100_000;
/** Longest path, in UTF-16 code units. */
const MAX_PATH = 1_000;

/** The limits of an importer; tests make them small. */
export interface Limits {
  unpacked: number;
  entries: number;
}

export const LIMITS: Limits = { unpacked: MAX_UNPACKED, entries: MAX_ENTRIES };

/**
 * Counts the contents of an archive. It refuses, by name, entries beyond the limits and entries that leave their
 * folder.
 */
export class Intake {
  readonly summary: SourceSummary = { files: 0, bytes: 0, skipped: [] };
  readonly #limits: Limits;
  readonly #paths = new Set<string>();
  #entries = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Admits one entry. @returns its path in the standard form, without a slash at the end. @throws SourceFault */
  admit(name: string): string {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) {
      fail(name, "too_many_entries", `The archive has more than ${this.#limits.entries} entries.`);
    }
    return safePath(name);
  }

  /** Admits the entry as a file. @throws SourceFault if the path is there twice. */
  file(path: string): void {
    if (this.#paths.has(path)) fail(path, "duplicate_entry", "This path is in the archive twice.");
    this.#paths.add(path);
    this.summary.files += 1;
  }

  /** Counts unpacked bytes. @throws SourceFault */
  unpacked(path: string, bytes: number): void {
    this.summary.bytes += bytes;
    if (this.summary.bytes > this.#limits.unpacked) {
      fail(path, "too_large_unpacked", `The archive unpacks to more than ${this.#limits.unpacked} bytes.`);
    }
  }
}

/**
 * The path of an entry with `/` between its parts (Windows programs write `\`). An entry with a path outside the target
 * folder is refused, even though nothing is written here: such an archive was made to do harm.
 */
function safePath(name: string): string {
  const path = name.replaceAll("\\", "/");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const leaves = path.startsWith("/") || /^[A-Za-z]:/.test(path) || parts.includes("..");
  if (leaves || path.includes("\0"))
    fail(name, "path_escapes", "The path of this entry leads out of the folder of the archive.");
  if (path.length > MAX_PATH) fail(path.slice(0, 100), "path_too_long", `A path has at most ${MAX_PATH} characters.`);
  return parts.join("/");
}
