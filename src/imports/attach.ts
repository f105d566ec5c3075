import { type ArchiveSource, type Imported, loadImporting } from "../courses/index.ts";
import { keepCourseFile } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { FieldError, Result } from "../platform/results.ts";
import { MAX_HELD_FILE } from "./limits.ts";

interface Deps {
  env: Env;
  db: Database;
  /** Whose files they become. */
  owner: string;
  course: string;
}

/** What a sink of the archive may receive; see `FileSink` of the importers. */
interface Sink {
  write(piece: Uint8Array): void;
  end(): Promise<void>;
}

/**
 * Keeps the files that the texts of an imported course show or link to, and makes the links lead to them. The archive is
 * gone through a second time, because only its texts say which of its files are meant; each file is held by itself.
 *
 * @returns the course with its links, or what is wrong with the archive.
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
          // Readers of archives take what a receiver throws for a broken archive.
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

/** Holds a file until it is whole. @param done receives its bytes, or null of one that is too large to be held. */
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
