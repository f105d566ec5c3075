#!/usr/bin/env bash
# Fact: ics 3.12.0 writes a duration of nothing as the bare letters: a reminder at the due time ({ minutes: 0 }) becomes
#   "TRIGGER:PT", a deadline without length "DURATION:PT", and it reports no error. RFC 5545 (3.3.6) wants at least one number
#   ("PT0S"). ical.js 2.2.1, on which Thunderbird rests, takes the file and raises an error at the reminder and at the end of
#   the deadline.
# Why it matters: due dates are instants and "now" is the commonest last reminder. The feed looks right in the calendars that
#   shrug, while in those that hold to the standard the reminder, or the deadline, is missing, and nobody at the school sees
#   why. Leave out the duration of a deadline, and write a reminder at the due time as an absolute instant.
# The guess: a duration of zero minutes is written as a duration that any calendar reads, or refused.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent ics@3.12.0 ical.js@2.2.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import { createEvents } from "ics";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const due = Date.UTC(2026, 11, 1, 22, 59);
const alarm = (trigger) => ({ action: "display", description: "Essay", trigger });
const alarms = [alarm({ hours: 1, before: true }), alarm({ minutes: 0 }), alarm(due)];
const { error, value } = createEvents([
  { uid: "essay@lms.example", title: "Essay", start: due, alarms },
  { uid: "quiz@lms.example", title: "Quiz", start: due, duration: { minutes: 0 } },
]);
const attempt = (read) => {
  try {
    return String(read());
  } catch (fault) {
    return `Error: ${fault.message}`;
  }
};
const [essay, quiz] = new ICAL.Component(ICAL.parse(value)).getAllSubcomponents("vevent");
const seen = {
  error,
  lines: value.match(/^(TRIGGER|DURATION).*$/gm),
  "ical.js, triggers": essay
    .getAllSubcomponents("valarm")
    .map((each) => attempt(() => each.getFirstPropertyValue("trigger"))),
  "ical.js, end": [essay, quiz].map((each) => attempt(() => new ICAL.Event(each).endDate)),
};
console.log(`ics ${version("ics")}, ical.js ${version("ical.js")}`);
console.log(JSON.stringify(seen, undefined, 2));
const refused = 'Error: invalid duration value: Not enough duration components in ""';
const expected = {
  error: null,
  lines: ["TRIGGER:-PT1H", "TRIGGER:PT", "TRIGGER;VALUE=DATE-TIME:20261201T225900Z", "DURATION:PT"],
  "ical.js, triggers": ["-PT1H", refused, "2026-12-01T22:59:00Z"],
  "ical.js, end": ["2026-12-01T22:59:00Z", refused],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
