#!/usr/bin/env bash
# Fact: scim-patch 0.8.3 carries out common PATCH requests unlike RFC 7644. A replace of `name` with `familyName` alone keeps the given
#   name when `name` is the path and drops it when the same value comes without a path (3.5.2.3 replaces the sub-attributes that
#   are given, and knows no such difference). A member sent again with a `display` is in the group twice with the same `value`
#   (RFC 7643, 2.4, advises against it). An e-mail address added as primary leaves the former one primary as well (3.5.2: the
#   server "SHALL" set the others to false).
# Why it matters: directories use all these forms. After a marriage a pupil has no given name in the class list; a class whose
#   members are sent again, now with names, lists and counts each pupil twice; with two primary addresses a notice goes to
#   whichever comes first. Merge complex attributes and keep one member a `value`, one primary a list, after the patch.
# The guess: a library "SCIM Patch operation (rfc7644)" leaves nothing of RFC 7644's PATCH to the caller.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent scim-patch@0.8.3

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { scimPatch } from "scim-patch";
const { version } = JSON.parse(readFileSync("node_modules/scim-patch/package.json", "utf8"));
const pupil = () => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  userName: "pupil.one",
  name: { familyName: "Former", givenName: "Given" },
  emails: [{ type: "work", value: "one@school.example", primary: true }],
  meta: { resourceType: "User" },
});
const group = () => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
  displayName: "7b",
  members: [{ value: "1" }, { value: "2" }],
  meta: { resourceType: "Group" },
});
const name = { familyName: "New" };
const home = { type: "home", value: "one@home.example", primary: true };
const { name: withPath } = scimPatch(pupil(), [{ op: "replace", path: "name", value: name }]);
const { name: withoutPath } = scimPatch(pupil(), [{ op: "replace", value: { name } }]);
const { members: same } = scimPatch(group(), [{ op: "add", path: "members", value: [{ value: "2" }] }]);
const { members: named } = scimPatch(group(), [{ op: "add", path: "members", value: [{ value: "2", display: "Two" }] }]);
const { emails } = scimPatch(pupil(), [{ op: "add", path: "emails", value: [home] }]);
const seen = {
  "name replaced, path": withPath,
  "name replaced, no path": withoutPath,
  "member 2 added again": same.map(({ value }) => value),
  "member 2 added again, named": named.map(({ value }) => value),
  "primary addresses": emails.filter(({ primary }) => primary).map(({ value }) => value),
};
console.log(`scim-patch ${version}`);
for (const [what, result] of Object.entries(seen)) console.log(`${what.padEnd(28)} ${JSON.stringify(result)}`);
const expected = {
  "name replaced, path": { familyName: "New", givenName: "Given" },
  "name replaced, no path": { familyName: "New" },
  "member 2 added again": ["1", "2"],
  "member 2 added again, named": ["1", "2", "2"],
  "primary addresses": ["one@school.example", "one@home.example"],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
