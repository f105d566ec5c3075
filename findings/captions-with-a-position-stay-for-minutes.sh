#!/usr/bin/env bash
# Fact: @plussub/srt-vtt-parser 2.0.5 reads the end of a WebVTT cue wrongly if its times have no hours and a setting stands behind
#   them: 00:04.000 with line:0 is 240 seconds, with position:20% 240.02 seconds, with align:start it is NaN. It reports nothing.
#   With hours, or without a setting, the same cue is read rightly. WebVTT lets the hours be left out and settings follow the
#   times after a space (W3C WebVTT, 4.1: "WebVTT timestamp" and "WebVTT cue block").
# Why it matters: captions are moved to the top of the picture (line:0) when the slide has its text at the bottom. Lectures are
#   shorter than an hour, so their times have no hours. The one caption that was moved then covers the slide for four minutes, or
#   never ends, and a transcript that is searched by time finds the wrong place. Write the hours while storing captions.
# The guess: a parser for WebVTT takes settings off before it reads the times, or refuses the cue.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @plussub/srt-vtt-parser@2.0.5 media-captions@1.0.4

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { parse } from "@plussub/srt-vtt-parser";
import { parseText } from "media-captions";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const cases = [
  // times and settings, end in seconds
  ["00:01.000 --> 00:04.000", 4],
  ["00:01.000 --> 00:04.000 line:0", 240],
  ["00:01.000 --> 00:04.000 position:20%", 240.02],
  ["00:01.000 --> 00:04.000 align:start", Number.NaN],
  ["00:00:01.000 --> 00:00:04.000 line:0", 4],
  ["00:00:01.000 --> 00:00:04.000 align:start", 4],
];
console.log(["@plussub/srt-vtt-parser", "media-captions"].map((name) => `${name} ${version(name)}`).join(", "));
let changed = false;
for (const [times, expected] of cases) {
  const file = `WEBVTT\n\n${times}\nThe derivative is zero here.\n`;
  const [{ to }] = parse(file).entries;
  const { cues, errors } = await parseText(file, { type: "vtt", errors: true });
  console.log(`${times.padEnd(43)} ends at ${to / 1000} s; by media-captions at ${cues[0].endTime} s`);
  if (!Object.is(to / 1000, expected) || cues[0].endTime !== 4 || errors.length > 0) changed = true;
}
if (changed) {
  console.error("changed: expected the ends in `cases`, and 4 s from media-captions");
  process.exit(1);
}
console.log("as described");
JS
node run.js
