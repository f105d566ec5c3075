import type { FieldError } from "../../../platform/results.ts";
import { fail, jsonOf, type Shelf, SourceFault, type SourceFile } from "../files.ts";
import { readXml, type XmlElement } from "../xml.ts";

/** One block of a course: its fields from XML, replaced by those of the policy. */
export interface Block {
  kind: string;
  name: string;
  fields: ReadonlyMap<string, unknown>;
  children: Block[];
  /** The file that contains it. */
  source: string;
  /** Its element, for blocks that contain their text themselves. */
  element: XmlElement;
}

/** The limit of levels of blocks in a course. */
const MAX_DEPTH = 12;

/** Reads a course in OLX: blocks in their own files, named by kind and `url_name`, under the folder of `course.xml`. */
export class OlxReader {
  /** Files that the course names but does not contain. */
  readonly missing: { path: string; source: string }[] = [];
  /** Blocks with malformed files. */
  readonly broken: FieldError[] = [];
  readonly #shelf: Shelf;
  /** Folder of `course.xml`, with a slash at its end, or "". */
  readonly root: string;
  readonly #policies = new Map<string, Record<string, unknown>>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
    const [course] = shelf
      .paths()
      .filter((path) => /^(?:.*\/)?course\.xml$/.test(path) && !path.includes("/course/course.xml/"))
      .sort((a, b) => a.split("/").length - b.split("/").length);
    if (course === undefined)
      fail("course.xml", "missing_file", "This is not an Open edX course: it has no course.xml.");
    this.root = course.slice(0, -"course.xml".length);
  }

  course(): Block {
    const file = this.#file("course.xml");
    const pointer = readXml(file);
    if (pointer.name !== "course")
      fail(`${file.path}:${pointer.line}`, "no_course", "The first element is not a course.");
    const run = pointer.attributes.get("url_name") ?? "course";
    this.#readPolicies(run);
    return this.#block(pointer, file.path, 0);
  }

  /** A file below the root, if it exists. */
  find(path: string): SourceFile | undefined {
    return this.#shelf.get(`${this.root}${path}`);
  }

  #file(path: string): SourceFile {
    return this.find(path) ?? fail(`${this.root}${path}`, "missing_file", "The course has no such file.");
  }

  /** A block without blocks inside may be broken: Open edX shows an error in its place, and continues. */
  #read(file: SourceFile, pointer: XmlElement): XmlElement {
    if (CONTAINERS.has(pointer.name)) return readXml(file);
    try {
      return readXml(file);
    } catch (fault) {
      if (!(fault instanceof SourceFault)) throw fault;
      this.broken.push(fault.error);
      return pointer;
    }
  }

  #readPolicies(run: string): void {
    const file = this.find(`policies/${run}/policy.json`) ?? this.find("policies/policy.json");
    if (file === undefined) return;
    const policies = jsonOf(file);
    if (typeof policies !== "object" || policies === null)
      fail(file.path, "invalid_policy", "A policy must be an object.");
    for (const [key, fields] of Object.entries(policies)) {
      if (typeof fields === "object" && fields !== null) this.#policies.set(key, { ...fields });
    }
  }

  #block(pointer: XmlElement, source: string, depth: number): Block {
    if (depth > MAX_DEPTH) fail(`${source}:${pointer.line}`, "too_deep", `Blocks nest at most ${MAX_DEPTH} deep.`);
    const own = pointer.attributes.get("url_name");
    const name = own ?? pointer.attributes.get("slug") ?? `${pointer.name}-${pointer.line}`;
    // A colon in a name means a folder.
    const path = `${pointer.name}/${name.replaceAll(":", "/")}.xml`;
    const file = own === undefined ? undefined : this.find(path);
    const element = file === undefined || file.path === source ? pointer : this.#read(file, pointer);
    const isPointer = pointer.children.length === 0 && pointer.text.trim() === "" && pointer.attributes.size === 1;
    if (file === undefined && own !== undefined && isPointer)
      this.missing.push({ path: `${this.root}${path}`, source });
    const here = file?.path ?? source;
    const fields = new Map<string, unknown>();
    for (const [field, value] of [...pointer.attributes, ...element.attributes]) fields.set(field, fieldOf(value));
    for (const [field, value] of Object.entries(this.#policies.get(`${pointer.name}/${name}`) ?? {}))
      fields.set(field, value);
    const children = isContainer(element)
      ? element.children.filter(isBlock).map((child) => this.#block(child, here, depth + 1))
      : [];
    return { kind: pointer.name, name, fields, children, source: here, element };
  }
}

/** Blocks that contain blocks. The elements in other blocks are their own. */
const CONTAINERS = new Set([
  "course",
  "chapter",
  "sequential",
  "vertical",
  "library_content",
  "split_test",
  "conditional",
  "wrapper",
  "videosequence",
  "itembank",
]);
/** Elements of containers that are not blocks. */
const NO_BLOCKS = new Set(["wiki", "show", "source_library_id", "grading_policy"]);

function isContainer(element: XmlElement): boolean {
  return CONTAINERS.has(element.name);
}

function isBlock(element: XmlElement): boolean {
  return !NO_BLOCKS.has(element.name);
}

/** A field as Open edX writes it into XML: plain, or as JSON. */
function fieldOf(text: string): unknown {
  if (!/^["[{]/.test(text.trim())) return text;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
