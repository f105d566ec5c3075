#!/usr/bin/env bash
# Fact: two libraries for SCIM's PATCH do the opposite of each other. A replace of `name` with `familyName` alone drops the given name in
#   scim-patch 0.8.3 where there is no path and in scimmy 1.3.5 where the path is `name`; RFC 7644 (3.5.2.3) replaces the
#   sub-attributes that are given in both. In scim-patch a member sent again with a `display`, in scimmy an e-mail address sent
#   again unchanged, is in the list twice (3.5.2.1: no change). In both an address added as primary leaves the former one
#   primary as well (3.5.2: the server "SHALL" set the others to false).
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
npm install --no-audit --no-fund --silent scim-patch@0.8.3 scimmy@1.3.5

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { scimPatch } from "scim-patch";
import SCIMMY from "scimmy";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
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
const withScimmy = async (operation) => {
  const { userName, name, emails } = pupil();
  const message = { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [operation] };
  const user = new SCIMMY.Schemas.User({ id: "1", userName, name, emails });
  return JSON.parse(JSON.stringify(await new SCIMMY.Messages.PatchOp(message).apply(user, async (changed) => changed)));
};
const addresses = ({ emails }) => emails.map(({ value, primary }) => `${value}${primary ? " (primary)" : ""}`);
const members = (value) => scimPatch(group(), [{ op: "add", path: "members", value: [value] }]).members.map((one) => one.value);
const libraries = { "scim-patch": async (operation) => scimPatch(pupil(), [operation]), scimmy: withScimmy };
const name = { familyName: "New" };
const again = [{ type: "work", value: "one@school.example", primary: true }];
const home = [{ type: "home", value: "one@home.example", primary: true }];
const seen = {};
for (const [library, patched] of Object.entries(libraries)) {
  seen[library] = [
    (await patched({ op: "replace", path: "name", value: name })).name,
    (await patched({ op: "replace", value: { name } })).name,
    addresses(await patched({ op: "add", path: "emails", value: again })),
    addresses(await patched({ op: "add", path: "emails", value: home })),
  ];
}
const rows = ["name replaced, path", "name replaced, no path", "same address again", "another primary address"];
for (const [library, results] of Object.entries(seen)) {
  console.log(`${library} ${version(library)}`);
  results.forEach((result, place) => console.log(`  ${rows[place].padEnd(26)} ${JSON.stringify(result)}`));
}
seen.members = [members({ value: "2" }), members({ value: "2", display: "Two" })];
console.log(`scim-patch, member 2 again, without and with its name: ${JSON.stringify(seen.members)}`);
const [work, other] = ["one@school.example (primary)", "one@home.example (primary)"];
const whole = { familyName: "New", givenName: "Given" };
const expected = {
  "scim-patch": [whole, { familyName: "New" }, [work], [work, other]],
  scimmy: [{ familyName: "New" }, whole, [work, work], [work, other]],
  members: [["1", "2"], ["1", "2", "2"]],
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
