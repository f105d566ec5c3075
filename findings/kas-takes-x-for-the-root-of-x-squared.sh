#!/usr/bin/env bash
# Fact: @khanacademy/kas 2.2.3, which compares answers in mathematics, takes x for the square root of x squared, and refuses |x|.
#   Two numbers below 1 are equal when they differ by less than 1e-9, whatever their size. In its table of units the pascal is
#   a newton per CUBIC metre, and degrees Celsius are kelvins without the offset.
# Why it matters: "simplify the root of x squared" marks the textbook's right answer wrong and its best known mistake right. Every
#   constant of physics below 1e-9 (the electron's charge, Planck's constant, gravitation) equals every other one and 0, so
#   each guess gets the point. 1 Pa is not 1 N/m^2, and 20 degrees Celsius are 20 K. No case gives an error. Compare small
#   numbers by their ratio, and try an item's wrong answers too before it is published.
# The guess: a library that has marked answers for years knows |x|, and compares numbers relative to their size.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @khanacademy/kas@2.2.3 underscore@1.13.7

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const KAS = createRequire(import.meta.url)("@khanacademy/kas");
const { version } = JSON.parse(readFileSync("node_modules/@khanacademy/kas/package.json", "utf8"));
const read = (parse, text) => {
  const { parsed, expr } = parse(text);
  if (!parsed) throw new Error(`not read: ${text}`);
  return expr;
};
const equal = (one, other) => KAS.compare(read(KAS.parse, one), read(KAS.parse, other)).equal;
const sameUnit = (one, other) =>
  KAS.compare(read(KAS.unitParse, one).simplify(), read(KAS.unitParse, other).simplify()).equal;
const cases = [
  // key, answer, compared by, in mathematics and physics, seen
  ["\\sqrt{x^2}", "|x|", equal, true, false],
  ["\\sqrt{x^2}", "x", equal, false, true],
  ["\\sqrt{(x-3)^2}", "x-3", equal, false, true],
  ["\\sqrt{x^4}", "x^2", equal, true, true],
  ["1.6*10^{-19}", "9.1*10^{-31}", equal, false, true],
  ["6.67*10^{-11}", "0", equal, false, true],
  ["6.67*10^{-3}", "6.68*10^{-3}", equal, false, false],
  ["6.67*10^{11}", "6.68*10^{11}", equal, false, false],
  ["1 Pa", "1 N / m^2", sameUnit, true, false],
  ["1 Pa", "1 N / m^3", sameUnit, false, true],
  ["20 °C", "20 K", sameUnit, false, true],
  ["1 J", "1 N m", sameUnit, true, true],
];
console.log(`@khanacademy/kas ${version}`);
const rows = cases.map(([key, answer, by, right]) => ({ key, answer, right, seen: by(key, answer) }));
console.table(rows);
if (rows.some(({ seen }, place) => seen !== cases[place][4])) {
  console.error("changed: expected the last column of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
