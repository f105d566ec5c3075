#!/usr/bin/env bash
# Fact: Citation.js 0.9.0 (@citation-js/core with its BibTeX and CSL plugins) turns "and others", BibTeX's word for "et al.", into a
#   person whose family name is "others". It hands BibLaTeX's keys on as text for readers: a @mastersthesis is printed as
#   "[Mathesis]", a @techreport as "(Techreport TR-7)". Written back as BibTeX, a @mastersthesis becomes a @misc, a @phdthesis
#   with `type = {Diploma thesis}` a @mastersthesis without its type, and the person "others" is fixed by braces.
# Why it matters: lecturers hand in reading lists as BibTeX. Learners cite what the course page shows, so "& others" and "[Mathesis]"
#   come back in their essays, and a list exported and imported once more has other kinds of works in it. Put the words for
#   the keys into `genre`, take "others" out of the authors before printing, and keep the file that was handed in.
# The guess: a parser of BibTeX knows "and others", and what is exported reads as what was imported.
# Date: 2026-11-30
# Needs: Node 22 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @citation-js/core@0.9.0 @citation-js/plugin-bibtex@0.9.0 @citation-js/plugin-csl@0.9.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import "@citation-js/plugin-bibtex";
import "@citation-js/plugin-csl";
import { Cite } from "@citation-js/core";
const { version } = JSON.parse(readFileSync("node_modules/@citation-js/core/package.json", "utf8"));
const cases = [
  ["many", "@book{x, author = {First, Ann and others}, title = {One}, year = 1984, publisher = {Press}}"],
  ["master", "@mastersthesis{x, author = {First, Ann}, title = {Two}, school = {University}, year = 2000}"],
  ["diploma", "@phdthesis{x, author = {First, Ann}, title = {Three}, school = {University}, year = 2000, type = {Diploma thesis}}"],
  ["report", "@techreport{x, author = {First, Ann}, title = {Four}, institution = {University}, number = {TR-7}, year = 2000}"],
];
const seen = {};
for (const [what, bibtex] of cases) {
  const cite = new Cite(bibtex);
  const printed = cite.format("bibliography", { template: "apa" }).trim();
  const back = cite.format("bibtex");
  const kept = ["author", "type"].flatMap((field) => back.match(new RegExp(`\\b${field} = .*`)) ?? []);
  seen[what] = { printed, back: [back.match(/@\w+/)[0], ...kept].join(" ") };
}
console.log(`@citation-js/core ${version}`);
for (const [what, { printed, back }] of Object.entries(seen)) console.log(`${what}\n  printed  ${printed}\n  back     ${back}`);
const expected = {
  many: { printed: "First, A., & others. (1984). One. Press.", back: "@book author = {First, Ann and {others}}," },
  master: { printed: "First, A. (2000). Two [Mathesis]. University.", back: "@misc author = {First, Ann}, type = {mathesis}," },
  diploma: {
    printed: "First, A. (2000). Three [Diploma thesis]. University.",
    back: "@mastersthesis author = {First, Ann},",
  },
  report: {
    printed: "First, A. (2000). Four (Techreport TR-7). University.",
    back: "@techreport author = {First, Ann}, type = {techreport},",
  },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
