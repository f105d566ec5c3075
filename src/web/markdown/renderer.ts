import { micromark } from "micromark";
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough, gfmStrikethroughHtml } from "micromark-extension-gfm-strikethrough";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";
import { gfmTaskListItem, gfmTaskListItemHtml } from "micromark-extension-gfm-task-list-item";
import type { CompileContext, HtmlExtension, Token } from "micromark-util-types";
import { dollars } from "./dollars.ts";

/**
 * The one renderer of all texts: chapters, problems, options, comments, and the preview for authors.
 *
 * micromark escapes raw HTML and drops addresses of unknown schemes. Its extensions and the writers of formulas and
 * coloured code do the same. So a text itself cannot add a tag, and the result is safe.
 */

type RenderLanguage = "en" | "zh";

/** Files of a course. The API sends them only with a token, so a browser cannot request them by itself. */
const FILE = "/api/v1/courses/";

/** The writers of formulas and code. Both are large, so a text without formulas or code does not load them. */
interface Loaded {
  formula?: (tex: string, isDisplay: boolean) => string;
  code?: (text: string, language: string) => string | null;
}
const loaded: Loaded = {};

const HAS_FORMULA = /\$/;
const HAS_CODE = /^[ \t>*+\-\d.]*(?:```|~~~)[ \t]*\w/m;

/** Loads the parts that a text needs. @returns null if all are loaded. @throws if a part cannot be loaded. */
export function loadParts(source: string): Promise<void> | null {
  const parts: Promise<void>[] = [];
  if (loaded.formula === undefined && HAS_FORMULA.test(source)) {
    const loading = import("./formulas.ts").then(({ formula }) => {
      loaded.formula = formula;
    });
    parts.push(loading);
  }
  if (loaded.code === undefined && HAS_CODE.test(source)) {
    const loading = import("./code.ts").then(({ coloured }) => {
      loaded.code = coloured;
    });
    parts.push(loading);
  }
  return parts.length === 0 ? null : Promise.all(parts).then(() => undefined);
}

/** Formulas from the extension's tokens. Without the writer they stay as they were typed. */
function formulasHtml(): HtmlExtension {
  const write = (context: CompileContext, tex: string, isDisplay: boolean) => {
    const html = loaded.formula?.(tex, isDisplay);
    if (html === undefined) context.raw(context.encode(isDisplay ? `$$\n${tex}\n$$` : `$${tex}$`));
    else context.tag(html);
  };
  return {
    enter: {
      mathFlow() {
        this.lineEndingIfNeeded();
        this.tag('<div class="formula" tabindex="0">');
        this.buffer();
      },
      mathFlowFenceMeta() {
        this.buffer();
      },
      mathText() {
        this.buffer();
      },
    },
    exit: {
      mathFlow() {
        write(this, this.resume().replace(/^\n|\n$/g, ""), true);
        this.tag("</div>");
        this.setData("slurpOneLineEnding");
      },
      mathFlowFenceMeta() {
        this.resume();
      },
      mathFlowValue(token: Token) {
        this.raw(this.sliceSerialize(token));
      },
      mathText() {
        write(this, this.resume(), false);
      },
      mathTextData(token: Token) {
        this.raw(this.sliceSerialize(token));
      },
    },
  };
}

const EXTENSIONS = [
  gfmTable(),
  gfmStrikethrough({ singleTilde: false }),
  gfmAutolinkLiteral(),
  gfmTaskListItem(),
  dollars(),
];
const HTML = [gfmTableHtml(), gfmStrikethroughHtml(), gfmAutolinkLiteralHtml(), gfmTaskListItemHtml(), formulasHtml()];

/** A text in Markdown as HTML, with only what Markdown can express. */
export function toHtml(source: string, language: RenderLanguage): string {
  const html = micromark(source, { extensions: EXTENSIONS, htmlExtensions: HTML });
  return callouts(colouredCode(html), language)
    .replaceAll(`<img src="${FILE}`, `<img data-file="${FILE}`)
    .replaceAll("<table>", '<div class="table-scroll" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
}

/** Code that is wider than the screen has its own scroll bar, so the keyboard must be able to reach it. */
function colouredCode(html: string): string {
  return html
    .replace(
      /<pre><code class="language-([^"]+)">([\s\S]*?)<\/code><\/pre>/g,
      (whole, language: string, code: string) => {
        const coloured = loaded.code?.(decoded(code), decoded(language));
        return coloured == null ? whole : `<pre class="code"><code>${coloured}</code></pre>`;
      },
    )
    .replaceAll("<pre", '<pre tabindex="0"');
}

const ENTITIES: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };

/** Decodes what micromark has encoded. */
function decoded(text: string): string {
  return text.replace(/&(?:lt|gt|quot|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}

const CALLOUTS: Readonly<Record<string, Record<RenderLanguage, string>>> = {
  NOTE: { en: "Note", zh: "注意" },
  TIP: { en: "Tip", zh: "提示" },
  IMPORTANT: { en: "Important", zh: "重要" },
  WARNING: { en: "Warning", zh: "警告" },
  CAUTION: { en: "Caution", zh: "当心" },
};

/** A quotation that begins with `[!NOTE]` or the like is a callout. */
function callouts(html: string, language: RenderLanguage): string {
  return html.replace(/<blockquote>\n<p>\[!([A-Z]+)\](?:\n|(?=<\/p>))/g, (whole, kind: string) => {
    const title = CALLOUTS[kind]?.[language];
    if (title === undefined) return whole;
    return `<blockquote class="callout is-${kind.toLowerCase()}">\n<p class="callout-title">${title}</p>\n<p>`;
  });
}
