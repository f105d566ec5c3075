/** The names of a source's files. */
export class KnownPaths {
  readonly #paths = new Set<string>();

  add(path: string): void {
    this.#paths.add(path);
  }

  /** The first of these paths that exists, with `.` and `..` resolved. */
  find(...paths: string[]): string | null {
    return paths.map(plainPath).find((path) => this.#paths.has(path)) ?? null;
  }
}

/** A path without `.`, `..` and empty parts. A path that would leave the folder stays in it. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The folder of a file, with a slash at its end; "" at the top. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The path in an address of a text: without query and fragment, with its escapes decoded. */
export function pathOf(address: string): string {
  const path = address.replace(/[?#].*$/s, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
