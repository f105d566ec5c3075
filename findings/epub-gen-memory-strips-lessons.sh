#!/usr/bin/env bash
# Fact: epub-gen-memory 1.1.2 makes a book of HTML and drops attributes that carry meaning, without a word. <ol start="5"> and <li value>
#   number from 1, audio loses its controls, a ticked box its tick. <math> and <svg> lose xmlns, even where it was written:
#   the pages of a book are XHTML, and there an element without it is none of MathML or SVG, but an unknown one whose
#   text is shown (EPUB 3.3, 6.1 takes HTML's XML syntax; Namespaces in XML, 6.2). One half is shown as "12".
# Why it matters: courses hand out their lessons as books for the way to school. Exercise 5 is called exercise 1 there, and answers
#   are sent in for the wrong one; formulas are wrong numbers that look like numbers; a listening exercise cannot be started. The
#   web page is right, so the author does not look. Number exercises in their text, and put namespaces in afterwards.
# The guess: a generator that takes HTML with formulas and lists writes them, or says which elements it cannot keep.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent epub-gen-memory@1.1.2 fflate@0.8.3 @xmldom/xmldom@0.9.8

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DOMParser } from "@xmldom/xmldom";
import { strFromU8, unzipSync } from "fflate";
const require = createRequire(import.meta.url);
const epub = require("epub-gen-memory").default;
const { version } = JSON.parse(readFileSync("node_modules/epub-gen-memory/package.json", "utf8"));
const mathml = "http://www.w3.org/1998/Math/MathML";
const lesson = `
  <ol start="5"><li>Fifth exercise</li><li value="9">Ninth exercise</li></ol>
  <p><math xmlns="${mathml}"><mfrac><mn>1</mn><mn>2</mn></mfrac></math> of 10</p>
  <p><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>axis</text></svg></p>
  <p><audio controls="controls" src="https://lms.example/a.mp3"></audio></p>
  <p><input type="checkbox" checked="checked" /> Done</p>
  <table><tr><th colspan="2">Marks</th></tr></table>`;
const book = unzipSync(new Uint8Array(await epub({ title: "Fractions" }, [{ title: "Lesson", content: lesson }])));
const [, page] = Object.entries(book).find(([name]) => /lesson\.xhtml$/i.test(name));
const pageText = strFromU8(page).replace(/<!DOCTYPE[^>]*>/, "");
const document = new DOMParser().parseFromString(pageText, "application/xhtml+xml");
const element = (name) => document.getElementsByTagName(name)[0];
const seen = {
  "ol start": element("ol").getAttribute("start"),
  "li value": document.getElementsByTagName("li")[1].getAttribute("value"),
  "audio controls": element("audio").getAttribute("controls"),
  "input checked": element("input").getAttribute("checked"),
  "svg viewBox": element("svg").getAttribute("viewBox"),
  "math is": element("math").namespaceURI === mathml ? "MathML" : element("math").namespaceURI,
  "math text": element("math").textContent,
  "th colspan": element("th").getAttribute("colspan"),
};
console.log(`epub-gen-memory ${version}`);
for (const [what, found] of Object.entries(seen)) console.log(`${what.padEnd(15)} ${found ?? "lost"}`);
const expected = {
  "ol start": null,
  "li value": null,
  "audio controls": null,
  "input checked": null,
  "svg viewBox": null,
  "math is": "http://www.w3.org/1999/xhtml",
  "math text": "12",
  "th colspan": "2",
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
