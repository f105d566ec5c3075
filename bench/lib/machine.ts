import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Kind of the file system that holds a directory, as `df` names it (`ext4`, `tmpfs`); `unknown` where it cannot say. */
export function fileSystemOf(directory: string): string {
  try {
    const text = execFileSync("df", ["--output=fstype", directory], { encoding: "utf8", stdio: "pipe" });
    return text.trim().split("\n").at(-1) ?? "unknown";
  } catch {
    return "unknown"; // no df, or one that does not know this option
  }
}

/** Whether a program can be found by its name. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => isProgram(join(folder, name)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
