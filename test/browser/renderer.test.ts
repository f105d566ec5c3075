import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParts, toHtml } from "../../src/web/markdown/renderer.ts";

const html = (source: string, language: "en" | "zh" = "en") => toHtml(source, language);

describe("texts", () => {
  beforeAll(() => loadParts("$x$\n```js\n1\n```") ?? undefined);

  it("show a table with its alignment, in a part that scrolls", () => {
    const shown = html("| a | b |\n|:-:|--:|\n| 1 | **2** |");
    expect(shown).toContain('<div class="table-scroll" tabindex="0"><table>');
    expect(shown).toContain('<td align="right"><strong>2</strong></td>');
  });

  it("write formulas as MathML without styles or links", () => {
    const shown = html("The sum $\\frac{1}{2}n^2$ and\n\n$$\n\\begin{matrix} a & b \\\\ c & d \\end{matrix}\n$$\n");
    expect(shown).toContain("<mfrac>");
    expect(shown).toContain('<div class="formula" tabindex="0"><math');
    expect(shown).not.toMatch(/ style=/);
    expect(html("$\\href{javascript:alert(1)}{x}$")).not.toContain('javascript:alert(1)"');
    expect(html("$\\frac{1}$")).toContain('class="formula-wrong"');
  });

  it.each(["It costs $5 and $10.", "From $5 to $10", "$ 5 $", "5$", "\\$5$ and", "$5–$10 *each*"])(
    "leave amounts of money unchanged: %j",
    (source) => {
      expect(html(source)).not.toMatch(/<math|formula/);
    },
  );

  it("keep the text between two amounts of money", () => {
    expect(html("$5 *and* $10")).toBe("<p>$5 <em>and</em> $10</p>");
  });

  it("colour code in a known language and leave other code as it is", () => {
    expect(html("```python\ndef f(x):\n    return x < 1\n```")).toMatch(/<span class="hljs-keyword">def<\/span>/);
    expect(html("```python\nx < 1 & y\n```")).toContain("&lt;");
    expect(html("```klingon\nx < 1\n```")).toContain('<code class="language-klingon">x &lt; 1');
  });

  it("show callouts with a title in the reader's language", () => {
    expect(html("> [!WARNING]\n> Hot *pan*.")).toContain(
      '<blockquote class="callout is-warning">\n<p class="callout-title">Warning</p>\n<p>Hot <em>pan</em>.</p>',
    );
    expect(html("> [!TIP]\n>\n> 多试", "zh")).toContain('<p class="callout-title">提示</p>');
    expect(html("> [!OTHER]\n> x")).not.toContain("callout");
  });

  it("show pictures and links of the course through the API, and named references", () => {
    const address = "/api/v1/courses/a/items/a.b/files/00";
    expect(html(`![leaf](${address})`)).toContain(`<img data-file="${address}" alt="leaf"`);
    expect(html("See [the rule][r].\n\n[r]: https://example.org")).toContain(
      '<a href="https://example.org">the rule</a>',
    );
    expect(html("~~no~~ www.example.org")).toMatch(/<del>no<\/del> <a href="http:\/\/www.example.org">/);
    expect(html("- [x] done")).toContain('type="checkbox"');
  });

  it("contain no tag, attribute or address of an author's choice, whatever is typed", () => {
    const piece = fc.constantFrom(
      "<script>alert(1)</script>",
      '<img src=x onerror="alert(1)">',
      "[x](javascript:alert(1))",
      "![x](data:text/html,<b>)",
      "`",
      "```js\n",
      "```",
      "$",
      "$$\n",
      "\\text{<b>}",
      "\\href{javascript:a}{b}",
      "\\class{x}{y}",
      '\\style{color:red" onclick="x}{y}',
      "\\htmlStyle{a}{b}",
      "\\includegraphics{x}",
      "|a|b|\n|-|-|\n|c|d|",
      "> [!NOTE]\n> ",
      '" onload="x',
      "&lt;b&gt;",
      "\n",
      ' style="x" ',
      "</code></pre><b>",
      '<pre><code class="language-js">',
    );
    const known =
      /^\/?(p|em|strong|del|a|img|code|pre|span|div|ul|ol|li|blockquote|h[1-6]|hr|br|table|thead|tbody|tr|th|td|input|math|m[a-z]+|semantics|annotation|none)$/;
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 6 })), { maxLength: 12 }), (pieces) => {
        const shown = html(pieces.join(""));
        for (const [, name = "", attributes = ""] of shown.matchAll(/<(\/?[a-zA-Z][\w-]*)((?:\s[^<>]*)?)>/g)) {
          expect(name).toMatch(known);
          expect(attributes).not.toMatch(/\s(?:on\w+|style|srcdoc)\s*=/i);
          expect(attributes).not.toMatch(/(?:href|src)="\s*(?:javascript|data|vbscript):/i);
        }
        expect(shown.replace(/<\/?[a-zA-Z][\w-]*(?:\s[^<>]*)?>/g, "")).not.toMatch(/</);
      }),
      { numRuns: 400 },
    );
  });

  it("are rendered quickly, even the longest", () => {
    const long = "Some *words* and $x^2$ in a line. ".repeat(1_800);
    const started = performance.now();
    html(long);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
