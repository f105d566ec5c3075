#!/usr/bin/env bash
# Fact: cel-js 0.8.2, an evaluator of the Common Expression Language, evaluates both sides of || even where the left one is true,
#   and raises the error of the right one; && does stop. It divides whole numbers to fractions (5 / 2 is 2.5). The language
#   (google/cel-spec, langdef, "Logical Operators") says that an error is ignored where the other operand decides, on either
#   side, and that int division truncates. @marcbachmann/cel-js 8.0.0 does as the language says in the rules below.
# Why it matters: unlock rules are guarded just so: "no score yet, or at least 60", "not tried, or points per try at least 5".
#   Every such rule ends in an error for the learners whom the guard is for, the new ones, and in the course author's preview,
#   which has data, it works. "Half of five" is another number than in the engine that the rule came from. Write the guard
#   as a condition (a ? true : b), which both evaluate as meant, and avoid division (2 * done >= total).
# The guess: a || b with a true is true, as in the language's specification and in every language that borrows the sign.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent cel-js@0.8.2 @marcbachmann/cel-js@8.0.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { evaluate as other } from "@marcbachmann/cel-js";
import { evaluate } from "cel-js";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const answer = (engine, rule, facts) => {
  try {
    return String(engine(rule, facts));
  } catch {
    return "error";
  }
};
// Whole numbers are handed over as BigInt, which is what the other library takes for the type int.
const newcomer = { quiz: {}, tries: 0n, points: 0n };
const cases = [
  // rule, facts for cel-js, facts for the other, by the specification, cel-js seen
  ["!has(quiz.score) || quiz.score >= 60", { quiz: {} }, newcomer, "true", "error"],
  ["has(quiz.score) && quiz.score >= 60", { quiz: {} }, newcomer, "false", "false"],
  ["!has(quiz.score) ? true : quiz.score >= 60", { quiz: {} }, newcomer, "true", "true"],
  ["tries == 0 || points / tries >= 5", { tries: 0, points: 0 }, newcomer, "true", "error"],
  ["tries == 0 ? true : points / tries >= 5", { tries: 0, points: 0 }, newcomer, "true", "true"],
  ["5 / 2 == 2", {}, {}, "true", "false"],
];
console.log(`cel-js ${version("cel-js")}, @marcbachmann/cel-js ${version("@marcbachmann/cel-js")}; a learner who has not tried yet`);
const seen = cases.map(([rule, facts, same, standard]) => ({
  rule,
  standard,
  "cel-js": answer(evaluate, rule, facts),
  other: answer(other, rule, same),
}));
console.table(seen);
if (seen.some((row, place) => row["cel-js"] !== cases[place][4] || row.other !== row.standard)) {
  console.error("changed: expected the answers in the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
