#!/usr/bin/env bash
# Fact: micromark 4.0.3, bundled for a browser, decodes named characters (&amp; &nbsp; &copy;) by writing to innerHTML of an
#   element that it keeps. On a page whose policy demands trusted types, the first text with such a name ends in a TypeError,
#   while numeric characters (&#38;) and all other Markdown work. The code is chosen by the bundler's condition "browser" in
#   the package decode-named-character-reference; its other form, a table, has no such fault.
# Why it matters: a course platform renders authors' Markdown on pages with a strict policy. "Tom &amp; Jerry" in one chapter
#   replaces the whole page by an error, and no test with plain text ever shows it.
# The guess: micromark makes a string out of a string; inside a trusted-types policy it can touch no forbidden sink.
# Date: 2026-11-29
# Needs: Node 20 or newer, npm, and Chromium (CHROMIUM, default /usr/bin/chromium).
set -euo pipefail
chromium=${CHROMIUM:-/usr/bin/chromium}
[ -x "$chromium" ] || { echo "there is no browser at $chromium" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent micromark@4.0.3 decode-named-character-reference@1.3.0 esbuild@0.28.2 playwright-core@1.65.1

cat >page.js <<'JS'
import { micromark } from "micromark";
const policy = trustedTypes.createPolicy("course", { createHTML: (text) => micromark(text) });
globalThis.render = (text) => {
  try {
    document.body.innerHTML = policy.createHTML(text);
    return document.body.textContent.trim();
  } catch (fault) {
    return fault.name;
  }
};
JS
cat >run.js <<'JS'
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { chromium } from "playwright-core";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const bundle = async (options) => {
  const built = await build({ entryPoints: ["page.js"], bundle: true, write: false, format: "iife", ...options });
  return built.outputFiles[0].text;
};
const scripts = {
  "/browser.js": await bundle({ platform: "browser" }),
  "/table.js": await bundle({ platform: "neutral", mainFields: ["module", "main"], conditions: ["worker"] }),
};
const server = createServer((request, response) => {
  const script = scripts[request.url];
  response.setHeader("content-security-policy", "require-trusted-types-for 'script'; trusted-types course");
  response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
  response.end(script ?? `<!doctype html><body></body><script src="${request.url.slice(5)}"></script>`);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const texts = ["Tom & Jerry", "Tom &#38; Jerry", "Tom &amp; Jerry"];
const seen = {};
for (const name of ["browser", "table"]) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/page/${name}.js`);
  seen[name] = [];
  for (const text of texts) seen[name].push(await page.evaluate((each) => globalThis.render(each), text));
}
await browser.close();
server.close();
console.log(`micromark ${version("micromark")}, decode-named-character-reference ${version("decode-named-character-reference")}`);
console.log(`texts             ${JSON.stringify(texts)}`);
console.log(`condition browser ${JSON.stringify(seen.browser)}`);
console.log(`condition worker  ${JSON.stringify(seen.table)}`);
const expected = {
  browser: ["Tom & Jerry", "Tom & Jerry", "TypeError"],
  table: ["Tom & Jerry", "Tom & Jerry", "Tom & Jerry"],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
