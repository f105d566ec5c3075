#!/usr/bin/env bash
# Fact: @citolab/qti-components 7.27.4, a player that also marks, does not read the QTI 3 attributes tolerance-mode (of qti-equal)
#   and rounding-mode (of qti-equal-rounded), and says nothing: every qti-equal is exact, every rounding is to significant
#   figures. Its qti-pattern-match looks for the pattern anywhere in the answer; QTI takes its patterns from XML Schema, where a
#   pattern has to fit the whole text.
# Why it matters: with "3.14, give or take 0.01" a learner who types 3.145 gets no point; with two decimal places the wrong 1.72
#   is taken for 1.68, because both are 1.7; "about 12, or 15" passes a question that wants a whole number. Items imported from
#   another platform play without a fault and are marked by other rules, and marks open chapters. Mark such items on the
#   server, or convert them (a range by qti-gte and qti-lte, a pattern with ^(?: and )$) while importing.
# The guess: an operator that plays without an error message has read its attributes.
# Date: 2026-11-30
# Needs: Node 20.19 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent --ignore-scripts @citolab/qti-components@7.27.4 lit@3.3.2 jsdom@29.1.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
const { version } = JSON.parse(readFileSync("node_modules/@citolab/qti-components/package.json", "utf8"));
const { window } = new JSDOM("<!doctype html><body></body>", { url: "https://lms.example/", pretendToBeVisual: true });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
// These exist in Node as well; the elements need those of the page.
for (const name of ["Event", "CustomEvent", "EventTarget"]) globalThis[name] = window[name];
const faults = [];
console.error = (...parts) => faults.push(parts.join(" "));
console.warn = console.error;
const say = console.log;
for (const name of ["log", "info", "debug"]) console[name] = () => {}; // The player tells of every variable that it reads.
await import("@citolab/qti-components");

/** The points that an item gives for an answer, when one point hangs on `condition`. */
const marked = async (type, condition, answer) => {
  document.body.innerHTML = `
    <qti-assessment-item identifier="item" title="Item" adaptive="false" time-dependent="false">
      <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="${type}"></qti-response-declaration>
      <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float">
        <qti-default-value><qti-value>0</qti-value></qti-default-value>
      </qti-outcome-declaration>
      <qti-item-body><p>Question</p></qti-item-body>
      <qti-response-processing><qti-response-condition><qti-response-if>
        ${condition}
        <qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value></qti-set-outcome-value>
      </qti-response-if></qti-response-condition></qti-response-processing>
    </qti-assessment-item>`;
  const item = document.querySelector("qti-assessment-item");
  await item.updateComplete;
  item.updateResponseVariable("RESPONSE", answer);
  item.processResponse();
  return Number(item.variables.find(({ identifier }) => identifier === "SCORE").value);
};
const response = '<qti-variable identifier="RESPONSE"></qti-variable>';
const key = (number) => `<qti-base-value base-type="float">${number}</qti-base-value>`;
const equal = `<qti-equal tolerance-mode="absolute" tolerance="0.01">${response}${key(3.14)}</qti-equal>`;
const rounded = `<qti-equal-rounded rounding-mode="decimalPlaces" figures="2">${response}${key(1.68)}</qti-equal-rounded>`;
const pattern = `<qti-pattern-match pattern="[0-9]+">${response}</qti-pattern-match>`;
const cases = [
  // what, type, condition, answer, points by the standard, points seen
  ["3.14 give or take 0.01", "float", equal, "3.14", 1, 1],
  ["3.14 give or take 0.01", "float", equal, "3.145", 1, 0],
  ["3.14 give or take 0.01", "float", equal, "3.2", 0, 0],
  ["1.68 to 2 decimal places", "float", rounded, "1.681", 1, 1],
  ["1.68 to 2 decimal places", "float", rounded, "1.72", 0, 1],
  ["1.68 to 2 decimal places", "float", rounded, "1.8", 0, 0],
  ["the pattern [0-9]+", "string", pattern, "12", 1, 1],
  ["the pattern [0-9]+", "string", pattern, "about 12, or 15", 0, 1],
  ["the pattern [0-9]+", "string", pattern, "twelve", 0, 0],
];
say(`@citolab/qti-components ${version}`);
let changed = false;
for (const [what, type, condition, answer, standard, expected] of cases) {
  const seen = await marked(type, condition, answer);
  say(`${what.padEnd(25)} ${answer.padEnd(16)} standard ${standard}  seen ${seen}`);
  if (seen !== expected) changed = true;
}
say(`messages about faults: ${faults.length}`);
window.close();
if (changed || faults.length > 0) {
  say(`changed: ${faults.join("; ") || "other points than described"}`);
  process.exit(1);
}
say("as described");
process.exit(0);
JS
node run.js
