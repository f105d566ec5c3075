#!/usr/bin/env bash
# Fact: camelCaseObject() of @edx/frontend-platform 8.7.1 renames every key in the tree, and keys of a map are data: usage ids of Open
#   edX lose their signs. Two blocks whose ids differ only in - and _ (both are allowed) become one key, the later one wins.
#   snakeCaseObject() is no way back: x_y_z comes back as x_yz, min_score2 as min_score_2, _id as id.
# Why it matters: the Course Blocks API answers { root, blocks: { "<usage id>": { children: [usage ids] } } }. After the usual call
#   blocks[root] is undefined, and where an author named two units week_1 and week-1 one of them is gone, without an error.
#   Settings sent back under other names are ignored by the server. Convert the values of such a map one by one.
# The guess: a conversion of names touches names, and it and its counterpart undo each other.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent --ignore-scripts --legacy-peer-deps --omit=optional @edx/frontend-platform@8.7.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { camelCaseObject, snakeCaseObject } from "@edx/frontend-platform/utils.js";
const { version } = JSON.parse(readFileSync("node_modules/@edx/frontend-platform/package.json", "utf8"));
const id = (type, block) => `block-v1:Org+Demo+2026+type@${type}+block@${block}`;
const answer = {
  root: id("course", "course"),
  blocks: {
    [id("course", "course")]: { display_name: "Course", children: [id("vertical", "week_1"), id("vertical", "week-1")] },
    [id("vertical", "week_1")]: { display_name: "Lesson" },
    [id("vertical", "week-1")]: { display_name: "Exercises" },
  },
};
const { root, blocks } = camelCaseObject(answer);
const settings = { display_name: "Quiz", x_y_z: 1, min_score2: 2, _id: 3 };
const seen = {
  "blocks in the answer": Object.keys(answer.blocks).length,
  "blocks after": Object.values(blocks).map(({ displayName }) => displayName),
  "root found": blocks[root] !== undefined,
  "children found": answer.blocks[answer.root].children.filter((child) => blocks[child] !== undefined).length,
  "there and back": Object.keys(snakeCaseObject(camelCaseObject(settings))),
};
console.log(`@edx/frontend-platform ${version}`);
for (const [what, result] of Object.entries(seen)) console.log(`${what.padEnd(22)} ${JSON.stringify(result)}`);
const expected = [3, ["Course", "Exercises"], false, 0, ["display_name", "x_yz", "min_score_2", "id"]];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
