/** Characters that have a raised and a lowered form, and the forms. */
const PLAIN = "0123456789+-=()";
const RAISED = new Map([...`${PLAIN}ni`].map((one, i) => [one, [..."⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"][i] ?? one]));
const LOWERED = new Map([...PLAIN].map((one, i) => [one, [..."₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"][i] ?? one]));
/** Raised only for looks: the letters of "1st", "2nd". */
const ORDINAL = /^(?:st|nd|rd|th)$/i;
/** Elements of MathML that hold nothing. Whether a tag closed itself is not known here. */
const EMPTY = new Set(["mspace", "none", "mprescripts", "malignmark", "maligngroup"]);
/** Deepest nesting of a formula that is told apart. */
const MAX_DEPTH = 50;

/**
 * A raised or lowered text as plain text that still means the same: `10³`, `x^(n+k)`, `H₂O`, `a_(ij)`. Ten to the third must
 * not become 103.
 */
export function scripted(text: string, isRaised: boolean): string {
  if (text === "" || (isRaised && ORDINAL.test(text))) return text;
  const forms = isRaised ? RAISED : LOWERED;
  const written = [...text.replaceAll("−", "-")].map((one) => forms.get(one));
  if (written.every((one) => one !== undefined)) return written.join("");
  return `${isRaised ? "^" : "_"}${[...text].length === 1 ? text : `(${text})`}`;
}

/** TeX between dollars, as pages show formulas; null where there is none or where dollars within would end it. */
export function dollars(tex: string | null): string | null {
  const line = (tex ?? "").replace(/\s+/g, " ").trim();
  return line === "" || line.includes("$") ? null : `$${line}$`;
}

interface Node {
  name: string;
  children: Node[];
  text: string;
}

/**
 * A formula in MathML as it is read tag by tag. Where it brings its TeX along (an `annotation`), that is the formula. Else it is
 * written in one line, with the signs that keep its meaning: `(a+b)/2`, `x²`, `√(x)`.
 */
export class Formula {
  readonly #root: Node = { name: "math", children: [], text: "" };
  readonly #open: Node[] = [this.#root];
  #tex: string | null = null;
  /** Name of the annotation that is being read, and whether it is TeX. */
  #annotation: { name: string; isTex: boolean } | null = null;

  open(name: string, encoding: string | null): void {
    if (this.#annotation !== null) return;
    if (name === "annotation" || name === "annotation-xml") {
      this.#annotation = { name, isTex: encoding === "application/x-tex" };
      return;
    }
    const node: Node = { name, children: [], text: "" };
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

  /** The formula's TeX where it has one, and the line that says the same. */
  end(): { tex: string | null; line: string } {
    return { tex: this.#tex, line: lineOf(this.#root).replace(/\s+/g, " ").trim() };
  }
}

function lineOf(node: Node): string {
  const parts = node.children.map(lineOf);
  const [one = "", two = "", three = ""] = parts;
  switch (node.name) {
    case "mfrac":
      return `${grouped(one)}/${grouped(two)}`;
    case "msup":
    case "mover":
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
    case "mfenced":
      return `(${parts.join(", ")})`;
    case "mo":
      // Signs that are not seen: they tell what stands beside what.
      return node.text.trim().replace(/^(?:[\u2061-\u2064]|&(?:ApplyFunction|InvisibleTimes|InvisibleComma);)$/, "");
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
    const one = isFraction(child) ? besides(written.at(-1) ?? "", part, parts[i + 1] ?? "") : part;
    if (one !== "") written.push(one);
  });
  return written.join("");
}

function isFraction({ name, children }: Node): boolean {
  if (name === "mfrac") return true;
  const [child] = children;
  return (name === "mrow" || name === "mstyle") && child !== undefined && children.length === 1 && isFraction(child);
}

/** A fraction between its neighbours: two and a half is `2 1/2` and not `21/2`, half of x is `(1/2)x`. */
function besides(before: string, fraction: string, after: string): string {
  const touches = /^[\p{L}\d(√]/u.test(after);
  if (/\d$/.test(before) && !touches) return ` ${fraction}`;
  return touches || /[\p{L}\d)]$/u.test(before) ? `(${fraction})` : fraction;
}

/** What consists of several parts, in brackets. */
function grouped(line: string): string {
  return /^(?:[\p{L}\p{M}]|[\d.,]+|&[a-z]+;|\([^()]*\))$/iu.test(line) ? line : `(${line})`;
}
