import { SaxesParser } from "saxes";
import { encodingOf, type FileSink, fail, type SourceFile } from "./files.ts";

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
/** Most elements kept of one file, and most text in them, in UTF-16 code units; those that `take` receives are not kept. */
const MAX_ELEMENTS = 200_000;
const MAX_TEXT = 8_000_000;
/** Bytes that tell the encoding of a file. */
const HEAD = 200;
/** Attributes of all elements that have none. */
const NONE: ReadonlyMap<string, string> = new Map();

/** By name: who receives elements as soon as they end; they are then forgotten, so that many rows need the memory of one. */
export type Takers = Readonly<Record<string, (element: XmlElement, within: readonly XmlElement[]) => void>>;

/**
 * Parses a file that is held as a whole, in the encoding it has. Malformed XML is refused with its line and column;
 * entities of a document type are not expanded.
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

/** Parses a file as its bytes come. @param done receives its first element, without those that others took. */
export function xmlSink(path: string, take: Takers, done: (root: XmlElement) => void): FileSink {
  const parser = new SaxesParser();
  const open: XmlElement[] = [];
  /** Elements and text kept when each open one began. */
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
  /** What came before the encoding is known. */
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
