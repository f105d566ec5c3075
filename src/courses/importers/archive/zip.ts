import { Unzip, type UnzipFile, UnzipInflate } from "fflate";
import { type FileSink, fail } from "../files.ts";
import type { Intake } from "./bounds.ts";
import type { ArchiveSource } from "./source.ts";

/** Bytes inflated at a time. Inflated they are at most 1,032 times as many, which limits the memory of one step. */
const STEP = 16_384;
/** The end record of a zip: its own length plus its longest comment (APPNOTE 4.3.16). */
const END = { signature: 0x06054b50, length: 22, comment: 65_535, entries: 10, commentAt: 20 } as const;
/** A number of entries that means "see the zip64 record". */
const SEE_ZIP64 = 0xffff;

/**
 * Reads a zip from start to end. fflate reads local headers only, and does not notice what a truncated file has lost.
 * So the end record is searched first, and its number of entries is compared.
 */
export async function readZip(
  source: ArchiveSource,
  intake: Intake,
  open: (path: string) => FileSink | null,
): Promise<void> {
  const announced = await announcedEntries(source);
  let seen = 0;
  /** Work that receivers have not finished. fflate does not wait for them, so it gets its next piece after them. */
  const waits: Promise<void>[] = [];
  const unzip = new Unzip((entry) => {
    seen += 1;
    const path = intake.admit(nameOf(entry.name));
    if (entry.name.endsWith("/") || entry.name.endsWith("\\")) return;
    intake.file(path);
    const sink = open(path);
    if (sink === null) intake.unpacked(path, entry.originalSize ?? 0);
    else pass(entry, path, intake, sink, waits);
  });
  unzip.register(UnzipInflate);
  const reader = source.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (let at = 0; at < part.value.length; at += STEP) {
      push(unzip, part.value.subarray(at, at + STEP), source.name);
      if (waits.length > 0) await Promise.all(waits.splice(0));
    }
  }
  push(unzip, new Uint8Array(), source.name, true);
  await Promise.all(waits.splice(0));
  if (announced !== SEE_ZIP64 && announced !== seen) {
    fail(source.name, "truncated_archive", `The zip file should have ${announced} entries and has ${seen}.`);
  }
}

/**
 * The name of an entry. Zips made on macOS have names in UTF-8 without the flag for it, and fflate then reads them as
 * Latin-1. If the bytes are valid UTF-8, they are read as UTF-8.
 */
function nameOf(name: string): string {
  const bytes = Uint8Array.from(name, (character) => character.charCodeAt(0));
  const isPlain = !/[\u0080-\uffff]/.test(name);
  if (isPlain || /[\u0100-\uffff]/.test(name)) return name;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return name;
  }
}

function push(unzip: Unzip, bytes: Uint8Array, name: string, isLast = false): void {
  try {
    unzip.push(bytes, isLast);
  } catch (fault) {
    refuseBroken(fault, name);
  }
}

function pass(entry: UnzipFile, path: string, intake: Intake, sink: FileSink, waits: Promise<void>[]): void {
  /** The receiver gets pieces one after the other. While it is busy, the other pieces of a step wait. */
  let busy: Promise<void> | null = null;
  const then = (work: () => void | Promise<void>) => {
    const next = busy === null ? work() : busy.then(work);
    if (next === undefined) return;
    busy = next;
    waits.push(next);
  };
  entry.ondata = (fault, bytes, isLast) => {
    if (fault !== null) refuseBroken(fault, path);
    intake.unpacked(path, bytes.length);
    if (bytes.length > 0) {
      // fflate uses its buffer again.
      const piece = bytes.slice();
      then(() => sink.write(piece));
    }
    if (isLast) then(() => sink.end());
  };
  try {
    entry.start();
  } catch (fault) {
    refuseBroken(fault, path);
  }
}

/** fflate's errors have a numeric code; any other error is our own and is thrown again. */
function refuseBroken(fault: unknown, path: string): never {
  if (!(fault instanceof Error) || !("code" in fault)) throw fault;
  return fail(path, "malformed_archive", `The zip file cannot be unpacked: ${fault.message}.`);
}

/** @returns the number of entries in the end record. @throws SourceFault if there is no such record. */
async function announcedEntries(source: ArchiveSource): Promise<number> {
  const tail = await source.slice(Math.max(0, source.size - END.length - END.comment), source.size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tail.length - END.length; at >= 0; at -= 1) {
    // The comment may contain something that looks like the record; the record gives the length of the comment.
    const isWhole = view.getUint16(at + END.commentAt, true) === tail.length - at - END.length;
    if (isWhole && view.getUint32(at, true) === END.signature) return view.getUint16(at + END.entries, true);
  }
  return fail(
    source.name,
    "truncated_archive",
    "The zip file has no end record: it was cut off, or it is not a zip file.",
  );
}
