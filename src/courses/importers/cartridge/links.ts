import { toFile, toItem } from "../links.ts";
import { folderOf, type KnownPaths, pathOf } from "../paths.ts";
import type { Resolve } from "../resolve.ts";

/** The prefix for a course's files in the texts of a cartridge. */
const FILE_BASE = /^(?:\$|%24)IMS[-_]CC[-_]FILEBASE(?:\$|%24)\/*(.*)$/is;
/** The prefixes for a page, another object, and a place of the course in texts of Canvas. */
const WIKI = /^(?:\$|%24)WIKI_REFERENCE(?:\$|%24)\/+(?:pages|wiki)\/+([^/?#]+)/i;
const OBJECT = /^(?:\$|%24)CANVAS_OBJECT_REFERENCE(?:\$|%24)\/+[a-z_]+\/+([^/?#]+)/i;
const FILE_REF = /^(?:\$|%24)CANVAS_COURSE_REFERENCE(?:\$|%24)\/+file_ref\/+([^/?#]+)/i;
/** The folder of files in an export of Canvas. */
const WEB_RESOURCES = "web_resources/";
const OUTSIDE = /^(?:[a-z][a-z0-9+.-]*:|\/\/|#|\$)/i;

/** Resolves the links in a cartridge's texts. */
export class CartridgeLinks {
  /** Every file of the archive, with its path from the manifest's folder. */
  readonly #known: KnownPaths;
  readonly #root: string;
  readonly #byRef: (identifier: string) => string | null;

  /**
   * @param root folder of the manifest, with a slash at its end, or "".
   * @param fileOf path of a resource's file.
   */
  constructor(known: KnownPaths, root: string, fileOf: (identifier: string) => string | null) {
    this.#known = known;
    this.#root = root;
    this.#byRef = fileOf;
  }

  /**
   * The destination of a file in the archive, or null if the file does not exist. @param path from the manifest's
   * folder.
   */
  file(path: string): string | null {
    const found = this.#known.find(this.#root + path);
    return found === null ? null : toFile(found);
  }

  /** @param from path of the text, from the manifest's folder. */
  resolver(from: string): Resolve {
    return (url) => {
      const based = FILE_BASE.exec(url)?.[1];
      if (based !== undefined) {
        const path = pathOf(based);
        return this.file(WEB_RESOURCES + path) ?? this.file(path) ?? this.file(folderOf(from) + path);
      }
      const file = FILE_REF.exec(url)?.[1];
      if (file !== undefined) {
        const path = this.#byRef(file);
        return path === null ? null : this.file(path);
      }
      const page = WIKI.exec(url)?.[1] ?? OBJECT.exec(url)?.[1];
      if (page !== undefined) return toItem(pathOf(page));
      const path = pathOf(url);
      if (OUTSIDE.test(url) || path === "") return null;
      if (/\.x?html?$/i.test(path)) return toItem(pagePath(folderOf(from) + path));
      return this.file(folderOf(from) + path) ?? this.file(path.replace(/^\/+/, ""));
    };
  }
}

/** The name by which links refer to the page in this file. */
export function pagePath(path: string): string {
  return new URL(path, "file:///").pathname.slice(1);
}
