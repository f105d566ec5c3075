/// <reference types="node" />
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { SealedBatch, Spool, SpoolContents, SpooledItem } from "./spool.ts";

/**
 * At this size in bytes the file of an empty spool is started again, and the file of any other is rewritten without
 * removed items.
 */
const COMPACT_BYTES = 16_000_000;

type Line = { item: SpooledItem } | { batch: SealedBatch } | { done: string; to: number };

/** Another living process uses the spool. */
export class SpoolInUseError extends Error {
  override readonly name = "SpoolInUseError";
}

/**
 * A spool in a file: an append-only log that is flushed to the disk before each method resolves. If the process is
 * killed in the middle of a line, that line is lost, but its writer had no answer yet. A lock beside the file keeps
 * other living processes out.
 */
export function fileSpool(path: string): Spool {
  let file: FileHandle | null = null;
  let size = 0;
  let contents: SpoolContents = { items: [], batches: [] };

  const append = async (lines: readonly Line[]): Promise<void> => {
    if (file === null) throw new Error("the spool is not open");
    const text = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    try {
      // Always at the end of the last complete line, so that a write that failed half way leaves nothing behind.
      for (let done = 0; done < text.length; ) {
        done += (await file.write(text, done, text.length - done, size + done)).bytesWritten;
      }
      await file.datasync();
    } catch (fault) {
      await file.truncate(size).catch(() => undefined);
      throw fault;
    }
    size += text.length;
  };

  return {
    async open() {
      await lock(path);
      const text = await readFile(path).catch((fault: unknown) => {
        if (isMissing(fault)) return Buffer.alloc(0);
        throw fault;
      });
      contents = replay(text.toString("utf8"));
      file = await begin(path, contents);
      size = (await file.stat()).size;
      return { items: [...contents.items], batches: [...contents.batches] };
    },
    async append(items) {
      await append(items.map((item) => ({ item })));
      contents.items.push(...items);
    },
    async seal(batch) {
      await append([{ batch }]);
      contents.batches.push(batch);
    },
    async remove({ key, to }) {
      await append([{ done: key, to }]);
      contents = without(contents, key, to);
      if (size < COMPACT_BYTES) return;
      const smaller = await begin(path, contents);
      await file?.close();
      file = smaller;
      size = (await smaller.stat()).size;
    },
    async close() {
      await file?.close();
      file = null;
      await rm(lockOf(path), { force: true });
    },
  };
}

/** Replaces the file by one with only these items. After a crash, either the old or the new file is complete. */
async function begin(path: string, { items, batches }: SpoolContents): Promise<FileHandle> {
  const lines: Line[] = [...items.map((item) => ({ item })), ...batches.map((batch) => ({ batch }))];
  const next = `${path}.next`;
  const file = await open(next, "w", 0o600);
  await file.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await file.datasync();
  await rename(next, path);
  return file;
}

function replay(text: string): SpoolContents {
  let contents: SpoolContents = { items: [], batches: [] };
  // Text after the last line break is a line that was never finished.
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    if (line === "") continue;
    // SAFETY: append() or begin() above wrote every complete line.
    const entry = JSON.parse(line) as Line;
    if ("item" in entry) contents.items.push(entry.item);
    else if ("batch" in entry) contents.batches.push(entry.batch);
    else contents = without(contents, entry.done, entry.to);
  }
  return contents;
}

function without({ items, batches }: SpoolContents, key: string, to: number): SpoolContents {
  return { items: items.filter(({ seq }) => seq > to), batches: batches.filter((batch) => batch.key !== key) };
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/** @throws SpoolInUseError while the process with the lock lives. */
async function lock(path: string): Promise<void> {
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      await writeFile(lockOf(path), String(process.pid), { flag: "wx", mode: 0o600 });
      return;
    } catch (fault) {
      if (!isExisting(fault)) throw fault;
      const holder = Number(await readFile(lockOf(path), "utf8").catch(() => ""));
      // The own process id also means a dead process: in containers the first process always has the same id.
      if (holder > 0 && holder !== process.pid && isAlive(holder)) break;
      await rm(lockOf(path), { force: true });
    }
  }
  throw new SpoolInUseError(`another process works with ${path}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    // It lives, and belongs to another user.
    return codeOf(fault) === "EPERM";
  }
}

const isMissing = (fault: unknown) => codeOf(fault) === "ENOENT";
const isExisting = (fault: unknown) => codeOf(fault) === "EEXIST";

function codeOf(fault: unknown): unknown {
  return typeof fault === "object" && fault !== null && "code" in fault ? fault.code : undefined;
}
