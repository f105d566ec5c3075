import { entryOf } from "./table.ts";

/** Characters that have a raised and a lowered form, with these forms. */
const PLAIN = "0123456789+-=()";
const RAISED = new Map([...`${PLAIN}ni`].map((one, i) => [one, [..."⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"][i] ?? one]));
const LOWERED = new Map([...PLAIN].map((one, i) => [one, [..."₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"][i] ?? one]));
/** Letters that are raised only for looks: "1st", "2nd". */
const ORDINAL = /^(?:st|nd|rd|th)$/i;
/** Elements of MathML without content. The parser does not say whether a tag closed itself. */
const EMPTY = new Set(["mspace", "none", "mprescripts", "malignmark", "maligngroup"]);
/** Formulas that nest deeper than this are not interpreted further. */
const MAX_DEPTH = 50;

/**
 * A raised or lowered text as plain text with the same meaning: `10³`, `x^(n+k)`, `H₂O`, `a_(ij)`. Ten to the third
 * must not become 103.
 */
export function scripted(text: string, isRaised: boolean): string {
  if (text === "" || (isRaised && ORDINAL.test(text))) return text;
  const forms = isRaised ? RAISED : LOWERED;
  const written = [...text.replaceAll("−", "-")].map((one) => forms.get(one));
  if (written.every((one) => one !== undefined)) return written.join("");
  return `${isRaised ? "^" : "_"}${[...text].length === 1 ? text : `(${text})`}`;
}

/** TeX between dollars, as pages show formulas; null if there is no TeX, or if a dollar inside it would end it. */
export function dollars(tex: string | null): string | null {
  const line = (tex ?? "").replace(/\s+/g, " ").trim();
  return line === "" || line.includes("$") ? null : `$${line}$`;
}

/** Value of an element's attribute; null if it is absent. */
type Attributes = (name: string) => string | null;

interface Node {
  name: string;
  attribute: Attributes;
  children: Node[];
  text: string;
}

/**
 * Invisible signs that say how their neighbours belong together; also by their MathML names, which text may still have.
 */
const UNSEEN: Readonly<Record<string, "apply" | "times" | "comma" | "plus">> = {
  "\u2061": "apply",
  "&ApplyFunction;": "apply",
  "&af;": "apply",
  "\u2062": "times",
  "&InvisibleTimes;": "times",
  "&it;": "times",
  "\u2063": "comma",
  "&InvisibleComma;": "comma",
  "&ic;": "comma",
  "\u2064": "plus",
};
/** A line above an expression. */
const BARS = new Set(["¯", "‾", "̅", "_", "―", "&OverBar;"]);

/**
 * Reads a formula in MathML tag by tag. If it contains its TeX (an `annotation`), that is the formula. Otherwise it is
 * written in one line, with the signs that keep its meaning: `(a+b)/2`, `x²`, `√(x)`.
 */
export class Formula {
  readonly #root: Node = { name: "math", attribute: () => null, children: [], text: "" };
  readonly #open: Node[] = [this.#root];
  #tex: string | null = null;
  /** Name of the annotation that is being read, and whether it is TeX. */
  #annotation: { name: string; isTex: boolean } | null = null;

  open(name: string, attribute: Attributes): void {
    if (this.#annotation !== null) return;
    if (name === "annotation" || name === "annotation-xml") {
      this.#annotation = { name, isTex: attribute("encoding") === "application/x-tex" };
      return;
    }
    const node: Node = { name, attribute, children: [], text: "" };
    this.#open.at(-1)?.children.push(node);
    if (!EMPTY.has(name) && this.#open.length < MAX_DEPTH) this.#open.push(node);
  }

  close(name: string): void {
    if (this.#annotation !== null) {
      if (this.#annotation.name === name) this.#annotation = null;
      return;
    }
    const at = this.#open.findLastIndex((node) => node.name === name);
    if (at > 0) this.#open.splice(at);
  }

  text(text: string): void {
    if (this.#annotation === null) {
      const node = this.#open.at(-1);
      if (node !== undefined) node.text += text.replace(/\s+/g, " ");
    } else if (this.#annotation.isTex) this.#tex = (this.#tex ?? "") + text;
  }

  /** The formula's TeX if it has one, and a line of text with the same meaning. */
  end(): { tex: string | null; line: string } {
    return { tex: this.#tex, line: lineOf(this.#root).replace(/\s+/g, " ").trim() };
  }
}

function lineOf(node: Node): string {
  const parts = node.children.map(lineOf);
  const [one = "", two = "", three = ""] = parts;
  switch (node.name) {
    case "mfrac":
      return isStack(node) ? `C(${one}, ${two})` : `${grouped(one)}/${grouped(two)}`;
    case "mover":
      return BARS.has(two) && /^\d+$/.test(one)
        ? one.replace(/\d/g, "$&\u0305")
        : `${grouped(one)}${scripted(two, true)}`;
    case "msup":
      return `${grouped(one)}${scripted(two, true)}`;
    case "msub":
    case "munder":
      return `${one}${scripted(two, false)}`;
    case "msubsup":
    case "munderover":
      return `${one}${scripted(two, false)}${scripted(three, true)}`;
    case "msqrt":
      return `√(${parts.join("")})`;
    case "mroot":
      return `${scripted(two, true)}√(${one})`;
    case "mtr":
    case "mlabeledtr":
      return parts.join(", ");
    case "mtable":
      return `[${parts.join("; ")}]`;
    case "mmultiscripts":
      return multiscripted(node, parts);
    case "mfenced":
      return fenced(node, parts);
    case "mphantom":
      return "";
    case "mtext":
      return node.text;
    default:
      return joined(node, parts);
  }
}

function joined(node: Node, parts: readonly string[]): string {
  const written = [node.text.trim()];
  node.children.forEach((child, i) => {
    const part = parts[i] ?? "";
    const [before, after] = [written.at(-1) ?? "", parts[i + 1] ?? ""];
    const isUnseen = entryOf(UNSEEN, part) !== undefined;
    const one = isFraction(child) ? besides(before, part, after) : isUnseen ? betweenOf(part, before, after) : part;
    if (one !== "") written.push(one);
  });
  return written.join("");
}

/**
 * The text for an invisible sign. Without it two digits side by side would be one number, and a function and a letter
 * one name.
 */
function betweenOf(sign: string, before: string, after: string): string {
  const areDigits = /[\d⁰¹²³⁴-⁹₀-₉]$/.test(before) && /^\d/.test(after);
  switch (entryOf(UNSEEN, sign)) {
    case "times":
      return areDigits ? "·" : "";
    case "comma":
      return areDigits ? "," : "";
    case "apply":
      return /\p{L}$/u.test(before) && /^[\p{L}\d]/u.test(after) ? " " : "";
    default:
      return "";
  }
}

/** Brackets and separators are attributes with defaults (MathML 3, 3.3.8); the last separator is repeated. */
function fenced({ attribute }: Node, parts: readonly string[]): string {
  const separators = [...(attribute("separators") ?? ",").replace(/\s/g, "")];
  const inner = parts.map((part, i) => {
    if (i === 0) return part;
    const separator = separators[i - 1] ?? separators.at(-1);
    return separator === undefined ? part : `${separator} ${part}`;
  });
  return `${attribute("open") ?? "("}${inner.join("")}${attribute("close") ?? ")"}`;
}

/**
 * Pairs of a lowered and a raised text after the base; pairs after `mprescripts` come before the base (MathML 3,
 * 3.4.7).
 */
function multiscripted({ children }: Node, parts: readonly string[]): string {
  const at = children.findIndex(({ name }) => name === "mprescripts");
  const end = at < 0 ? parts.length : at;
  const before = at < 0 ? [] : parts.slice(at + 1);
  return `${pairs(before, true)}${parts[0] ?? ""}${pairs(parts.slice(1, end), false)}`;
}

/** @param isRaisedFirst the mass number of a nucleus comes before its charge. */
function pairs(parts: readonly string[], isRaisedFirst: boolean): string {
  const written: string[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const [low, high] = [scripted(parts[i] ?? "", false), scripted(parts[i + 1] ?? "", true)];
    written.push(isRaisedFirst ? high + low : low + high);
  }
  return written.join("");
}

/** Two lines without a bar between them are a binomial. */
function isStack({ name, attribute }: Node): boolean {
  return name === "mfrac" && /^0(?:\.0*)?[a-z%]*$/.test(attribute("linethickness") ?? "");
}

function isFraction(node: Node): boolean {
  const { name, children } = node;
  if (name === "mfrac") return !isStack(node);
  const [child] = children;
  return (name === "mrow" || name === "mstyle") && child !== undefined && children.length === 1 && isFraction(child);
}

/** A fraction beside other parts: two and a half is `2 1/2` and not `21/2`, half of x is `(1/2)x`. */
function besides(before: string, fraction: string, after: string): string {
  const touches = /^[\p{L}\d(√]/u.test(after);
  if (/\d$/.test(before) && !touches) return ` ${fraction}`;
  return touches || /[\p{L}\d)]$/u.test(before) ? `(${fraction})` : fraction;
}

/** Puts an expression of several parts in brackets. */
function grouped(line: string): string {
  return /^(?:[\p{L}\p{M}]|[\d.,]+|&[a-z]+;|\([^()]*\))$/iu.test(line) ? line : `(${line})`;
}
