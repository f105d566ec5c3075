#!/usr/bin/env bash
# Fact: chess.js 1.4.0 reads an annotated game, keeps the moves that were played and the comments on them, and drops the rest without
#   a word: variations in brackets, whatever is said in them, and the marks for good and bad moves ($6, ?!). loadPgn does not
#   fail, and pgn() writes the game without them. The PGN standard has them as parts of a game's text (8.2.4 numeric annotation
#   glyphs, 8.2.5 recursive annotation variations). @mliebelt/pgn-parser 1.4.19 keeps them all.
# Why it matters: in a chess lesson the variations are the lesson: what to play instead, and why. A course that loads a teacher's study
#   and saves it again with a corrected name has destroyed it, and an exercise built from it knows one answer of several. Keep
#   the text as it came, and use chess.js for the rules of the game only.
# The guess: what a reader of a format cannot keep, it refuses or reports.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent chess.js@1.4.0 @mliebelt/pgn-parser@1.4.19

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { parse } from "@mliebelt/pgn-parser";
import { Chess } from "chess.js";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const lesson = "1. e4 e5 $6 (1... c5 {The Sicilian.} 2. Nf3 d6 (2... e6)) 2. Nf3 {Attacks.} Nc6?! 3. Bb5 $14 *";
const game = new Chess();
game.loadPgn(lesson);
const kept = game.pgn().split("\n").at(-1);
/** What an annotated game has: moves in all lines, comments, and marks. */
const count = (moves) =>
  moves.reduce(
    (sum, { commentAfter, nag, variations }) => {
      const inner = variations.map(count);
      sum.moves += 1;
      sum.comments += commentAfter ? 1 : 0;
      sum.marks += nag?.length ?? 0;
      for (const each of inner) for (const key of Object.keys(sum)) sum[key] += each[key];
      return sum;
    },
    { moves: 0, comments: 0, marks: 0 },
  );
const read = (text) => count(parse(text, { startRule: "game" }).moves);
const seen = { kept, lesson: read(lesson), saved: read(kept) };
console.log(["chess.js", "@mliebelt/pgn-parser"].map((name) => `${name} ${version(name)}`).join(", "));
console.log(`lesson: ${lesson}\nsaved:  ${kept}`);
console.log(`lesson: ${JSON.stringify(seen.lesson)}\nsaved:  ${JSON.stringify(seen.saved)}`);
const expected = {
  kept: "1. e4 e5 2. Nf3 {Attacks.} Nc6 3. Bb5 *",
  lesson: { moves: 9, comments: 2, marks: 3 },
  saved: { moves: 5, comments: 1, marks: 0 },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
