/** The place of something in a text: characters from its start, end exclusive. */
export interface Span {
  start: number;
  end: number;
}

export type JsonPlaces =
  | { ok: true; value: unknown; places: ReadonlyMap<string, Span> }
  | { ok: false; message: string; at: number };

/** Deeper than any course document may nest, and far below what a browser's stack can hold. */
const MAX_DEPTH = 200;

class JsonFault extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/**
 * Reads JSON and notes the place of each value, by the API's path for it (`chapters[2].rule`; the whole text is ""). A
 * member's place includes its name, so that an unknown name is marked too.
 */
export function locateJson(text: string): JsonPlaces {
  try {
    const reader = new Reader(text);
    const value = reader.document();
    return { ok: true, value, places: reader.places };
  } catch (fault) {
    if (fault instanceof JsonFault) return { ok: false, message: fault.message, at: fault.at };
    throw fault;
  }
}

class Reader {
  readonly places = new Map<string, Span>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#space();
    const value = this.#value("", 0, this.#at);
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault("nothing may follow the end");
    return value;
  }

  #value(path: string, depth: number, start: number): unknown {
    if (depth > MAX_DEPTH) throw this.#fault("nested too deeply");
    const value = this.#bare(path, depth);
    this.places.set(path, { start, end: this.#at });
    return value;
  }

  #bare(path: string, depth: number): unknown {
    const next = this.#text[this.#at];
    if (next === "{") return this.#object(path, depth);
    if (next === "[") return this.#array(path, depth);
    if (next === '"') return this.#string();
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const [number] = NUMBER.exec(this.#text) ?? [];
    if (number === undefined) throw this.#fault(next === undefined ? "the end comes too early" : "a value is expected");
    this.#at += number.length;
    return Number(number);
  }

  #object(path: string, depth: number): Record<string, unknown> {
    const members: [string, unknown][] = [];
    const names = new Set<string>();
    this.#list("}", () => {
      const start = this.#at;
      if (this.#text[start] !== '"') throw this.#fault("a name in double quotes is expected");
      const name = this.#string();
      if (names.has(name)) throw new JsonFault(`the name "${name}" is there twice`, start);
      names.add(name);
      this.#space();
      this.#expect(":");
      this.#space();
      members.push([name, this.#value(path === "" ? name : `${path}.${name}`, depth + 1, start)]);
    });
    return Object.fromEntries(members);
  }

  #array(path: string, depth: number): unknown[] {
    const values: unknown[] = [];
    this.#list("]", () => values.push(this.#value(`${path}[${values.length}]`, depth + 1, this.#at)));
    return values;
  }

  /** Members or values between brackets, separated by commas. */
  #list(end: string, member: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      member();
      this.#space();
      if (this.#text[this.#at] === end) {
        this.#at += 1;
        return;
      }
      if (this.#text[this.#at] !== ",") throw this.#fault(`a comma or ${end} is expected`);
      this.#at += 1;
      this.#space();
    }
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const character = this.#text[at];
      if (character === "\\") at += 1;
      else if (character === '"') {
        this.#at = at + 1;
        return this.#decoded(start);
      } else if (character === "\n") break;
    }
    throw new JsonFault("this text has no closing quote on its line", start);
  }

  #decoded(start: number): string {
    try {
      return String(JSON.parse(this.#text.slice(start, this.#at)));
    } catch {
      throw new JsonFault("a backslash or a control character in this text is not allowed", start);
    }
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#fault(`${character} is expected`);
    this.#at += 1;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #fault(message: string): JsonFault {
    return new JsonFault(message, this.#at);
  }
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * The place of a path, or of the nearest value around it, because a missing value has no place of its own.
 * @param path as the API writes it; the prefix of the request may come first (`document.chapters[0]`).
 */
export function placeOf(places: ReadonlyMap<string, Span>, path: string): Span | null {
  let rest = path.replace(/^document(?:\.|$|(?=\[))/, "");
  for (;;) {
    const place = places.get(rest);
    if (place !== undefined) return rest === "" ? null : place;
    if (rest === "") return null;
    rest = rest.replace(/(?:\.|^)[^.[\]]*$|\[\d+\]$/, "");
  }
}

/** Line and column of a character, both from 1. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  return { line, column: at - before.lastIndexOf("\n") };
}
