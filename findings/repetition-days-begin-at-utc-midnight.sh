#!/usr/bin/env bash
# Fact: ts-fsrs 5.4.2 counts the days between two reviews by the calendar of UTC, whatever zone the learner lives in; it has
#   no setting for it. In Singapore (UTC+8) a new card answered "good" at 07:50 and again at 08:10 of one morning counts as a day
#   apart and comes back after 7 days; answered at 08:10 and at 07:50 of the next morning, with a night in between, it counts
#   as the same day and comes back after 2.
# Why it matters: FSRS is built on whether a night has passed. For learners in Asia and the Americas the border lies in school
#   or homework hours: two tries within one lesson are taken for a remembered night, and daily practice before school for
#   cramming. Shift each instant by the learner's zone before the call, and the due date back after it.
# The guess: elapsed days are spans of 24 hours, or the learner's own days.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent ts-fsrs@5.4.2

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createEmptyCard, fsrs, Rating } from "ts-fsrs";
const { version } = JSON.parse(readFileSync("node_modules/ts-fsrs/package.json", "utf8"));
const scheduler = fsrs({ enable_fuzz: false });
const singapore = (day, time) => new Date(`2026-11-${day}T${time}:00+08:00`);
/** A new card, answered "good" at both times: what the second answer is taken for. */
const answered = (first, second) => {
  const once = scheduler.next(createEmptyCard(first), first, Rating.Good).card;
  const { card, log } = scheduler.next(once, second, Rating.Good);
  return { minutes: (second - first) / 60_000, "days apart": log.elapsed_days, "back after days": card.scheduled_days };
};
const seen = {
  "one morning, 07:50 and 08:10": answered(singapore(10, "07:50"), singapore(10, "08:10")),
  "one morning, 08:10 and 08:30": answered(singapore(10, "08:10"), singapore(10, "08:30")),
  "two mornings, 08:10 and 07:50": answered(singapore(10, "08:10"), singapore(11, "07:50")),
  "two mornings, 07:50 and 07:50": answered(singapore(10, "07:50"), singapore(11, "07:50")),
};
console.log(`ts-fsrs ${version}`);
console.table(seen);
const outcome = Object.values(seen).map((each) => [each["days apart"], each["back after days"]]);
const expected = [[1, 7], [0, 2], [0, 2], [1, 7]];
if (JSON.stringify(outcome) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
