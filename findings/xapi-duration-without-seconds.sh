#!/usr/bin/env bash
# Fact: two client libraries of xAPI disagree on whole minutes and hours. @xapi/xapi 3.0.3 writes 45 minutes as "PT45M" and an
#   hour as "PT1H", as ISO 8601 allows; convertISO8601DurationToMilliseconds of tincanjs 0.50.0 reads "PT45M" and "PT1H30M" as
#   0 and "PT1H" as one hour and one second, without an error. With seconds ("PT45M0S") it reads them rightly. Days it refuses,
#   and @xapi/xapi writes them ("P1DT1H").
# Why it matters: result.duration is how xAPI and cmi5 tell the time spent. Content written with the one and a report or a
#   player written with the other give a learner 0 minutes for exactly the round values that people type and tests use, so a
#   gate "at least 30 minutes" stays shut. Whoever hands durations to others should always write the seconds and no days.
# The guess: both speak ISO 8601, so any duration that one writes the other reads.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @xapi/xapi@3.0.3 tincanjs@0.50.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const XAPI = require("@xapi/xapi").default ?? require("@xapi/xapi");
const TinCan = require("tincanjs");
const read = (duration) => {
  try {
    return TinCan.Utils.convertISO8601DurationToMilliseconds(duration) / 1000;
  } catch {
    return "refused";
  }
};
const start = new Date("2026-11-30T08:00:00Z");
const seen = [30, 90, 2700, 2701, 3600, 5400, 5401, 90000].map((seconds) => {
  const written = XAPI.calculateISO8601Duration(start, new Date(start.getTime() + seconds * 1000));
  return [seconds, written, read(written)];
});
const spelledOut = ["PT45M0S", "PT1H0M0S", "PT1H30M0S"].map((duration) => [duration, read(duration)]);
console.log(`@xapi/xapi ${version("@xapi/xapi")} writes, tincanjs ${version("tincanjs")} reads`);
for (const [seconds, written, back] of seen) console.log(`${String(seconds).padStart(6)} s  ${written.padEnd(10)} ${back}`);
for (const [duration, back] of spelledOut) console.log(`          ${duration.padEnd(10)} ${back}`);
const expected = {
  seen: [
    [30, "PT30S", 30],
    [90, "PT1M30S", 90],
    [2700, "PT45M", 0],
    [2701, "PT45M1S", 2701],
    [3600, "PT1H", 3601],
    [5400, "PT1H30M", 0],
    [5401, "PT1H30M1S", 5401],
    [90000, "P1DT1H", "refused"],
  ],
  spelledOut: [["PT45M0S", 2700], ["PT1H0M0S", 3600], ["PT1H30M0S", 5400]],
};
if (JSON.stringify({ seen, spelledOut }) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
