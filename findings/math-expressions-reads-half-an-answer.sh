#!/usr/bin/env bash
# Fact: math-expressions 1.8.1, made to test whether two expressions are equal, drops what it cannot read from the end of a text, and
#   says nothing: x = 5 is read as x, y = 2x + 1 as y, x_2 as x. A number may have a comma by its grammar, and loses what stands behind
#   it: 1,7 is 1, and 10,000 is 10. equals() calls two numbers the same when they differ by less than about a thousandth, so pi
#   equals 3.14, and 0 is the same as a millionth.
# Why it matters: a learner who answers x = 7 for x = 5 gets the mark; in half of Europe 1,7 is as good as 1,5; the English 10,000
#   is wrong where 10000 is asked for. Nothing shows that the rest of the answer was never read. Accept only text that the
#   parser gives back whole, take equations and commas apart first, and compare exact numbers yourself.
# The guess: a parser raises an error where it cannot read on, and pi is not 3.14 for a test of equality.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
# Its install script makes the parsers again with a program that it does not bring along; the package holds the built file.
npm install --no-audit --no-fund --silent --ignore-scripts math-expressions@1.8.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const loaded = createRequire(import.meta.url)("math-expressions");
const MathExpression = loaded.default ?? loaded;
const { version } = JSON.parse(readFileSync("node_modules/math-expressions/package.json", "utf8"));
const cases = [
  // key, answer, in mathematics, equals(), the answer as it was read
  ["x = 5", "x = 7", false, true, "x"],
  ["y = 2x + 1", "y = 3x", false, true, "y"],
  ["x_1", "x_2", false, true, "x"],
  ["1,5", "1,7", false, true, "1"],
  ["10000", "10,000", true, false, "10"],
  ["pi", "3.14", false, true, "3.14"],
  ["pi", "3.2", false, false, "3.2"],
  ["10^-6", "0", false, true, "0"],
  ["(x - 1)^2", "x^2 - 2x + 1", true, true, "(x^2 - (2 x)) + 1"],
  ["2x + 1", "2x + 2", false, false, "(2 x) + 2"],
];
console.log(`math-expressions ${version}`);
const rows = cases.map(([key, answer, right]) => {
  const read = MathExpression.fromText(answer);
  return { key, answer, right, seen: MathExpression.fromText(key).equals(read), read: String(read) };
});
console.table(rows);
if (rows.some(({ seen, read }, place) => seen !== cases[place][3] || read !== cases[place][4])) {
  console.error("changed: expected the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
