#!/usr/bin/env bash
# Fact: toText() of rrule 2.8.1 leaves out BYMINUTE and BYSETPOS, and isFullyConvertibleToText(), which is there to ask, says true. Every
#   Monday at 9:30 is told as "at 9", the last working day of a month as "every month on weekdays". The dates it works out are
#   right. fromText(), which its README offers for such sentences, makes every working day of the last one, drops the last day of a
#   rule with an end (UNTIL goes to midnight before it) and takes the 100th day of a year for the 100th of a month.
#   RFC 5545 (3.3.10) has these parts among those that choose the instants; none of them is decoration.
# Why it matters: "every week on Monday at 9" is printed above a course's lessons, made by the same package that fills the calendar
#   correctly. Learners come half an hour early, or hand in on every working day what is due on the last. An author who edits the
#   sentence and saves it changes the rule. Write such sentences yourself, for the few rules that the form offers.
# The guess: the sentence says what the rule says, as isFullyConvertibleToText() confirms.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent rrule@2.8.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { RRule } = createRequire(import.meta.url)("rrule");
const { version } = JSON.parse(readFileSync("node_modules/rrule/package.json", "utf8"));
const start = new Date(Date.UTC(2026, 11, 1, 8));
const end = new Date(Date.UTC(2026, 11, 31, 23, 59, 59));
/** How often a rule falls into December 2026, and when first. */
const december = (options) => {
  const found = new RRule({ ...options, dtstart: start }).between(start, end, true);
  return `${found.length} from ${found[0]?.toISOString().slice(5, 16) ?? "never"}`;
};
const cases = [
  // rule, sentence, December by the rule, December by the sentence
  ["FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=30", "every week on Monday at 9", "4 from 12-07T09:30", "4 from 12-07T09:00"],
  ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on weekdays", "1 from 12-31T08:00", "23 from 12-01T08:00"],
  [
    "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261214T235959Z",
    "every week on Monday until December 14, 2026",
    "2 from 12-07T08:00",
    "1 from 12-07T08:00",
  ],
  ["FREQ=MONTHLY;BYDAY=2MO", "every month on the 2nd Monday", "1 from 12-14T08:00", "1 from 12-14T08:00"],
];
console.log(`rrule ${version}`);
let changed = false;
for (const [text, sentence, byRule, bySentence] of cases) {
  const rule = RRule.fromString(text);
  const seen = [rule.toText(), december(RRule.parseString(text)), december(RRule.parseText(rule.toText()))];
  console.log(`${text}\n  said: ${seen[0]} (complete: ${rule.isFullyConvertibleToText()})`);
  console.log(`  December: ${seen[1]}; by the sentence: ${seen[2]}`);
  if (seen.join() !== [sentence, byRule, bySentence].join() || !rule.isFullyConvertibleToText()) changed = true;
}
const hundredth = RRule.parseText(RRule.fromString("FREQ=YEARLY;BYYEARDAY=100").toText());
console.log(`the 100th day of the year, read back: ${JSON.stringify(hundredth)}`);
if (changed || hundredth.byyearday !== undefined || String(hundredth.bymonthday) !== "100") {
  console.error("changed: expected the last columns of `cases`, and bymonthday 100");
  process.exit(1);
}
console.log("as described");
JS
node run.js
