import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";

/** One file of a source, wholly read. */
export interface SourceFile {
  /** Path within the archive or folder, with `/` between its parts, without `./` before. */
  path: string;
  /** Its bytes in order, in as many pieces as they came. */
  chunks: readonly Uint8Array[];
}

/** What is in a source besides the files that were read. */
export interface SourceSummary {
  /** All files, read or not. */
  files: number;
  /** Their bytes, unpacked. */
  bytes: number;
  /** Entries that are neither file nor folder (links, devices); none is followed. */
  skipped: string[];
}

/** Receives one file piece by piece, in order. A piece is the receiver's during the call alone. */
export interface FileSink {
  /** @throws SourceFault */
  write(piece: Uint8Array): void | Promise<void>;
  /** The file was whole. @throws SourceFault */
  end(): void | Promise<void>;
}

/**
 * Something that holds files: an archive, a folder. It is gone through once, in its own order.
 *
 * @param open who receives a file; null: it is counted only. What it or a sink throws as {@link SourceFault} ends the
 *   reading.
 */
export type FileSupply = (open: (path: string) => FileSink | null) => Promise<Result<SourceSummary>>;

/** Largest file that is held as a whole, bytes. An isolate has 128 MB for all it does. */
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
 * A source that cannot be imported. It is thrown while files are read, which is deep inside libraries' callbacks, and
 * becomes a refusal in {@link refuseFaults}; nothing else lets it out.
 */
export class SourceFault extends Error {
  readonly error: FieldError;

  constructor(error: FieldError) {
    super(error.message);
    this.error = error;
  }
}

/** @param path file and place in it, as `sections/section_3/section.xml:7:12`. @throws SourceFault always. */
export function fail(path: string, rule: string, message: string): never {
  throw new SourceFault({ path, rule, message });
}

/** Runs what may throw {@link SourceFault}. @returns `invalid_input` where it did. */
export async function refuseFaults<T>(work: () => Promise<T> | T): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (fault) {
    if (!(fault instanceof SourceFault)) throw fault;
    return refuse("invalid_input", { errors: [fault.error] });
  }
}

/** Most bytes of files that a format keeps until it has seen all of them. */
const MAX_SHELF = 24_000_000;

/** Files kept until the end, for formats whose files refer to each other in no fixed order. */
export class Shelf {
  /** The folder it is seen from, with a slash at its end; "" at the top. */
  readonly root: string;
  readonly #files = new Map<string, SourceFile>();
  #bytes = 0;

  constructor(root = "") {
    this.root = root;
  }

  /** @throws SourceFault where all that is kept grows too large for an isolate. */
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
   * The files seen from the folder in which a file of this name lies nearest to the top: archives of folders hold them
   * in a folder of their own. Where there is none, all files as they are.
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

/** The bytes of a file as one text, in the encoding its first bytes tell (UTF-8, UTF-16). */
export function textOf(file: SourceFile): string {
  const decoder = new TextDecoder(encodingOf(file.chunks[0] ?? new Uint8Array()));
  let text = "";
  for (const chunk of file.chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** @throws SourceFault where the file is no JSON. */
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
/** How far an XML declaration may reach, bytes. */
const DECLARATION = 200;

/** The encoding of a text file: what its first bytes show, else what an XML declaration says, else UTF-8. */
export function encodingOf(start: Uint8Array): string {
  for (const { label, starts } of UTF_16) {
    if (starts.some(([first, second]) => start[0] === first && start[1] === second)) return label;
  }
  const head = String.fromCharCode(...start.subarray(0, DECLARATION));
  const named = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1];
  // What is written byte by byte cannot be UTF-16, whatever it says.
  return named === undefined || /^utf-?16/i.test(named) ? "utf-8" : named;
}
