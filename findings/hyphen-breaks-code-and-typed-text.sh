#!/usr/bin/env bash
# Fact: hyphenateHTML of hyphen 1.14.1 leaves out the tags and nothing else: it puts soft hyphens (U+00AD) into the text of <code>, <pre>,
#   <kbd>, <textarea>, <script>, <style> and <math>, and into addresses that stand in the text. Its README says that it skips HTML
#   tags. TeX between dollars is changed in the same way: \operatorname becomes a name that no renderer knows. A soft hyphen
#   is shown only at the end of a line, so the page looks the same.
# Why it matters: course texts are hyphenated for narrow phones. A learner copies "console.log(document)" from the lesson and gets
#   a syntax error at a place where nothing is to be seen, types into a prefilled answer whose words are not those of the key, or
#   follows a link that ends in "not found". Hyphenate text nodes yourself, outside such elements, or leave it to CSS.
# The guess: a function for HTML knows the elements whose text is not prose.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent hyphen@1.14.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
const { hyphenateHTMLSync } = createRequire(import.meta.url)("hyphen/en-us");
const { version } = JSON.parse(readFileSync("node_modules/hyphen/package.json", "utf8"));
const cases = [
  // HTML, the same with a dot for each soft hyphen
  ["<p>a document</p>", "<p>a doc·u·ment</p>"],
  ['<p title="a document">a</p>', '<p title="a document">a</p>'],
  ["<pre><code>let document = 1;</code></pre>", "<pre><code>let doc·u·ment = 1;</code></pre>"],
  ["<kbd>information</kbd>", "<kbd>in·for·ma·tion</kbd>"],
  ["<textarea>information</textarea>", "<textarea>in·for·ma·tion</textarea>"],
  ["<script>let document = 1;</script>", "<script>let doc·u·ment = 1;</script>"],
  ["<p>https://lms.example/information</p>", "<p>https://lms.ex·am·ple/in·for·ma·tion</p>"],
  ["<p>$\\operatorname{rank}$</p>", "<p>$\\op·er·a·tor·name{rank}$</p>"],
];
console.log(`hyphen ${version}`);
let changed = false;
for (const [html, expected] of cases) {
  const seen = hyphenateHTMLSync(html).replaceAll("\u00AD", "·");
  console.log(`${html.padEnd(44)} ${seen}`);
  if (seen !== expected) changed = true;
}
const [, copied] = /<code>(.*)<\/code>/.exec(hyphenateHTMLSync("<code>let document = 1;</code>"));
let error = "none";
try {
  runInNewContext(copied);
} catch (fault) {
  error = fault.name;
}
console.log(`the code, copied from the page and run: ${error}`);
if (changed || error !== "SyntaxError") {
  console.error("changed: expected the last column of `cases`, and a SyntaxError");
  process.exit(1);
}
console.log("as described");
JS
node run.js
