import { SaxesParser } from "saxes";
import { encodingOf, type FileSink, fail, type SourceFile } from "./files.ts";

/** An element of an XML file. Names have no prefix: the formats here distinguish elements by local names. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** All text directly in it. */
  text: string;
  /** The line in which it starts, from 1. */
  line: number;
}

/** Deepest accepted nesting. */
const MAX_DEPTH = 100;
/**
 * The limits of elements and of text kept from one file, in UTF-16 code units. Elements that `take` receives are not
 * kept.
 */
const MAX_ELEMENTS = 200_000;
const MAX_TEXT = 8_000_000;
/** The first bytes of a file, which show its encoding. */
const HEAD = 200;
/** Shared by all elements without attributes. */
const NONE: ReadonlyMap<string, string> = new Map();

/**
 * By name: receivers that get elements as soon as they end. These are then dropped, so that many rows need the memory
 * of one.
 */
export type Takers = Readonly<Record<string, (element: XmlElement, within: readonly XmlElement[]) => void>>;

/**
 * Parses a file that is in memory as a whole, in its own encoding. Malformed XML is refused with its line and column.
 * Entities of a document type are not expanded.
 *
 * @throws SourceFault
 */
export function readXml(file: SourceFile, take: Takers = {}): XmlElement {
  let root: XmlElement | null = null;
  const sink = xmlSink(file.path, take, (whole) => {
    root = whole;
  });
  for (const chunk of file.chunks) void sink.write(chunk);
  void sink.end();
  return root ?? fail(file.path, "malformed_xml", "This file has no element.");
}

/** Parses a file as its bytes come. @param done receives its root element, without the elements that others took. */
export function xmlSink(path: string, take: Takers, done: (root: XmlElement) => void): FileSink {
  const parser = new SaxesParser();
  const open: XmlElement[] = [];
  /** The number of elements and characters kept when each open element began. */
  const before: { elements: number; text: number }[] = [];
  let root: XmlElement | null = null;
  let kept = { elements: 0, text: 0 };
  const place = () => `${path}:${parser.line}:${parser.column}`;
  parser.on("error", (fault) => {
    // saxes puts the place before its message.
    fail(place(), "malformed_xml", `This is not well-formed XML: ${fault.message.replace(/^.*?\d+:\d+: /, "")}`);
  });
  parser.on("opentag", ({ name, attributes }) => {
    before.push({ ...kept });
    kept.elements += 1;
    if (open.length >= MAX_DEPTH) fail(place(), "too_deep", `Elements nest at most ${MAX_DEPTH} deep.`);
    if (kept.elements > MAX_ELEMENTS) {
      fail(place(), "too_many_elements", `A file has at most ${MAX_ELEMENTS} elements.`);
    }
    const own = Object.entries(attributes).map(([key, value]) => [localName(key), String(value)] as const);
    const local = own.length === 0 ? NONE : new Map(own);
    open.push({ name: localName(name), attributes: local, children: [], text: "", line: parser.line });
  });
  const text = (more: string) => {
    const element = open.at(-1);
    if (element === undefined) return;
    kept.text += more.length;
    if (kept.text > MAX_TEXT) fail(place(), "too_large_texts", `A file has at most ${MAX_TEXT} characters of text.`);
    element.text += more;
  };
  parser.on("text", text);
  parser.on("cdata", text);
  parser.on("closetag", () => {
    const element = open.pop();
    const earlier = before.pop();
    if (element === undefined) return;
    const taker = Object.hasOwn(take, element.name) ? take[element.name] : undefined;
    const parent = open.at(-1);
    if (taker !== undefined) {
      kept = earlier ?? kept;
      taker(element, open);
    } else if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  /** Bytes from before the encoding was known. */
  let head: Uint8Array | null = new Uint8Array();
  let decoder: TextDecoder | null = null;
  const decode = (piece: Uint8Array) => {
    decoder ??= decoderOf(path, piece);
    parser.write(decoder.decode(piece, { stream: true }));
  };
  return {
    write(piece) {
      if (head === null) return decode(piece);
      head = joined(head, piece);
      if (head.length < HEAD) return;
      const first = head;
      head = null;
      decode(first);
    },
    end() {
      if (head !== null) decode(head);
      parser.write(decoder?.decode() ?? "").close();
      done(root ?? fail(path, "malformed_xml", "This file has no element."));
    },
  };
}

function joined(one: Uint8Array, two: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  return both;
}

function decoderOf(path: string, head: Uint8Array): TextDecoder {
  const label = encodingOf(head);
  try {
    return new TextDecoder(label);
  } catch {
    return fail(`${path}:1:1`, "unknown_encoding", `There is no encoding ${JSON.stringify(label)}.`);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** The first child with that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** All children with that name, in order. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

/** The element found by following these names downwards. */
export function descend(element: XmlElement | undefined, ...names: string[]): XmlElement | undefined {
  return names.reduce<XmlElement | undefined>((at, name) => child(at, name), element);
}
/** Text of the child with that name, trimmed; null if it is absent or empty. */
export function childText(element: XmlElement | undefined, name: string): string | null {
  return child(element, name)?.text.trim() || null;
}
