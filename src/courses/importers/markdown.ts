import { dollars, Formula, scripted } from "./formula.ts";
import type { Resolve } from "./resolve.ts";
import { entryOf } from "./table.ts";

/** The result of converting a page's HTML. */
export interface Converted {
  /** Null if there is nothing to read in it. */
  markdown: string | null;
  /** Links and pictures whose address is not on the web: it leads into the platform, or to one of its files. */
  links: number;
  pictures: number;
}

/** Tags, comments and the text between them. A `<` that begins no tag is text. */
const TOKENS = /<!--[\s\S]*?-->|<![^>]*>|<\/?[A-Za-z][^\s/>]*(?:"[^"]*"|'[^']*'|[^'">])*>|[^<]+|</g;
const TAG = /^<(\/?)([A-Za-z][^\s/>]*)([\s\S]*?)\/?>$/;
/** Elements whose content is not for readers. */
const UNREAD = new Set(["head", "script", "style", "template", "noscript", "iframe", "object", "svg"]);
const BLOCKS = new Set(
  "p div section article header footer main aside figure figcaption address form fieldset dl dt dd table thead tbody tfoot tr ul ol h1 h2 h3 h4 h5 h6 hr center details summary".split(
    " ",
  ),
);
const MARKS: Readonly<Record<string, string>> = {
  strong: "**",
  b: "**",
  em: "*",
  i: "*",
  del: "~~",
  s: "~~",
  strike: "~~",
};
const SCRIPTS = new Set(["sup", "sub"]);
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
/** Lists and quotations that nest deeper than this are not distinguished further. */
const MAX_NESTING = 10;

/**
 * Converts a page's HTML to Markdown: headings, paragraphs, lists, quotations, code, emphasis, links, pictures of the
 * web; tables row by row; powers, indices and formulas in MathML so that they keep their meaning (their plain text
 * would make 103 of ten to the third, see findings/turndown-makes-103-of-ten-to-the-third.sh). Everything else becomes
 * plain text. Pages show Markdown without HTML, so no code of the source can run there. Entities stay, because Markdown
 * reads them too.
 *
 * @param resolve returns the target of an address. If it returns none, addresses of the web stay and others are
 * counted.
 */
export function convertHtml(html: string, resolve: Resolve = () => null): Converted {
  const writer = new Writer(resolve);
  for (const [token] of html.matchAll(TOKENS)) {
    const tag = token.startsWith("<!") ? null : TAG.exec(token);
    if (tag !== null) writer.tag(tag[2]?.toLowerCase() ?? "", tag[1] === "/", tag[3] ?? "");
    else if (!token.startsWith("<!")) writer.text(token);
  }
  return writer.end();
}

interface Inline {
  name: string;
  /** The place in the line at which its content begins. */
  at: number;
  url: string | null;
}

class Writer {
  #links = 0;
  #pictures = 0;
  readonly #blocks: string[] = [];
  #line = "";
  #inline: Inline[] = [];
  /** Open lists and quotations; a list has numbered items or not. */
  readonly #containers: { name: string; count: number; sign: "." | ")" }[] = [];
  /** Marker of a list item that has not been written yet. */
  #marker: string | null = null;
  #unread: string | null = null;
  #code: string | null = null;
  #formula: Formula | null = null;
  #cells = 0;
  readonly #resolve: Resolve;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
  }

  tag(name: string, isEnd: boolean, attributes: string): void {
    if (this.#unread !== null) {
      if (isEnd && name === this.#unread) this.#unread = null;
      return;
    }
    if (UNREAD.has(name)) {
      if (!isEnd) this.#unread = name;
      return;
    }
    // As in browsers, a paragraph or similar element ends a formula that was left open.
    if (this.#formula !== null && BLOCKS.has(name)) this.#math("math", true, "");
    if (name === "math" || this.#formula !== null) this.#math(name, isEnd, attributes);
    else if (name === "pre") this.#pre(isEnd);
    else if (this.#code !== null) return;
    else if (name === "br") this.#line = `${this.#line.trimEnd()}\\\n`;
    else if (name === "img") this.#picture(attributes);
    else if (name === "a" || entryOf(MARKS, name) !== undefined || name === "code" || SCRIPTS.has(name))
      this.#mark(name, isEnd, attributes);
    else if (name === "li") {
      this.#flush();
      if (!isEnd) this.#item(numberOf(attributes, "value"));
    } else if (name === "td" || name === "th") {
      if (!isEnd && this.#cells > 0) this.#line += " | ";
      if (!isEnd) this.#cells += 1;
    } else if (name === "blockquote" || BLOCKS.has(name)) this.#block(name, isEnd, attributes);
  }

  text(text: string): void {
    if (this.#unread !== null) return;
    if (this.#formula !== null) this.#formula.text(decoded(text));
    else if (this.#code !== null) this.#code += decoded(text);
    else {
      const plain = text.replace(/\s+/g, " ");
      const isInCode = this.#inline.some(({ name }) => name === "code");
      const written = isInCode ? decoded(plain).replaceAll("`", "'") : escaped(plain);
      this.#line += this.#line === "" || this.#line.endsWith("\n") ? written.trimStart() : written;
    }
  }

  end(): Converted {
    if (this.#formula !== null) this.#math("math", true, "");
    if (this.#code !== null) this.#pre(true);
    this.#flush();
    const markdown = this.#blocks.join("\n\n").trim();
    return { markdown: markdown === "" ? null : markdown, links: this.#links, pictures: this.#pictures };
  }

  #block(name: string, isEnd: boolean, attributes: string): void {
    const heading = /^h([1-6])$/.exec(name)?.[1];
    this.#flush(heading !== undefined && isEnd ? `${"#".repeat(Number(heading))} ` : "");
    if (name === "hr" && !isEnd) this.#blocks.push(`${this.#prefix()}---`);
    if (name === "tr") this.#cells = 0;
    if (name !== "ul" && name !== "ol" && name !== "blockquote") return;
    if (!isEnd) this.#containers.push({ name, count: (numberOf(attributes, "start") ?? 1) - 1, sign: "." });
    else {
      const at = this.#containers.findLastIndex((container) => container.name === name);
      if (at >= 0) this.#containers.splice(at);
    }
  }

  /**
   * @param number the item's own number. Markdown counts from the first number of a list, and a different sign begins
   * another list.
   */
  #item(number: number | null): void {
    const list = this.#containers.at(-1);
    if (list === undefined || list.name === "blockquote") return;
    list.count += 1;
    if (number !== null && number !== list.count) {
      list.count = number;
      list.sign = list.sign === "." ? ")" : ".";
    }
    this.#marker = list.name === "ol" ? `${list.count}${list.sign} ` : "- ";
  }

  #mark(name: string, isEnd: boolean, attributes: string): void {
    if (!isEnd) {
      this.#inline.push({ name, at: this.#line.length, url: name === "a" ? attributeOf(attributes, "href") : null });
      return;
    }
    const at = this.#inline.findLastIndex((inline) => inline.name === name);
    const inline = this.#inline[at];
    if (inline === undefined) return;
    this.#inline.splice(at);
    const inner = this.#line.slice(inline.at);
    const content = inner.trim();
    if (content === "") return;
    const [before, after] = [
      inner.slice(0, inner.indexOf(content)),
      inner.slice(inner.indexOf(content) + content.length),
    ];
    this.#line = `${this.#line.slice(0, inline.at)}${before}${this.#wrapped(inline, content)}${after}`;
  }

  #wrapped({ name, url }: Inline, content: string): string {
    if (name === "code") return `\`${content}\``;
    if (SCRIPTS.has(name)) return this.#script(name, content);
    if (name !== "a") return `${MARKS[name]}${content}${MARKS[name]}`;
    if (url === null) return content;
    const address = this.#resolve(url) ?? webAddress(url, /^(?:https?:\/\/|mailto:)/i);
    if (address !== null) return `[${content}](<${address}>)`;
    this.#links += 1;
    return content;
  }

  /** @param content in Markdown already. The number of a note is a link and not a power. */
  #script(name: string, content: string): string {
    if (content.includes("](")) return content;
    const isInCode = this.#inline.some((inline) => inline.name === "code");
    return scripted(content, name === "sup").replace(/^_/, isInCode ? "_" : "\\_");
  }

  #math(name: string, isEnd: boolean, attributes: string): void {
    if (this.#formula === null) {
      if (!isEnd) this.#formula = new Formula();
    } else if (name !== "math") {
      if (isEnd) this.#formula.close(name);
      else this.#formula.open(name, (attribute) => attributeOf(attributes, attribute));
    } else if (isEnd) {
      const { tex, line } = this.#formula.end();
      this.#formula = null;
      const written = dollars(tex) ?? escaped(line);
      if (this.#code === null) this.#line += written;
      else this.#code += tex ?? line;
    }
  }

  #picture(attributes: string): void {
    // Canvas shows a formula as a picture from its server, with the TeX beside it.
    const formula = dollars(attributeOf(attributes, "data-equation-content"));
    if (formula !== null) {
      this.#line += formula;
      return;
    }
    const alt = escaped(attributeOf(attributes, "alt") ?? "").replace(/\s+/g, " ");
    const url = attributeOf(attributes, "src") ?? "";
    const address = this.#resolve(url) ?? webAddress(url, /^https?:\/\//i);
    if (address === null) this.#pictures += 1;
    this.#line += address === null ? alt : `![${alt}](<${address}>)`;
  }

  #pre(isEnd: boolean): void {
    if (!isEnd) {
      this.#flush();
      this.#code = "";
    } else if (this.#code !== null) {
      const fence = this.#code.includes("```") ? "~~~~" : "```";
      const lines = [fence, ...this.#code.replace(/^\n|\n$/g, "").split("\n"), fence];
      this.#code = null;
      this.#push(lines);
    }
  }

  #flush(start = ""): void {
    const line = this.#line.replace(/(?:\\\n|\s)+$/, "");
    this.#line = "";
    this.#inline = [];
    this.#cells = 0;
    if (line === "") return;
    // Characters that would begin a heading, a list or a quotation are text here.
    const lines = line
      .split("\n")
      .map((one) => one.replace(/^([#>+-]|\d+(?=[.)]))/, (mark) => (/^\d/.test(mark) ? `${mark}\\` : `\\${mark}`)));
    this.#push([`${start}${lines[0] ?? ""}`, ...lines.slice(1)]);
  }

  #push(lines: readonly string[]): void {
    const first = this.#prefix(this.#marker);
    const others = this.#prefix();
    this.#marker = null;
    this.#blocks.push(lines.map((line, i) => `${i === 0 ? first : others}${line}`).join("\n"));
  }

  /** The prefix of a line within the open lists and quotations. @param marker of the item that begins here. */
  #prefix(marker: string | null = null): string {
    const open = this.#containers.slice(0, MAX_NESTING);
    return open
      .map(({ name }, i) => {
        if (name === "blockquote") return "> ";
        const isLast = i === open.length - 1;
        return isLast && marker !== null ? marker : name === "ol" ? "   " : "  ";
      })
      .join("");
  }
}

/** Escapes a text so that nothing in it is a mark of Markdown. */
function escaped(text: string): string {
  return text.replace(/[\\`*_~[\]<]/g, "\\$&");
}

/** A number of a list that Markdown can write. */
function numberOf(attributes: string, name: string): number | null {
  const value = attributeOf(attributes, name) ?? "";
  return /^\d{1,9}$/.test(value) ? Number(value) : null;
}

function attributeOf(attributes: string, name: string): string | null {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(attributes);
  const value = found?.[1] ?? found?.[2] ?? found?.[3];
  return value === undefined ? null : decoded(value).trim();
}

function webAddress(url: string, schemes: RegExp): string | null {
  return schemes.test(url) ? url.replace(/[<>\s]/g, encodeURIComponent) : null;
}

/** A text in which the entities for HTML's own characters are decoded; others stay. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, hexadecimal, name) => {
    if (typeof name === "string") return entryOf(ENTITIES, name) ?? whole;
    const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
