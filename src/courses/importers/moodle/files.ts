import { toFile, toItem } from "../links.ts";
import { pathOf } from "../paths.ts";
import type { Resolve } from "../resolve.ts";
import type { XmlElement } from "../xml.ts";
import { optional, optionalNumber } from "./values.ts";

/** Areas with files that the course itself shows. Other areas hold what people submitted, wrote or drew. */
const AREAS = new Set(["intro", "content", "introattachment", "section", "chapter", "page_contents"]);
/** The areas with the files of a `resource` or `folder`. */
const OWN_AREAS = new Set(["content", "introattachment"]);
const HASH = /^[0-9a-f]{40}$/;
const BLOB = /^(?:[^/]+\/)?files\/[0-9a-f]{2}\/([0-9a-f]{40})$/;
/** How backups write a file named in a text, and a link to an activity. */
const FILE = /^@@PLUGINFILE@@\/*(.+)$/;
const VIEW = /^\$@[A-Z0-9]+VIEWBYID\*(\d+)(?:\*[^@]*)?@\$/;

interface MoodleFile {
  hash: string;
  name: string;
  isOwn: boolean;
}

/** The files of a backup: their names in `files.xml`, and the places of their bytes. */
export class MoodleFiles {
  /** Names for people, by path in the archive. */
  readonly names = new Map<string, string>();
  /** By context (for sections also by their id), then by the path within it. */
  readonly #places = new Map<string, Map<string, MoodleFile>>();
  readonly #blobs = new Map<string, string>();

  /** Notes the place of bytes. @param path of any entry of the archive. */
  see(path: string): void {
    const hash = BLOB.exec(path)?.[1];
    if (hash !== undefined) this.#blobs.set(hash, path);
  }

  /** A row of `files.xml`. */
  add(row: XmlElement): void {
    const [hash, name, area] = [optional(row, "contenthash"), optional(row, "filename"), optional(row, "filearea")];
    if (hash === null || !HASH.test(hash) || name === null || name === "." || area === null || !AREAS.has(area)) return;
    const isOfSection = optional(row, "component") === "course";
    const place = isOfSection
      ? placeOfSection(optionalNumber(row, "itemid") ?? 0)
      : String(optionalNumber(row, "contextid") ?? 0);
    const files = this.#places.get(place) ?? new Map<string, MoodleFile>();
    this.#places.set(place, files);
    const path = `${optional(row, "filepath") ?? "/"}${name}`.replace(/^\/+/, "");
    if (!files.has(path)) files.set(path, { hash, name, isOwn: OWN_AREAS.has(area) });
  }

  /** The targets of a text's addresses. @param place of the text: {@link placeOfSection} or a context. */
  resolver(place: string): Resolve {
    return (url) => {
      const file = FILE.exec(url)?.[1];
      if (file !== undefined) return this.#destination(this.#places.get(place)?.get(pathOf(file)));
      const module = VIEW.exec(url)?.[1];
      return module === undefined ? null : toItem(moduleLink(Number(module)));
    };
  }

  /** HTML with links to the files of an activity; "" if there are none. */
  list(place: string): string {
    const own = [...(this.#places.get(place) ?? [])].filter(([, { isOwn }]) => isOwn);
    const links = own.map(([path, { name }]) => {
      return `<li><a href="@@PLUGINFILE@@/${encodeURIComponent(path)}">${escaped(name)}</a></li>`;
    });
    return links.length === 0 ? "" : `<ul>${links.join("")}</ul>`;
  }

  #destination(file: MoodleFile | undefined): string | null {
    const path = file === undefined ? undefined : this.#blobs.get(file.hash);
    if (file === undefined || path === undefined) return null;
    if (!this.names.has(path)) this.names.set(path, file.name);
    return toFile(path);
  }
}

/** The names by which links refer to an activity. */
export function moduleLink(id: number): string {
  return `module ${id}`;
}

export function placeOfSection(id: number): string {
  return `section ${id}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
