import { type FileSupply, fail, refuseFaults } from "../files.ts";
import { Intake, LIMITS, type Limits, MAX_PACKED } from "./bounds.ts";
import type { ArchiveSource } from "./source.ts";
import { readTar } from "./tar.ts";
import { readZip } from "./zip.ts";

/** The position of `ustar` in the header of a tar. */
const USTAR_AT = 257;
/** Bytes that are read to find the kind of an archive. */
const HEAD = 265;
/** Bytes read of a single file at a time. */
const PIECE = 65_536;

/**
 * The files of a zip, a tar or a gzipped tar. The first bytes decide which one it is, because `.mbz` can be either. A
 * single file of any other kind is passed on unchanged, under its own name.
 *
 * Refused, with a name for the reason: more than 200 MB, 1 GB unpacked or 100,000 entries; entries that leave their
 * folder or appear twice; truncated or damaged archives.
 */
export function archiveFiles(source: ArchiveSource, limits: Limits = LIMITS): FileSupply {
  return (open) =>
    refuseFaults(async () => {
      if (source.size > MAX_PACKED) fail(source.name, "too_large", `An archive has at most ${MAX_PACKED} bytes.`);
      const intake = new Intake(limits);
      const head = await source.slice(0, HEAD);
      if (head[0] === 0x50 && head[1] === 0x4b) await readZip(source, intake, open);
      else if (head[0] === 0x1f && head[1] === 0x8b) await readTar(source, true, intake, open);
      else if (isTar(head)) await readTar(source, false, intake, open);
      else {
        const path = source.name.split("/").at(-1) ?? source.name;
        intake.file(path);
        intake.unpacked(path, source.size);
        const sink = open(path);
        for (let at = 0; sink !== null && at < source.size; at += PIECE) {
          await sink.write(await source.slice(at, Math.min(at + PIECE, source.size)));
        }
        await sink?.end();
      }
      return intake.summary;
    });
}

function isTar(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(USTAR_AT, USTAR_AT + 5)) === "ustar";
}
