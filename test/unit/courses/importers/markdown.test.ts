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

  it("keeps lists within lists, numbered ones and quotations", () => {
    expect(
      markdown("<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul><blockquote><p>q</p></blockquote>"),
    ).toBe("- a\n\n  1. b\n\n  2. c\n\n- d\n\n> q");
  });

  it("writes a table row by row", () => {
    expect(markdown("<table><tr><th>Week</th><th>Task</th></tr><tr><td>1</td><td>Read</td></tr></table>")).toBe(
      "Week | Task\n\n1 | Read",
    );
  });

  it("keeps links and pictures of the web and counts the others", () => {
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

  it("shows no script and no style, and nothing at all where there is nothing", () => {
    expect(markdown("<head><title>t</title></head><script>alert(1)</script><style>p{}</style><p>x</p><!-- c -->")).toBe(
      "x",
    );
    expect(markdown("<p> </p><div><br></div>")).toBeNull();
    expect(convertHtml('<a href="javascript:alert(1)">x</a>')).toEqual({ markdown: "x", links: 1, pictures: 0 });
  });

  it("says what the page said, however it is written", () => {
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

  it("of any shape ends, and is never HTML", () => {
    const odd = "<ul><b><p>x</ul></b><a><td><li>y</blockquote><pre>z<<<p <p a='>'>";
    expect(micromark(markdown(odd.repeat(50)) ?? "")).not.toMatch(/<(script|img|iframe)/);
  });
});
