import { type ArchiveSource, type Imported, loadImporting } from "../courses/index.ts";
import { keepCourseFile } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { FieldError, Result } from "../platform/results.ts";
import { MAX_HELD_FILE } from "./limits.ts";

interface Deps {
  env: Env;
  db: Database;
  /** The owner of the files. */
  owner: string;
  course: string;
}

/** The input of a receiver of archive files; see `FileSink` of the importers. */
interface Sink {
  write(piece: Uint8Array): void;
  end(): Promise<void>;
}

/**
 * Stores the files that the texts of an imported course show or link to, and changes the links so that they lead to
 * them. The archive is read a second time, because only its texts say which of its files are needed; each file is in
 * memory by itself.
 * @returns the course with its links, or the fault of the archive.
 * @throws when a file could not be stored for a reason that passes.
 */
export async function attachFiles(deps: Deps, source: ArchiveSource, imported: Imported): Promise<Result<Imported>> {
  const { archiveFiles, filesNamed, settleLinks } = await loadImporting();
  const wanted = new Set(filesNamed(imported.document));
  const stored = new Map<string, string>();
  if (wanted.size === 0) return { ok: true, value: settleLinks(imported, stored) };
  const notes: FieldError[] = [];
  let fault: unknown = null;
  const keep = async (path: string, bytes: Uint8Array<ArrayBuffer> | null): Promise<void> => {
    const name = imported.links.files.get(path) ?? path;
    if (bytes === null) {
      const message = `${name} has more than ${MAX_HELD_FILE} bytes and was not imported.`;
      notes.push({ path, rule: "file_too_large", message });
      return;
    }
    const { env, db, owner, course } = deps;
    const kept = await keepCourseFile({ env, db, now: Date.now() }, { owner, course, name, bytes });
    if (kept.ok) stored.set(path, kept.value);
    else if (kept.refusal.code === "unavailable" || kept.refusal.code === "concurrent_change") {
      throw new Error(`a file could not be stored: ${kept.refusal.detail ?? kept.refusal.code}`);
    } else {
      const message = `${name} was not imported: ${kept.refusal.detail ?? kept.refusal.code}`;
      notes.push({ path, rule: kept.refusal.code, message });
    }
  };
  const read = await archiveFiles(source)((path) =>
    wanted.has(path)
      ? held(async (bytes) => {
          // A reader of archives would take an error of its receiver for a broken archive.
          await keep(path, bytes).catch((reason: unknown) => {
            fault ??= reason;
            throw reason;
          });
        })
      : null,
  );
  if (fault !== null) throw fault;
  if (!read.ok) return read;
  const { report } = imported;
  const content = { ...report.content, notes: [...report.content.notes, ...notes] };
  return { ok: true, value: settleLinks({ ...imported, report: { ...report, content } }, stored) };
}

/** Keeps a file in memory until it is complete. @param done gets its bytes, or null for a file that is too large. */
function held(done: (bytes: Uint8Array<ArrayBuffer> | null) => Promise<void>): Sink {
  let chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write(piece) {
      size += piece.length;
      if (size > MAX_HELD_FILE) chunks = [];
      else chunks.push(piece.slice());
    },
    async end() {
      if (size > MAX_HELD_FILE) return done(null);
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      chunks = [];
      await done(bytes);
    },
  };
}
