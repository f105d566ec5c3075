import { describe, expect, it } from "vitest";
import { formatBytes, renderDocs } from "../../../scripts/lib/reference/docs-page.ts";
import { escapeHtml, html } from "../../../scripts/lib/reference/markup.ts";
import { ERRORS } from "../../../src/platform/error-codes.ts";
import { sampleDocument } from "./sample-document.ts";

/** Tags without an end tag (HTML standard, void elements). */
const VOID_TAGS = new Set(["!doctype", "meta", "link"]);
/** Everything the page is made of. A text that slips through escaping brings something else, or unbalances these. */
const KNOWN_TAGS = new Set(
  "html head meta title link style body a div nav main ul li strong span section article h1 h2 h3 h4 p code pre dl dt dd details summary table thead tbody tr th td !doctype".split(
    " ",
  ),
);
const KNOWN_ATTRIBUTES = new Set(
  "html lang charset name content rel href class id aria-label aria-labelledby tabindex scope".split(" "),
);

/** Reads a page tag by tag; fails on any tag, attribute or nesting the renderer does not produce itself. */
function checkMarkup(page: string): void {
  const open: string[] = [];
  const withoutStyle = page.replace(/<style>[^<]*<\/style>/, "");
  for (const [tag, slash, name = "", attributes = ""] of withoutStyle.matchAll(
    /<(\/?)([^\s/>]*)((?:\s+[a-z-]+(?:="[^"<]*")?)*)\s*>|</g,
  )) {
    expect(KNOWN_TAGS, `unexpected ${tag} in the page`).toContain(name);
    for (const [, attribute] of attributes.matchAll(/([a-z-]+)(?:="[^"]*")?/g)) {
      expect(KNOWN_ATTRIBUTES).toContain(attribute);
    }
    if (slash === "/") expect(open.pop()).toBe(name);
    else if (!VOID_TAGS.has(name)) open.push(name);
  }
  expect(open).toEqual([]);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

describe("the reference page", () => {
  const page = renderDocs(sampleDocument(), { origin: "https://api.example.org" });

  it("is well-formed, with unique ids and no broken link", () => {
    checkMarkup(page);
    const ids = matches(page, /\sid="([^"]*)"/g);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = matches(page, /href="#([^"]*)"/g);
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  it("loads no script and no second file, and needs no network", () => {
    expect(page).not.toMatch(/<script|<img|<iframe|@import|url\(/i);
    expect(matches(page, /(?:href|src)="([^"#][^"]*)"/g).filter((link) => !link.startsWith("data:"))).toEqual([
      "/openapi.json",
    ]);
  });

  it("shows each route with its policy, parameters, bodies and answers", () => {
    expect(page).toContain('id="get-api-v1-courses-course-chapters"');
    expect(page).toContain("learner, author");
    expect(page).toContain("own enrollment only");
    expect(page).toContain("64 KiB");
    expect(page).toContain("everybody, without a token");
    expect(page).toContain("integer, 1 to 1000, default <code>50</code>");
    expect(page).toContain("string, 1 to 64 characters, pattern <code>^[a-z]+$</code>");
    expect(page).toContain("<code>&quot;locked&quot;</code> or <code>&quot;unlocked&quot;</code>");
    expect(page).toContain("string (date-time) or null");
    expect(page).toContain("integer, at least 0<"); // and not "at most 9007199254740991"
    expect(page).toContain('array of <a href="#schema-Chapter">Chapter</a>');
    expect(page).toContain("deprecated");
    expect(page).toContain("<code>code</code> line.");
    expect(page.match(/<article /g)).toHaveLength(3);
  });

  it("shows the parameters of a path in each of its operations", () => {
    const post = page.slice(page.indexOf('id="post-api-v1-courses-course-chapters"'));
    expect(post.slice(0, post.indexOf("</article>"))).toContain("<code>course</code>");
  });

  it("shows a command that calls the route", () => {
    expect(page).toContain(
      `curl -s -H &quot;Authorization: Bearer $TOKEN&quot; &#39;https://api.example.org/api/v1/courses/algorithms/chapters&#39;`,
    );
    expect(page).toContain("<code>curl -s &#39;https://api.example.org/health&#39;</code>");
    expect(page).toMatch(/curl -s -X POST .* -d &#39;\{&quot;all&quot;:\[\]\}&#39;/); // the rule in the rule is left out
  });

  it("groups routes by tag in the order of the document, and leaves out empty groups", () => {
    expect(matches(page, /<h2 id="([^"]*)"/g)).toEqual(["tag-unlocks", "tag-other", "schemas", "errors"]);
  });

  it("lists every error code under its anchor", () => {
    for (const [code, { title }] of Object.entries(ERRORS)) {
      expect(page).toContain(`id="error-${code}"`);
      expect(page).toContain(escapeHtml(title));
    }
  });

  it("refuses a file that is not an OpenAPI document", () => {
    expect(() => renderDocs({ paths: {} })).toThrow();
    expect(() => renderDocs(null)).toThrow();
  });
});

describe("hostile text in the document", () => {
  const HOSTILE = [
    `</code></style></title><script>alert(1)</script>`,
    `" onmouseover="alert(1)`,
    `' autofocus onfocus='alert(1)`,
    `<!-- `,
    `]]><svg/onload=alert(1)>`,
    "`</code><b>`",
    `&lt;script&gt;`,
  ];

  /** The sample with the text in every place an author of a route could put one. */
  function hostileDocument(text: string): unknown {
    const schema = {
      type: "object",
      description: text,
      required: [text],
      properties: {
        [text]: { type: "string", format: text, pattern: text, default: text, description: text },
        list: { enum: [text], description: text },
        link: { $ref: `#/components/schemas/${encodeURIComponent(text)}` },
        fixed: { const: text },
      },
      additionalProperties: { type: text },
    };
    return {
      info: { title: text, version: text, description: text },
      tags: [{ name: text, description: text }],
      paths: {
        [`/${text}/{${text}}`]: {
          put: {
            summary: text,
            description: text,
            tags: [text],
            parameters: [
              { name: text, in: "path", required: true, description: text, schema: { type: "string", example: text } },
            ],
            requestBody: { description: text, content: { "application/json": { schema }, [text]: { schema } } },
            responses: { [text]: { description: text, content: { "application/json": { schema } } } },
            "x-policy": { roles: [text], rule: text, max_body: 1, rate: text },
          },
        },
      },
      components: { schemas: { [text]: schema } },
    };
  }

  it.each(HOSTILE)("stays text: %s", (text) => {
    const page = renderDocs(hostileDocument(text), { origin: `https://${text}` });
    checkMarkup(page);
    expect(page).not.toMatch(/<script|<svg|<b>|<!--/);
    expect(page).toContain(`<h1>${escapeHtml(text)}</h1>`);
  });

  it("cannot break out of the quotes of a command", () => {
    const document = {
      info: { title: "t", version: "1" },
      paths: {
        "/x": {
          post: {
            requestBody: { content: { "application/json": { schema: { example: "it's; rm -rf /" } } } },
            responses: {},
          },
        },
      },
    };
    expect(renderDocs(document)).toContain(escapeHtml(`-d '"it'\\''s; rm -rf /"'`));
  });

  it("shows characters that turn the reading direction or are forbidden in HTML in a visible form", () => {
    expect(escapeHtml("a\u202eb\u0000c\u2066d\te\n")).toBe("a\\u202eb\\u0000c\\u2066d\te\n");
    expect(html`<p title="${`"<&'`}">${["<", html`<b></b>`, null]}</p>`.toString()).toBe(
      `<p title="&quot;&lt;&amp;&#39;">&lt;<b></b></p>`,
    );
  });

  it("ends, also on schemas that contain themselves, directly or in a circle", () => {
    const page = renderDocs({
      info: { title: "t", version: "1" },
      paths: {
        "/x": {
          get: {
            responses: {
              200: { description: "", content: { "application/json": { schema: { $ref: "#/components/schemas/A" } } } },
            },
          },
        },
      },
      components: {
        schemas: {
          A: { $ref: "#/components/schemas/B" },
          B: { allOf: [{ $ref: "#/components/schemas/A" }] },
          C: { type: "object", properties: { c: { $ref: "#/components/schemas/C" } } },
        },
      },
    });
    checkMarkup(page);
  });
});

describe("formatBytes", () => {
  it.each([
    [65_536, "64 KiB"],
    [1_048_576, "1 MiB"],
    [8_000_000, "8,000,000 bytes"],
    [1, "1 byte"],
  ])("%i is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
