#!/usr/bin/env bash
# Fact: supermemo 2.0.23 says that it is SuperMemo 2 and links to its description, which says in step 6: after an answer below 3
#   begin again "without changing the E-Factor". The package lowers the factor at every failed answer too, by up to 0.8 of 2.5,
#   and rounds intervals to the nearest day where step 3 rounds up.
# Why it matters: one bad evening (two blackouts) puts a card at the lowest factor, 1.3, and a perfect answer raises it by 0.1 only:
#   after the 5th perfect answer in a row the card is due in 24 days instead of 140. Learners see the same cards again and
#   again, and a gate that counts well known cards stays shut. Keep the old factor yourself where the grade is below 3.
# The guess: the package follows the text that it links to.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent supermemo@2.0.23

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { supermemo } from "supermemo";
const { version } = JSON.parse(readFileSync("node_modules/supermemo/package.json", "utf8"));
/** Steps 2, 3, 5 and 6 of the description: https://super-memory.com/english/ol/sm2.htm */
const described = ({ interval, repetition, efactor }, grade) => {
  if (grade < 3) return { interval: 1, repetition: 0, efactor };
  const next = repetition === 0 ? 1 : repetition === 1 ? 6 : Math.ceil(interval * efactor);
  const factor = efactor + (0.1 - (5 - grade) * (0.08 + (5 - grade) * 0.02));
  return { interval: next, repetition: repetition + 1, efactor: Math.max(1.3, factor) };
};
const after = (step, grades) => {
  const start = { interval: 0, repetition: 0, efactor: 2.5 };
  const { interval, efactor } = grades.reduce(step, start);
  return `factor ${efactor.toFixed(2)}, due in ${interval} days`;
};
const perfect = Array(5).fill(5);
const cases = [["one blackout", [0]], ["two blackouts", [0, 0]], ["two, then 5 perfect", [0, 0, ...perfect]], ["5 perfect", perfect]];
const seen = Object.fromEntries(
  cases.map(([what, grades]) => [what, { package: after(supermemo, grades), description: after(described, grades) }]),
);
console.log(`supermemo ${version}`);
console.table(seen);
const expected = {
  "one blackout": { package: "factor 1.70, due in 1 days", description: "factor 2.50, due in 1 days" },
  "two blackouts": { package: "factor 1.30, due in 1 days", description: "factor 2.50, due in 1 days" },
  "two, then 5 perfect": { package: "factor 1.80, due in 24 days", description: "factor 3.00, due in 140 days" },
  "5 perfect": { package: "factor 3.00, due in 131 days", description: "factor 3.00, due in 140 days" },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
