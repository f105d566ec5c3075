import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Intake, LIMITS } from "../../../src/courses/importers/archive/bounds.ts";
import { type FileSupply, refuseFaults } from "../../../src/courses/importers/files.ts";

/** The files of a folder on this machine, within the same bounds as an archive's. Links are named and not followed. */
export function folderFiles(root: string): FileSupply {
  return (open) =>
    refuseFaults(async () => {
      const intake = new Intake(LIMITS);
      const walk = async (folder: string): Promise<void> => {
        const entries = await readdir(join(root, folder), { withFileTypes: true });
        for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
          const path = intake.admit(folder === "" ? entry.name : `${folder}/${entry.name}`);
          if (entry.isDirectory()) await walk(path);
          else if (!entry.isFile()) intake.summary.skipped.push(path);
          else {
            intake.file(path);
            const { size } = await stat(join(root, path));
            intake.unpacked(path, size);
            const sink = open(path);
            if (sink === null) continue;
            for await (const piece of createReadStream(join(root, path))) await sink.write(piece);
            await sink.end();
          }
        }
      };
      await walk("");
      return intake.summary;
    });
}
