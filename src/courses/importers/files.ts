import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";

/** One complete file of a source. */
export interface SourceFile {
  /** Path within the archive or folder, with `/` between its parts, without `./` before. */
  path: string;
  /** Its bytes in order, in the pieces in which they arrived. */
  chunks: readonly Uint8Array[];
}

/** Counts of everything in a source. */
export interface SourceSummary {
  /** All files, also those that were not read. */
  files: number;
  /** Their bytes after unpacking. */
  bytes: number;
  /** Entries that are neither file nor folder (links, devices); none is followed. */
  skipped: string[];
}

/** Receives one file piece by piece, in order. A piece may be used only during the call. */
export interface FileSink {
  /** @throws SourceFault */
  write(piece: Uint8Array): void | Promise<void>;
  /** The file is complete. @throws SourceFault */
  end(): void | Promise<void>;
}

/**
 * A container of files: an archive or a folder. It is read once, in its own order.
 *
 * @param open returns the receiver of a file; null: the file is only counted. A {@link SourceFault} from it or from a
 * receiver ends the reading.
 */
export type FileSupply = (open: (path: string) => FileSink | null) => Promise<Result<SourceSummary>>;

/** Largest file that is kept in memory as a whole, in bytes. An isolate has 128 MB for everything. */
const MAX_WHOLE = 8_000_000;

/**
 * Receivers for a reader that needs each file as a whole.
 *
 * @param wants whether a file is to be read.
 * @param take receives it.
 */
export function wholeFiles(
  wants: (path: string) => boolean,
  take: (file: SourceFile) => void,
  most: number = MAX_WHOLE,
): (path: string) => FileSink | null {
  return (path) => (wants(path) ? wholeFile(path, take, most) : null);
}

function wholeFile(path: string, take: (file: SourceFile) => void, most: number): FileSink {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write(piece) {
      size += piece.length;
      if (size > most)
        fail(path, "too_large_file", `This file has more than ${most} bytes, the most that are read at once.`);
      chunks.push(piece.slice());
    },
    end: () => take({ path, chunks }),
  };
}

/**
 * A source that cannot be imported. It is thrown while files are read, deep inside the callbacks of libraries. {@link
 * refuseFaults} turns it into a refusal; it never leaves this room in another way.
 */
export class SourceFault extends Error {
  readonly error: FieldError;

  constructor(error: FieldError) {
    super(error.message);
    this.error = error;
  }
}

/** @param path file and place in it, such as `sections/section_3/section.xml:7:12`. @throws SourceFault always. */
export function fail(path: string, rule: string, message: string): never {
  throw new SourceFault({ path, rule, message });
}

/** Runs work that may throw {@link SourceFault}. @returns `invalid_input` if it did. */
export async function refuseFaults<T>(work: () => Promise<T> | T): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (fault) {
    if (!(fault instanceof SourceFault)) throw fault;
    return refuse("invalid_input", { errors: [fault.error] });
  }
}

/** The limit of bytes that a format keeps until it has seen all files. */
const MAX_SHELF = 24_000_000;

/** Files kept until the end, for formats in which files refer to each other in no fixed order. */
export class Shelf {
  /** The base folder, with a slash at its end; "" at the top. */
  readonly root: string;
  readonly #files = new Map<string, SourceFile>();
  #bytes = 0;

  constructor(root = "") {
    this.root = root;
  }

  /** @throws SourceFault if the kept files together are too large for an isolate. */
  put(file: SourceFile): void {
    this.#bytes += file.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (this.#bytes > MAX_SHELF)
      fail(file.path, "too_large_texts", `The texts of a source have at most ${MAX_SHELF} bytes.`);
    this.#files.set(file.path, file);
  }

  get(path: string): SourceFile | undefined {
    return this.#files.get(path);
  }

  paths(): string[] {
    return [...this.#files.keys()];
  }

  /**
   * The files as seen from the folder in which the topmost file with this name is. Archives of folders contain an
   * additional folder. If there is no such file, all files as they are.
   */
  from(name: string): Shelf {
    const roots = this.paths().filter((path) => path === name || path.endsWith(`/${name}`));
    const [nearest] = roots.sort((a, b) => a.split("/").length - b.split("/").length);
    const root = nearest?.slice(0, -name.length) ?? "";
    const inner = new Shelf(root);
    for (const [path, file] of this.#files) {
      if (path.startsWith(root)) inner.put({ ...file, path: path.slice(root.length) });
    }
    return inner;
  }
}

/** The text of a file, in the encoding that its first bytes show (UTF-8, UTF-16). */
export function textOf(file: SourceFile): string {
  const decoder = new TextDecoder(encodingOf(file.chunks[0] ?? new Uint8Array()));
  let text = "";
  for (const chunk of file.chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** @throws SourceFault if the file is not JSON. */
export function jsonOf(file: SourceFile): unknown {
  try {
    return JSON.parse(textOf(file));
  } catch (fault) {
    return fail(file.path, "invalid_json", `This is not JSON: ${fault instanceof Error ? fault.message : "unknown"}.`);
  }
}

/** Marks of UTF-16: the byte order mark, or `<` with a zero byte beside it. */
const UTF_16 = [
  {
    label: "utf-16le",
    starts: [
      [0xff, 0xfe],
      [0x3c, 0x00],
    ],
  },
  {
    label: "utf-16be",
    starts: [
      [0xfe, 0xff],
      [0x00, 0x3c],
    ],
  },
] as const;
/** The longest XML declaration that is read, in bytes. */
const DECLARATION = 200;

/** The encoding of a text file: from its first bytes, else from an XML declaration, else UTF-8. */
export function encodingOf(start: Uint8Array): string {
  for (const { label, starts } of UTF_16) {
    if (starts.some(([first, second]) => start[0] === first && start[1] === second)) return label;
  }
  const head = String.fromCharCode(...start.subarray(0, DECLARATION));
  const named = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1];
  // A file that can be read byte by byte cannot be UTF-16, whatever it declares.
  return named === undefined || /^utf-?16/i.test(named) ? "utf-8" : named;
}
