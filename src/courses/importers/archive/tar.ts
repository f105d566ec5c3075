import { createTarDecoder } from "modern-tar";
import { type FileSink, fail, SourceFault } from "../files.ts";
import type { Intake } from "./bounds.ts";
import { gunzip } from "./gunzip.ts";
import type { ArchiveSource } from "./source.ts";

/** A tar ends with zeros of at least this many bytes (POSIX pax, "ustar interchange format"). */
const END_BLOCK = 512;

/**
 * Reads a tar, gzipped or not, entry by entry as its bytes come. A gzip shows by itself that it was truncated. A plain
 * tar that was cut between two entries looks complete except for its end, so the end is checked first.
 */
export async function readTar(
  source: ArchiveSource,
  isGzip: boolean,
  intake: Intake,
  open: (path: string) => FileSink | null,
): Promise<void> {
  let last = source.name;
  if (!isGzip) {
    const end = await source.slice(Math.max(0, source.size - END_BLOCK), source.size);
    if (end.some((byte) => byte !== 0))
      fail(source.name, "truncated_archive", "The tar file has no end: it was cut off.");
  }
  const packed = source.stream();
  const bytes = isGzip ? gunzip(packed) : packed;
  try {
    for await (const { header, body } of bytes.pipeThrough(createTarDecoder({ strict: true }))) {
      const path = intake.admit(header.name);
      last = path;
      if (header.type === "directory") {
        await body.cancel();
      } else if (header.type !== undefined && header.type !== "file") {
        intake.summary.skipped.push(path);
        await body.cancel();
      } else {
        intake.file(path);
        await readBody(path, body, intake, open(path));
      }
    }
  } catch (fault) {
    if (fault instanceof SourceFault) throw fault;
    // Both streams report faults in the bytes by errors without a common class.
    const why = fault instanceof Error ? fault.message : String(fault);
    fail(last, "truncated_archive", `The archive is cut off or damaged after this entry: ${why}.`);
  }
}

async function readBody(
  path: string,
  body: ReadableStream<Uint8Array>,
  intake: Intake,
  sink: FileSink | null,
): Promise<void> {
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    intake.unpacked(path, part.value.length);
    await sink?.write(part.value);
  }
  await sink?.end();
}
