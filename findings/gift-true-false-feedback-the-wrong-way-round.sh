#!/usr/bin/env bash
# Fact: gift-pegjs 1.0.2 calls the first feedback of a true/false question in GIFT `trueFeedback` and the second
#   `falseFeedback`. In GIFT the order does not go by true and false: the first is for the wrong answer, the second for the
#   right one (Moodle's question/format/gift/format.php gives the first to "false" where the answer is T, and to "true" where
#   it is F). So the names are right for {F#...#...} and the wrong way round for {T#...#...}.
# Why it matters: imported question banks are full of {T#explanation}. Learners who rightly answer "true" are told why they are
#   wrong, those who answer "false" are told nothing or praised; the marks are right, so no test of the marking shows it. An
#   importer must swap the two where `isTrue` holds.
# The guess: trueFeedback is what to say to a learner who chose "true".
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent gift-pegjs@1.0.2

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { parse } = createRequire(import.meta.url)("gift-pegjs");
const { version } = JSON.parse(readFileSync("node_modules/gift-pegjs/package.json", "utf8"));
const questions = [
  "Water boils at a lower temperature on a mountain.{T#for the wrong#for the right}",
  "Glass is a metal.{F#for the wrong#for the right}",
  "Iron rusts.{T#for the wrong}",
];
const seen = questions.map((question) => {
  const [{ isTrue, trueFeedback, falseFeedback }] = parse(`${question}\n`);
  return { isTrue, trueFeedback: trueFeedback?.text ?? null, falseFeedback: falseFeedback?.text ?? null };
});
console.log(`gift-pegjs ${version}`);
seen.forEach((each, at) => console.log(`${questions[at]}\n  ${JSON.stringify(each)}`));
const expected = [
  { isTrue: true, trueFeedback: "for the wrong", falseFeedback: "for the right" },
  { isTrue: false, trueFeedback: "for the wrong", falseFeedback: "for the right" },
  { isTrue: true, trueFeedback: "for the wrong", falseFeedback: null },
];
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
