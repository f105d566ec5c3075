import { readFile } from "node:fs/promises";
import { ImportError, reason } from "./report.ts";

/** @throws ImportError with a sentence that names the file. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (fault) {
    throw new ImportError(`${file} cannot be read: ${reason(fault)}.`);
  }
}
