#!/usr/bin/env bash
# Fact: for json-rules-engine 7.3.1 an empty list of conditions is true, for `any` as for `all`. Its documentation says of `any`
#   that one condition has to be truthy. In json-logic-js 2.0.5 and json-logic-engine 5.0.7 it is the other way round: `some`
#   over nothing is false, and so is `all` over nothing.
# Why it matters: "open when any of these is done" loses its last condition as soon as the item it named is deleted, and the list
#   that an importer could not map is empty from the start. In the one engine such a chapter is open for everybody; in the
#   others "all of these are done" keeps a chapter without prerequisites shut for ever. Nothing is reported in either. Decide
#   what an empty list means before the engine sees it (refuse it, or write true or false in its place).
# The guess: an empty `any` is false and an empty `all` is true, as in logic and in JavaScript's some and every.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent json-rules-engine@7.3.1 json-logic-js@2.0.5 json-logic-engine@5.0.7

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { LogicEngine } from "json-logic-engine";
import jsonLogic from "json-logic-js";
import { Engine } from "json-rules-engine";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

const rules = async (conditions) => {
  const engine = new Engine([{ conditions, event: { type: "open" } }]);
  const { events } = await engine.run({ quiz: "not tried" });
  return events.length === 1;
};
const tried = { fact: "quiz", operator: "equal", value: "tried" };
const passed = { "==": [{ var: "" }, "passed"] };
const logic = (rule, data) => [jsonLogic.apply(rule, data), new LogicEngine().run(rule, data)].join(" ");

const seen = {
  "json-rules-engine, any of one that fails": await rules({ any: [tried] }),
  "json-rules-engine, any of none": await rules({ any: [] }),
  "json-rules-engine, any of none, within all": await rules({ all: [{ any: [] }] }),
  "json-rules-engine, all of none": await rules({ all: [] }),
  "JSON Logic (two libraries), all of one that passed": logic({ all: [{ var: "needed" }, passed] }, { needed: ["passed"] }),
  "JSON Logic (two libraries), all of none": logic({ all: [{ var: "needed" }, passed] }, { needed: [] }),
  "JSON Logic (two libraries), some of none": logic({ some: [{ var: "needed" }, passed] }, { needed: [] }),
};
const names = ["json-rules-engine", "json-logic-js", "json-logic-engine"];
console.log(names.map((name) => `${name} ${version(name)}`).join(", "));
console.table(seen);
const expected = [false, true, true, true, "true true", "false false", "false false"];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
