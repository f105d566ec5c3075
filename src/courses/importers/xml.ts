import { SaxesParser } from "saxes";
import { encodingOf, fail, type SourceFile } from "./files.ts";

/** An element of an XML file. Names are without their prefix: the formats here tell elements apart by local names. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** All text directly in it. */
  text: string;
  /** Line it starts in, from 1. */
  line: number;
}

/** Deepest nesting accepted. */
const MAX_DEPTH = 100;
/** Most elements kept of one file; those that `take` receives are not kept. */
const MAX_ELEMENTS = 500_000;

/**
 * Parses a file, in the encoding it has. Malformed XML is refused with its line and column; entities of a document type
 * are not expanded.
 *
 * @param take by name: elements that are handed over as soon as they end and are then forgotten, so that a file of a
 *   hundred thousand rows needs the memory of one.
 * @throws SourceFault
 */
export function readXml(
  file: SourceFile,
  take: Readonly<Record<string, (element: XmlElement, within: readonly XmlElement[]) => void>> = {},
): XmlElement {
  const parser = new SaxesParser();
  const open: XmlElement[] = [];
  /** Elements kept when each open one began. */
  const keptBefore: number[] = [];
  let root: XmlElement | null = null;
  let kept = 0;
  const place = () => `${file.path}:${parser.line}:${parser.column}`;
  parser.on("error", (fault) => {
    // saxes puts the place before its message.
    fail(place(), "malformed_xml", `This is no well-formed XML: ${fault.message.replace(/^.*?\d+:\d+: /, "")}`);
  });
  parser.on("opentag", ({ name, attributes }) => {
    keptBefore.push(kept);
    kept += 1;
    if (open.length >= MAX_DEPTH) fail(place(), "too_deep", `Elements nest at most ${MAX_DEPTH} deep.`);
    if (kept > MAX_ELEMENTS) fail(place(), "too_many_elements", `A file has at most ${MAX_ELEMENTS} elements.`);
    const local = Object.entries(attributes).map(([key, value]) => [localName(key), String(value)] as const);
    open.push({ name: localName(name), attributes: new Map(local), children: [], text: "", line: parser.line });
  });
  const text = (more: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += more;
  };
  parser.on("text", text);
  parser.on("cdata", text);
  parser.on("closetag", () => {
    const element = open.pop();
    const before = keptBefore.pop() ?? 0;
    if (element === undefined) return;
    const taker = Object.hasOwn(take, element.name) ? take[element.name] : undefined;
    const parent = open.at(-1);
    if (taker !== undefined) {
      kept = before;
      taker(element, open);
    } else if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  const decoder = decoderOf(file);
  for (const chunk of file.chunks) parser.write(decoder.decode(chunk, { stream: true }));
  parser.write(decoder.decode()).close();
  return root ?? fail(file.path, "malformed_xml", "This file has no element.");
}

function decoderOf(file: SourceFile): TextDecoder {
  const label = encodingOf(file.chunks[0] ?? new Uint8Array());
  try {
    return new TextDecoder(label);
  } catch {
    return fail(`${file.path}:1:1`, "unknown_encoding", `There is no encoding ${JSON.stringify(label)}.`);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** All children of that name, in order. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

/** The child found by going down these names. */
export function descend(element: XmlElement | undefined, ...names: string[]): XmlElement | undefined {
  return names.reduce<XmlElement | undefined>((at, name) => child(at, name), element);
}
/** Text of the child of that name, trimmed; null where it is absent or empty. */
export function childText(element: XmlElement | undefined, name: string): string | null {
  return child(element, name)?.text.trim() || null;
}
