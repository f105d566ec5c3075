import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The TypeScript files under a folder, by path from where the command runs, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .sort();
}

/** Whether a file declares statements of D1: the statements.ts of a room, or a file of its folder `statements`. */
export function declaresStatements(path: string): boolean {
  return /\/statements(?:\/[^/]+)?\.ts$/.test(path);
}
