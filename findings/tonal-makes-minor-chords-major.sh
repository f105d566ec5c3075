#!/usr/bin/env bash
# Fact: Progression.fromRomanNumerals of tonal 6.5.1 takes no notice of small Roman numerals. In harmony they mean minor: in C, ii is D
#   minor and vi A minor; it makes "D" and "A" of them, which are major. Its own RomanNumeral.get does tell the difference (`major`
#   is false). TimeSignature goes by the lower figure alone: 6/4 and 9/4 are "simple", 3/8 is "compound", 6/16 "irregular". In music
#   theory a time signature is compound if the upper figure is 6, 9, 12 and so on, whatever stands below, and 3 is simple.
# Why it matters: "I vi ii V" is how progressions are written in lessons. A page that plays or checks one lets the learner hear four
#   major chords, and marks the right answer "Dm" wrong; there is no error. Every textbook's question "simple or compound?"
#   has 3/8 and 6/4 in it. Ask RomanNumeral.get for `major`, and work out the kind of time from the upper figure.
# The guess: a library for music theory knows what every first course in harmony teaches.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent tonal@6.5.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { Chord, Progression, RomanNumeral, TimeSignature } from "tonal";
const { version } = JSON.parse(readFileSync("node_modules/tonal/package.json", "utf8"));
const chords = [
  // numeral, chord in C, what tonal makes of it
  ["I", "C", "C"],
  ["ii", "Dm", "D"],
  ["vi", "Am", "A"],
  ["V7", "G7", "G7"],
  ["ii7", "Dm7", "D7"],
  ["iim7", "Dm7", "Dm7"],
];
const times = [
  // time signature, kind, what tonal calls it
  ["3/4", "simple", "simple"],
  ["6/8", "compound", "compound"],
  ["3/8", "simple", "compound"],
  ["6/4", "compound", "simple"],
  ["9/4", "compound", "simple"],
  ["12/16", "compound", "irregular"],
];
console.log(`tonal ${version}`);
let changed = false;
for (const [numeral, right, expected] of chords) {
  const [seen] = Progression.fromRomanNumerals("C", [numeral]);
  const { major } = RomanNumeral.get(numeral);
  const notes = Chord.get(seen).notes.join(" ");
  console.log(`${numeral.padEnd(5)} in C is ${right.padEnd(4)} seen ${seen.padEnd(4)} ${notes}  (numeral major: ${major})`);
  if (seen !== expected || major !== (numeral === numeral.toUpperCase())) changed = true;
}
for (const [signature, right, expected] of times) {
  const { type } = TimeSignature.get(signature);
  console.log(`${signature.padEnd(5)} is ${right.padEnd(9)} seen ${type}`);
  if (type !== expected) changed = true;
}
if (changed) {
  console.error("changed: expected the last columns of `chords` and `times`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
