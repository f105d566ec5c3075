import { existsSync, openAsBlob, readFileSync } from "node:fs";
import { archiveFiles } from "../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../src/courses/importers/archive/source.ts";
import type { FileSupply } from "../../../src/courses/importers/files.ts";
import { type Format, type Imported, importCourse } from "../../../src/courses/importers/format.ts";

/** Files of real shape, which stand beside the repository; tests that read them are skipped where they do not. */
const folder = ["../shared/data/courses", "../../shared/data/courses"].find((folder) => existsSync(folder)) ?? "";

export const hasCourses = folder !== "";

/** The files of one archive. @param path below the folder, as `moodle/ladder-a.mbz`. */
export async function suppliedBy(path: string): Promise<FileSupply> {
  return archiveFiles(blobSource(await openAsBlob(`${folder}/${path}`), path));
}

const imported = new Map<string, Promise<Imported>>();

/** A file imported, once for all tests of a file: none of them changes it. @param path see {@link suppliedBy}. */
export function importedFile(format: Format, path: string): Promise<Imported> {
  const known = imported.get(path) ?? importing(format, path);
  imported.set(path, known);
  return known;
}

async function importing(format: Format, path: string): Promise<Imported> {
  const result = await importCourse(format, await suppliedBy(path));
  if (!result.ok) throw new Error(`${path} was refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

/** JSON beside the files. */
export function courseJson(path: string): unknown {
  return JSON.parse(readFileSync(`${folder}/${path}`, "utf8"));
}

/** Bytes of a file. @param path below the folder. */
export async function courseBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await openAsBlob(`${folder}/${path}`)).arrayBuffer());
}
