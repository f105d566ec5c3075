#!/usr/bin/env bash
# Fact: subsrt-ts 2.1.2 converts captions between nine formats, and does not read back what it writes. In MicroDVD (.sub), whose times
#   are frames, it takes milliseconds for seconds: the caption at 1 s stands at frame 25000 of 25 a second. Of its own .ass and .ssa
#   files it drops the first letter of each caption. Lyrics (.lrc) keep the first line of each caption. In .srt and .vtt it
#   takes out everything in braces, although neither format has them. None of this is reported. subsrt 1.1.1, from which it
#   comes, keeps the first letter.
# Why it matters: a lecture's captions pass through such a tool once and are then checked by nobody who can hear. "Print the set
#   {1, 2}" says "Print the set" to the deaf learner; a player with the .sub file shows the first caption after a quarter of an
#   hour. Convert only between SubRip and WebVTT, by times alone, and compare the words before and after.
# The guess: what a converter writes in a format, the same converter reads from it.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent subsrt-ts@2.1.2 subsrt@1.1.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as loaded from "subsrt-ts";
const older = createRequire(import.meta.url)("subsrt");
const newer = loaded.default?.convert ? loaded.default : loaded;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const srt = [
  "1\r\n00:00:01,000 --> 00:00:04,000\r\nPrint the set {1, 2}\r\n",
  "2\r\n00:00:05,000 --> 00:00:07,000\r\nThen add\r\nthe numbers\r\n",
].join("\r\n");
const words = (library, file, format) =>
  library
    .parse(file, { format })
    .filter(({ type }) => type === "caption")
    .map(({ text }) => text.trim().replaceAll("\r\n", " / "));
const roundTrip = (library, format) => words(library, library.convert(srt, { format }), format);
const seen = {
  "MicroDVD, 25 frames a second": newer.convert(srt, { format: "sub", fps: 25 }).match(/^\{\d+\}\{\d+\}/gm),
  srt: roundTrip(newer, "srt"),
  vtt: roundTrip(newer, "vtt"),
  ass: roundTrip(newer, "ass"),
  ssa: roundTrip(newer, "ssa"),
  lrc: roundTrip(newer, "lrc"),
  "ass with subsrt": roundTrip(older, "ass"),
};
console.log(`subsrt-ts ${version("subsrt-ts")}, subsrt ${version("subsrt")}`);
console.log("said: Print the set {1, 2} | Then add / the numbers");
for (const [format, found] of Object.entries(seen)) console.log(`${format.padEnd(29)} ${found.join(" | ")}`);
const expected = {
  "MicroDVD, 25 frames a second": ["{25000}{100000}", "{125000}{175000}"],
  srt: ["Print the set", "Then add / the numbers"],
  vtt: ["Print the set", "Then add / the numbers"],
  ass: ["rint the set", "hen add / the numbers"],
  ssa: ["rint the set", "hen add / the numbers"],
  lrc: ["Print the set", "Then add"],
  "ass with subsrt": ["Print the set", "Then add / the numbers"],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
