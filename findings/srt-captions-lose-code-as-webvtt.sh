#!/usr/bin/env bash
# Fact: subtitle 4.2.2 and srt-to-vtt 1.1.3 turn SubRip captions into WebVTT without touching the text. In WebVTT "<" begins a tag
#   and "&" a character reference; text has to write them as &lt; and &amp; (W3C WebVTT, "WebVTT cue text span"). SubRip has no
#   such rule. A parser of WebVTT (media-captions 1.0.4 here, Chromium alike) drops what looks like a tag, without an error.
# Why it matters: captions of lectures on programming and mathematics are full of "i < n", "a<b" and "vector<int>". The deaf learner,
#   for whom the captions are compulsory, reads "for (let i = 0; i" while the file looks right in an editor, and the
#   entity &lt; in a lecture on HTML is shown as "<". Escape & and < of each cue while converting.
# The guess: a converter between two caption formats shows the same words before and after.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent subtitle@4.2.2 srt-to-vtt@1.1.3 media-captions@1.0.4

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { PassThrough } from "node:stream";
import { parseText, tokenizeVTTCue } from "media-captions";
import toVtt from "srt-to-vtt";
import { parseSync, stringifySync } from "subtitle";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const spoken = ["for (let i = 0; i<n; i++) add(i)", "a vector<int> of ages", "if (a<b && c>d) stop", "write &lt;p&gt; here"];
const srt = spoken
  .map((line, place) => `${place + 1}\n00:00:0${place},000 --> 00:00:0${place + 1},000\n${line}\n`)
  .join("\n");
const convert = toVtt();
convert.end(srt);
const files = {
  subtitle: stringifySync(parseSync(srt), { format: "WebVTT" }),
  "srt-to-vtt": await text(convert.pipe(new PassThrough())),
};
/** The words that a learner sees: the texts of the cue's tree, without its tags. */
const words = (tokens) => tokens.map((token) => (token.type === "text" ? token.data : words(token.children ?? []))).join("");
const shown = (cue) => words(tokenizeVTTCue(cue));
const seen = {};
for (const [name, file] of Object.entries(files)) {
  const { cues, errors } = await parseText(file, { type: "vtt", errors: true, strict: false });
  seen[name] = { words: cues.map(shown), errors: errors.length };
}
const escaped = files.subtitle.replace(/^(?!.*-->).*$/gm, (line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;"));
const { cues } = await parseText(escaped, { type: "vtt" });
seen["subtitle, then escaped"] = { words: cues.map(shown), errors: 0 };
console.log(["subtitle", "srt-to-vtt", "media-captions"].map((name) => `${name} ${version(name)}`).join(", "));
spoken.forEach((line, place) => {
  console.log(line);
  for (const [name, { words }] of Object.entries(seen)) console.log(`  ${name.padEnd(23)} ${words[place]}`);
});
const expected = {
  subtitle: { words: ["for (let i = 0; i", "a vector of ages", "if (ad) stop", "write <p> here"], errors: 0 },
  "srt-to-vtt": { words: ["for (let i = 0; i", "a vector of ages", "if (ad) stop", "write <p> here"], errors: 0 },
  "subtitle, then escaped": { words: spoken, errors: 0 },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
