import type { FieldError } from "../results.ts";

/** At most this many faults are listed for one body: the first ones show what is wrong with it. */
const MAX_LISTED = 100;
/** Far deeper than any schema, and far below what a stack can hold. */
const MAX_DEPTH = 500;
/** Every double keeps this many digits. */
const SAFE_DIGITS = 17;

/**
 * Parts of a JSON text that would be changed or lost when it becomes a value, although the text is well-formed: a
 * repeated name, the name `__proto__`, half of a surrogate pair, a number that a double cannot hold. None of them is
 * silently accepted: each is reported with its place and the rule it breaks.
 *
 * @param text JSON that JSON.parse accepts; for any other text the answer has no meaning.
 */
export function jsonFaults(text: string): FieldError[] {
  const faults: FieldError[] = [];
  new Scanner(text, faults).value("", 0);
  return faults;
}

class Scanner {
  readonly #text: string;
  readonly #faults: FieldError[];
  #at = 0;

  constructor(text: string, faults: FieldError[]) {
    this.#text = text;
    this.#faults = faults;
  }

  value(path: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.#note(path, "too_deep", `nested deeper than ${MAX_DEPTH} levels`);
      this.#at = this.#text.length;
      return;
    }
    this.#space();
    const first = this.#text[this.#at];
    if (first === '"') this.#string(path);
    else if (first === "{") this.#object(path, depth);
    else if (first === "[") this.#array(path, depth);
    else this.#word(path);
    this.#space();
  }

  #object(path: string, depth: number): void {
    const names = new Set<string>();
    this.#at += 1;
    this.#space();
    while (this.#at < this.#text.length && this.#text[this.#at] !== "}") {
      const name = this.#string(path, true);
      const place = path === "" ? name : `${path}.${name}`;
      if (name === "__proto__") this.#note(place, "forbidden_name", "this name cannot be stored");
      if (names.has(name)) this.#note(place, "duplicate_name", "this name is twice in one object");
      names.add(name);
      this.#space();
      this.#at += 1; // the colon
      this.value(place, depth + 1);
      this.#skip(",");
    }
    this.#at += 1;
  }

  #array(path: string, depth: number): void {
    this.#at += 1;
    this.#space();
    for (let index = 0; this.#at < this.#text.length && this.#text[this.#at] !== "]"; index += 1) {
      this.value(`${path}[${index}]`, depth + 1);
      this.#skip(",");
    }
    this.#at += 1;
  }

  /** Reads a string. @returns its value, if it is a name. */
  #string(path: string, isName = false): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end > 0 && isEscaped(this.#text, end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) end = this.#text.length - 1;
    this.#at = end + 1;
    const raw = this.#text.slice(start, end + 1);
    const isPlain = !raw.includes("\\");
    if (isPlain && !isName) return "";
    const value = isPlain ? raw.slice(1, -1) : parsedText(raw);
    // Half a pair can only come from an escape: the bytes of a body are decoded strictly.
    if (!value.isWellFormed()) {
      this.#note(path, "lone_surrogate", "half of a surrogate pair is not a character and cannot be stored");
    }
    return value;
  }

  /** A number, true, false or null. */
  #word(path: string): void {
    const start = this.#at;
    while (this.#at < this.#text.length && !",]} \n\r\t".includes(this.#text[this.#at] ?? "")) this.#at += 1;
    const word = this.#text.slice(start, this.#at);
    if (!/^-?[0-9]/.test(word) || isKept(word)) return;
    this.#note(
      path,
      "number_precision",
      "a 64-bit float cannot store all digits of this number; send one with fewer digits",
    );
  }

  #skip(sign: string): void {
    if (this.#text[this.#at] === sign) this.#at += 1;
    this.#space();
  }

  #space(): void {
    while (" \n\r\t".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #note(path: string, rule: string, message: string): void {
    if (this.#faults.length < MAX_LISTED) this.#faults.push({ path: path.toWellFormed().slice(0, 500), rule, message });
  }
}

/** Whether the quote at a place is part of the string: an odd number of backslashes comes before it. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

function parsedText(raw: string): string {
  try {
    return String(JSON.parse(raw));
  } catch {
    return ""; // not JSON at all: the parser refuses it
  }
}

/**
 * Whether a double returns a number as it was written. A fraction of up to 17 digits is the double itself, however many
 * digits were written. Whole numbers, longer fractions, and values that overflow or underflow must be exact.
 */
function isKept(source: string): boolean {
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  if (/^-?\d{1,15}$/.test(source)) return true;
  const written = decimalOf(source);
  if (value === 0) return written.digits === "";
  const isWhole = /^-?\d+$/.test(source);
  if (isWhole) return BigInt(source) === BigInt(value);
  if (written.digits.length <= SAFE_DIGITS) return true;
  const held = decimalOf(String(value));
  return written.digits === held.digits && written.exponent === held.exponent;
}

/** The digits of a number without zeros at either end, and the power of ten of the last digit. */
function decimalOf(source: string): { digits: string; exponent: number } {
  const [, whole = "", fraction = "", power = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  return { digits, exponent: Number(power) - fraction.length + (all.length - digits.length) };
}
