import { micromark } from "micromark";
import { describe, expect, it } from "vitest";
import { convertHtml } from "../../../../src/courses/importers/markdown.ts";

const markdown = (html: string) => convertHtml(html).markdown;

describe("a page's HTML", () => {
  it("keeps headings, paragraphs, emphasis, code and line breaks", () => {
    expect(markdown("<h2>One</h2><p>A <b>bold </b>and <em>soft</em> <code>x &lt; y</code><br/>line</p>")).toBe(
      "## One\n\nA **bold** and *soft* `x < y`\\\nline",
    );
    expect(markdown("<pre>if (a &amp;&amp; b)\n  c();\n</pre>")).toBe("```\nif (a && b)\n  c();\n```");
  });

  it("keeps nested lists, numbered lists and quotations", () => {
    expect(
      markdown("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul><blockquote><p>q</p></blockquote>"),
    ).toBe("- a\n\n  1. b\n\n  2. c\n\n- d\n\n> q");
  });

  it("writes a table row by row", () => {
    expect(markdown("<table><tr><th>Week</th><th>Task</th></tr><tr><td>1</td><td>Read</td></tr></table>")).toBe(
      "Week | Task\n\n1 | Read",
    );
  });

  it("keeps the meaning of powers and indices", () => {
    expect(markdown("<p>10<sup>3</sup> m, 10<sup>-3</sup> m, x<sup>n+k</sup>, e<sup><i>x</i></sup></p>")).toBe(
      "10³ m, 10⁻³ m, x^(n+k), e^(*x*)",
    );
    expect(markdown("<p>H<sub>2</sub>O, a<sub>ij</sub>, <code>a<sub>ij</sub></code></p>")).toBe(
      "H₂O, a\\_(ij), `a_(ij)`",
    );
    expect(micromark(markdown("<p>a<sub>ij</sub> and b<sub>ij</sub></p>") ?? "")).toBe("<p>a_(ij) and b_(ij)</p>");
    expect(markdown('<p>the 1<sup>st</sup> note<sup><a href="https://a.example/1">1</a></sup></p>')).toBe(
      "the 1st note[1](<https://a.example/1>)",
    );
  });

  it.each([
    ["<mfrac><mn>1</mn><mn>2</mn></mfrac>", "1/2"],
    ["<mn>2</mn><mfrac><mn>1</mn><mn>2</mn></mfrac>", "2 1/2"],
    ["<mn>2</mn><mo>&#8292;</mo><mfrac><mn>1</mn><mn>2</mn></mfrac>", "2 1/2"],
    ["<mrow><mfrac><mn>1</mn><mn>2</mn></mfrac></mrow><mi>x</mi>", "(1/2)x"],
    ["<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a+b)/2"],
    ["<msup><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow><mn>2</mn></msup>", "(x+1)²"],
    ["<msup><mfenced><mi>x</mi><mi>y</mi></mfenced><mi>k</mi></msup>", "(x, y)^k"],
    ["<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x₁²"],
    ["<munderover><mo>&#8721;</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>", "∑\\_(i=1)ⁿ"],
    ["<mi>f</mi><mo>&#8289;</mo><mspace width='1em'/><msqrt><mi>x</mi></msqrt>", "f√(x)"],
    ["<mroot><mi>x</mi><mn>3</mn></mroot><mo>&lt;</mo><mn>2</mn>", "³√(x)\\<2"],
    [
      "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>",
      "\\[1, 2; 3\\]",
    ],
  ])("keeps what a formula means: %s", (mathml, line) => {
    expect(markdown(`<p>Take <math>${mathml}</math>.</p>`)).toBe(`Take ${line}.`);
  });

  it("uses the TeX of a formula where there is one", () => {
    const annotated = (tex: string) =>
      `<math><semantics><mfrac><mn>1</mn><mn>2</mn></mfrac><annotation encoding="application/x-tex">${tex}</annotation></semantics></math>`;
    expect(markdown(`<p>A ${annotated(" \\frac{1}{2} &lt; x_1 ")} b</p>`)).toBe("A $\\frac{1}{2} < x_1$ b");
    expect(markdown(`<p>A ${annotated("\\text{$5}")} b</p>`)).toBe("A 1/2 b");
    expect(markdown(`<pre>${annotated("x")}</pre>`)).toBe("```\nx\n```");
    expect(convertHtml('<img src="/equation_images/x" alt="LaTeX: x^2" data-equation-content="x^2">')).toEqual({
      markdown: "$x^2$",
      links: 0,
      pictures: 0,
    });
  });

  it("loses no text after a formula that is not closed, at any depth", () => {
    expect(markdown("<p><math><mi>x</mi></p><p>after</p>")).toBe("x\n\nafter");
    expect(markdown(`<math>${"<mrow>".repeat(1_000)}<mi>x</mi>`)).toBe("x");
    const half = "<mfrac><mn>1</mn><mn>2</mn></mfrac>";
    expect(markdown(`<math>${half.repeat(2_000)}</math>`)?.length).toBe(2_000 * "(1/2)".length);
  });

  it.each([
    ["two times three", "<mn>2</mn><mo>&#x2062;</mo><mn>3</mn>", "2·3"],
    ["a power of ten", "<mn>3</mn><mo>&InvisibleTimes;</mo><msup><mn>10</mn><mn>8</mn></msup>", "3·10⁸"],
    ["two times x", "<mn>2</mn><mo>&#x2062;</mo><mi>x</mi>", "2x"],
    ["two indices", "<msub><mi>a</mi><mrow><mn>1</mn><mo>&#x2063;</mo><mn>2</mn></mrow></msub>", "a\\_(1,2)"],
    ["a function", "<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi>", "sin x"],
    ["an absolute value", '<mfenced open="|" close="|"><mi>x</mi></mfenced>', "|x|"],
    ["a half-open interval", '<mfenced open="[" close=")" separators=";"><mn>0</mn><mn>1</mn></mfenced>', "\\[0; 1)"],
    ["brackets without separators", '<mfenced separators=""><mi>a</mi><mo>+</mo><mi>b</mi></mfenced>', "(a+b)"],
    ["a binomial", '<mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac>', "C(n, k)"],
    ["a nucleus", "<mmultiscripts><mi>C</mi><none/><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "¹⁴₆C"],
    ["what is only room", "<mn>1</mn><mphantom><mn>9</mn></mphantom>", "1"],
    ["a recurring digit", "<mn>0.</mn><mover><mn>3</mn><mo>¯</mo></mover>", "0\\.3\u0305"],
  ])("writes %s so that it stays what it is", (_what, mathml, line) => {
    expect(markdown(`<math>${mathml}</math>`)).toBe(line);
  });

  it("keeps the numbers of a list that begins later, or goes on elsewhere", () => {
    expect(markdown('<ol start="5"><li>five</li><li>six</li></ol>')).toBe("5. five\n\n6. six");
    // Markdown counts by the first number of a list; another sign begins another list.
    expect(markdown('<ol><li>one</li><li value="9">nine</li><li>ten</li></ol>')).toBe("1. one\n\n9) nine\n\n10) ten");
    expect(markdown('<ol start="-1"><li>one</li></ol>')).toBe("1. one");
  });

  it("marks what is struck out, and strikes out nothing that only looks like it", () => {
    expect(markdown("<p>is <del>not</del> right, <s>or</s></p>")).toBe("is ~~not~~ right, ~~or~~");
    expect(markdown("<p>~5 and ~6</p>")).toBe("\\~5 and \\~6");
  });

  it("keeps pictures and links of the web, and counts the others", () => {
    expect(
      convertHtml(
        '<a href="https://a.example/b c">to <b>b</b></a> <a href="@@PLUGINFILE@@/x.pdf">file</a> <img src="x.png" alt="A plot">',
      ),
    ).toEqual({
      markdown: "[to **b**](<https://a.example/b%20c>) file A plot",
      links: 1,
      pictures: 1,
    });
    expect(markdown('<img alt="x" src="https://a.example/p.png">')).toBe("![x](<https://a.example/p.png>)");
  });

  it("contains no script and no style, and is empty for an empty page", () => {
    expect(markdown("<head><title>t</title></head><script>alert(1)</script><style>p{}</style><p>x</p><!-- c -->")).toBe(
      "x",
    );
    expect(markdown("<p> </p><div><br></div>")).toBeNull();
    expect(convertHtml('<a href="javascript:alert(1)">x</a>')).toEqual({ markdown: "x", links: 1, pictures: 0 });
  });

  it("keeps the words of the page, whatever HTML the page has", () => {
    for (const text of [
      "1. no list",
      "# no heading",
      "- no item",
      "> no quotation",
      "a * b * c",
      "[x](y)",
      "`tick`",
      "a_b_c",
      "caf&eacute; &lt;b&gt;",
      "3 < 5",
    ]) {
      const html = micromark(markdown(`<p>${text}</p>`) ?? "");
      expect(html).toBe(micromark(text.replace(/[\\`*_[\]<#>.-]/g, "\\$&")));
    }
  });

  it("of any shape is converted in bounded time, and the result is never HTML", () => {
    const odd = "<ul><b><p>x</ul></b><a><td><li>y</blockquote><pre>z<<<p <p a='>'>";
    expect(micromark(markdown(odd.repeat(50)) ?? "")).not.toMatch(/<(script|img|iframe)/);
  });
});
