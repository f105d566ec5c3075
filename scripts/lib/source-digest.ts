import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fromRoot } from "./paths.ts";

/**
 * A digest (SHA-256, hexadecimal) of sources: the same names with the same bytes give the same one.
 * @param folders each with all that is below it, from the root of the checkout. A folder that is not there is empty.
 * @param files single files, from the root of the checkout.
 */
export function digestOf(folders: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of list(fromRoot(folder)))
      hash.update(`${folder}/${name}\n`).update(readFileSync(fromRoot(`${folder}/${name}`)));
  }
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(fromRoot(file)));
  return hash.digest("hex");
}

/** Files below a folder, in a fixed order; none where there is no such folder. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();
  } catch {
    return [];
  }
}
