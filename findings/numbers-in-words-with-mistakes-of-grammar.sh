#!/usr/bin/env bash
# Fact: three packages that write numbers in words agree on a mistake in Spanish: 21,000 is "veintiuno mil" in n2words 4.0.0, to-words
#   5.7.0 and written-number 0.11.1. Before mil and millones the one is cut short: veintiún mil, treinta y un mil (RAE, Diccionario
#   panhispánico de dudas, "uno"). In French, written-number writes "deux cents mille": cent and vingt take no s before mille. In
#   Russian, to-words writes 21,000 with a masculine one ("один тысяч", for одна тысяча), and written-number spells 11 with one н.
#   In German, to-words has "Eins Million" for eine Million.
# Why it matters: these words are the answer keys of language courses and number dictations. The learner who writes it as the teacher
#   taught it is wrong, and the key's mistake is learned. All three agreeing makes it look checked. Take keys from Unicode's
#   rules for spelled-out numbers, or have them read by somebody who speaks the language.
# The guess: a package that names a language writes its numbers as its speakers do, at least below a million.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent n2words@4.0.0 to-words@5.7.0 written-number@0.11.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { ToWords } = require("to-words");
const writtenNumber = require("written-number");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const regions = { es: "es-ES", fr: "fr-FR", ru: "ru-RU", de: "de-DE" };
const cardinals = {};
for (const [language, region] of Object.entries(regions)) cardinals[language] = (await import(`n2words/${region}`)).toCardinal;
const write = {
  n2words: (language, number) => cardinals[language](number),
  "to-words": (language, number) => new ToWords({ localeCode: regions[language] }).convert(number).toLowerCase(),
  "written-number": (language, number) => writtenNumber(number, { lang: language }),
};
const cases = [
  // package, language, number, in the language, seen
  ["n2words", "es", 21_000, "veintiún mil", "veintiuno mil"],
  ["to-words", "es", 21_000, "veintiún mil", "veintiuno mil"],
  ["written-number", "es", 21_000, "veintiún mil", "veintiuno mil"],
  ["written-number", "es", 31_000, "treinta y un mil", "treinta y uno mil"],
  ["written-number", "fr", 200_000, "deux cent mille", "deux cents mille"],
  ["n2words", "fr", 200_000, "deux cent mille", "deux cent mille"],
  ["to-words", "ru", 21_000, "двадцать одна тысяча", "двадцать один тысяч"],
  ["n2words", "ru", 21_000, "двадцать одна тысяча", "двадцать одна тысяча"],
  ["written-number", "ru", 11_000, "одиннадцать тысяч", "одинадцать тысяч"],
  ["to-words", "de", 1_000_000, "eine million", "eins million"],
];
console.log(Object.keys(write).map((name) => `${name} ${version(name)}`).join(", "));
let changed = false;
for (const [name, language, number, right, expected] of cases) {
  const seen = write[name](language, number);
  console.log(`${name.padEnd(14)} ${language} ${String(number).padStart(7)}  right: ${right.padEnd(22)} seen: ${seen}`);
  if (seen !== expected) changed = true;
}
if (changed) {
  console.error("changed: expected the last column of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
