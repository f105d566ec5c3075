#!/usr/bin/env bash
# Fact: scim2-parse-filter 0.2.10 takes a filter in brackets apart: emails[type eq "work" and value ew "@school.example"] is
#   tested as emails.type and emails.value, each against any element. Somebody with a work address elsewhere and a home address
#   at the school is found, although no single address is both (RFC 7644, 3.4.2.2: brackets select within one value). Instants
#   are compared as texts, so `meta.lastModified gt` with an offset other than that of the record misses changes.
# Why it matters: a school's directory asks "is this work address here already?" before it adds a person, and "what changed
#   since?" for its nightly run. With the first a teacher is not added, because a parent is taken for her; with the second the
#   changes of some hours never reach the rosters. Test the elements of a bracket one by one, and compare instants.
# The guess: brackets with "and", the example of the package's own read-me, mean what the RFC says.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent scim2-parse-filter@0.2.10

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { filter, parse } = createRequire(import.meta.url)("scim2-parse-filter");
const { version } = JSON.parse(readFileSync("node_modules/scim2-parse-filter/package.json", "utf8"));
const people = [
  {
    userName: "teacher",
    emails: [{ type: "work", value: "t.one@school.example" }],
    meta: { lastModified: "2026-11-30T03:00:00Z" },
  },
  {
    userName: "parent",
    emails: [{ type: "work", value: "p.two@factory.example" }, { type: "home", value: "p.two@school.example" }],
    meta: { lastModified: "2026-11-30T05:00:00Z" },
  },
];
const cases = [
  ['emails[type eq "work" and value ew "@school.example"]', ["teacher", "parent"]], // one too many
  ['emails[type eq "work" and value eq "p.two@school.example"]', ["parent"]], // one too many
  ['meta.lastModified gt "2026-11-30T04:30:00Z"', ["parent"]],
  ['meta.lastModified gt "2026-11-30T06:30:00+02:00"', []], // the same instant: one too few
];
console.log(`scim2-parse-filter ${version}`);
let changed = false;
for (const [text, expected] of cases) {
  const seen = people.filter(filter(parse(text))).map((each) => each.userName);
  console.log(`${text.padEnd(60)} ${seen.join(", ") || "nobody"}`);
  if (JSON.stringify(seen) !== JSON.stringify(expected)) {
    console.error(`changed: expected ${expected.join(", ") || "nobody"}`);
    changed = true;
  }
}
if (changed) process.exit(1);
console.log("as described");
JS
node run.js
