#!/usr/bin/env bash
# Fact: abcjs 6.7.2, which draws tunes in ABC notation and plays them, prints the order of the parts and "D.C. al fine" above the staff
#   and then plays each bar once from beginning to end; its warnings are empty. In the ABC standard (2.1) P:AABA in the head is
#   the order in which the parts are played (3.1.9). Repeats with bar signs and endings are played. A sharp or flat counts for
#   its own octave until the end of the bar; the standard's default is all octaves (11.3, marked as not settled), and the
#   directive that chooses is answered with the warning "Unknown directive".
# Why it matters: in music lessons the page that shows the tune is also the one that plays it. A folk song of the form AABA is heard
#   as AB, a minuet ends at the wrong bar, and "how many bars did you hear?" has an answer by ear and another one by eye. Write
#   the repeats out, or with bar signs, and write an accidental at each note of a bar that it is meant for.
# The guess: a player of a notation plays what it prints.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent abcjs@6.7.2

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const abcjs = createRequire(import.meta.url)("abcjs");
const { version } = JSON.parse(readFileSync("node_modules/abcjs/package.json", "utf8"));
const names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
/** The notes in the order in which they are played, and the words of the warnings. */
const play = (head, body) => {
  const [tune] = abcjs.parseOnly(`X:1\nT:Tune\n${head}L:1/4\nM:4/4\nK:C\n${body}\n`);
  const notes = tune.setUpAudio({}).tracks.flat().filter(({ cmd }) => cmd === "note");
  return {
    notes: notes.map(({ pitch }) => names[pitch % 12]).join(" "),
    warnings: (tune.warnings ?? []).map((text) => /Unknown [a-z]+/.exec(text)?.[0] ?? text).join(),
  };
};
const cases = [
  // what, head, body, by the standard, seen, warnings
  ["parts AABA", "P:AABA\n", "P:A\nC4|\nP:B\nD4|", "C C D C", "C D", ""],
  ["da capo al fine", "", "C4|!fine!D4|E4!D.C.alfine!|]", "C D E C D", "C D E", ""],
  ["repeat with endings", "", "|:C4|1 D4:|2 E4|]", "C D C E", "C D C E", ""],
  ["sharp, octave higher", "", "^F f F2|F4|", "F# F# F# F", "F# F F# F", ""],
  ["the same, chosen", "%%propagate-accidentals pitch\n", "^F f F2|F4|", "F# F# F# F", "F# F F# F", "Unknown directive"],
];
console.log(`abcjs ${version}`);
let changed = false;
for (const [what, head, body, standard, expected, warning] of cases) {
  const { notes, warnings } = play(head, body);
  console.log(`${what.padEnd(21)} standard ${standard.padEnd(11)} played ${notes.padEnd(10)} warnings: ${warnings || "none"}`);
  if (notes !== expected || warnings !== warning) changed = true;
}
if (changed) {
  console.error("changed: expected the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
