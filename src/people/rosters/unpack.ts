import { loadImporting } from "../../courses/index.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";

/** Largest file of a roster as it is sent or fetched, bytes. */
export const MAX_FILE_BYTES = 10_000_000;
/** What an archive may unpack to, and its largest file that is read: all of it is held at once. */
const MAX_UNPACKED = 60_000_000;
const MAX_TABLE = 16_000_000;
const MAX_ENTRIES = 200;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * The CSV files of a OneRoster archive as texts, by name without `.csv`. Files may lie in one folder of the archive.
 * @returns `invalid_input` where it is no zip, damaged, too large, or holds text that is not UTF-8.
 */
export async function unpackRoster(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Result<Map<string, string>>> {
  const { archiveFiles, blobSource, wholeFiles } = await loadImporting();
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    return faulty(name, "not_a_zip", "A OneRoster file is a zip with manifest.csv in it; this is no zip.");
  }
  const files = new Map<string, Uint8Array>();
  const supply = archiveFiles(blobSource(new Blob([bytes]), name), { unpacked: MAX_UNPACKED, entries: MAX_ENTRIES });
  const isTable = (path: string) => /^(?:[^/]+\/)?[A-Za-z0-9]+\.csv$/.test(path);
  const take = ({ path, chunks }: { path: string; chunks: readonly Uint8Array[] }) => {
    const table = (path.split("/").at(-1) ?? path).replace(/\.csv$/, "");
    files.set(table, joined(chunks));
  };
  const read = await supply(wholeFiles(isTable, take, MAX_TABLE));
  if (!read.ok) return read;
  const texts = new Map<string, string>();
  for (const [table, content] of files) {
    const text = decoded(content);
    if (text === null) return faulty(`${table}.csv`, "not_utf8", "The file is not UTF-8: save it as UTF-8.");
    texts.set(table, text);
  }
  return ok(texts);
}

/** A text, or null where the bytes are not UTF-8. */
export function decoded(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function faulty(path: string, rule: string, message: string): Result<never> {
  return refuse("invalid_input", { errors: [{ path, rule, message }] });
}
