#!/usr/bin/env bash
# Fact: a lesson with listed dates (RDATE) and no rule loses its first date in ical.js 2.2.1: the dates are those of the list alone. RFC
#   5545 counts DTSTART as the first of the set (3.8.5.2, and 3.8.5.3 for rules); with a rule beside the list ical.js does so.
#   ical-expander 3.2.0, which answers "what is on between two days", misses a lesson that was moved to an earlier week (RECURRENCE-ID,
#   3.8.4.4): it stops at the first lesson of the rule behind the range. One that was moved to a later week it finds.
# Why it matters: timetables of schools come as calendars. A block seminar on three listed Saturdays has two, so the first is missed by
#   everybody; the exam that was brought forward is shown neither in its new week, nor in its old one. The same file is right in
#   desktop calendars, so nobody finds the cause. Add DTSTART yourself, and ask for a range that ends with the term.
# The guess: a library that expands recurring events finds every date that the file names.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent ical.js@2.2.1 ical-expander@3.2.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import IcalExpander from "ical-expander";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const event = (...lines) => ["BEGIN:VEVENT", "UID:seminar@lms.example", "DTSTAMP:20261001T080000Z", ...lines, "END:VEVENT"];
const calendar = (...events) =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lms.example//finding//EN", ...events.flat(), "END:VCALENDAR", ""].join("\r\n");
const dates = (...lines) => {
  const file = new ICAL.Component(ICAL.parse(calendar(event("SUMMARY:Seminar", ...lines))));
  const iterator = new ICAL.Event(file.getFirstSubcomponent("vevent")).iterator();
  const found = [];
  for (let next = iterator.next(); next !== undefined && next !== null; next = iterator.next()) found.push(String(next).slice(0, 10));
  return found;
};
const weekly = event("SUMMARY:Lesson", "DTSTART:20261102T090000Z", "DTEND:20261102T100000Z", "RRULE:FREQ=WEEKLY;COUNT=6");
const moved = (from, to) =>
  event("SUMMARY:Exam", `RECURRENCE-ID:${from}T090000Z`, `DTSTART:${to}T090000Z`, `DTEND:${to}T100000Z`);
const week = (exam, from, to) => {
  const expander = new IcalExpander({ ics: calendar(weekly, exam), maxIterations: 100 });
  const { events, occurrences } = expander.between(new Date(from), new Date(to));
  return [...events, ...occurrences.map(({ item }) => item)].map(({ summary }) => summary);
};
const earlier = moved("20261207", "20261104");
const later = moved("20261109", "20261218");
const seen = {
  "listed dates": dates("DTSTART:20261107T090000Z", "RDATE:20261114T090000Z,20261121T090000Z"),
  "listed dates and a rule": dates("DTSTART:20261107T090000Z", "RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20261121T090000Z"),
  "brought forward, its new week": week(earlier, "2026-11-03T00:00Z", "2026-11-08T00:00Z"),
  "brought forward, its old week": week(earlier, "2026-12-07T00:00Z", "2026-12-12T00:00Z"),
  "brought forward, the whole term": week(earlier, "2026-11-01T00:00Z", "2027-01-01T00:00Z").filter((name) => name === "Exam"),
  "put off, its new week": week(later, "2026-12-15T00:00Z", "2026-12-20T00:00Z"),
};
console.log(["ical.js", "ical-expander"].map((name) => `${name} ${version(name)}`).join(", "));
for (const [what, found] of Object.entries(seen)) console.log(`${what.padEnd(32)} ${found.join(", ") || "nothing"}`);
const expected = {
  "listed dates": ["2026-11-14", "2026-11-21"],
  "listed dates and a rule": ["2026-11-07", "2026-11-14", "2026-11-21"],
  "brought forward, its new week": [],
  "brought forward, its old week": [],
  "brought forward, the whole term": ["Exam"],
  "put off, its new week": ["Exam"],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
