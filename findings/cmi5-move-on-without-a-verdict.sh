#!/usr/bin/env bash
# Fact: moveOn({ score }) of @xapi/cmi5 1.4.0 tests score and masteryScore for being truthy and looks only at `scaled`. With a
#   mastery score of 0.7 a learner with 0 points gets no "failed" at all, and 9 of 10 points given as raw, min and max are sent
#   as "failed". With a mastery score of 0 nobody is ever "passed". Where the launch data has no mastery score, the score is
#   put on "completed" and "terminated", where cmi5 forbids it (9.5.1 of the specification: passed and failed alone).
# Why it matters: cmi5 opens the next unit by moveOn (Passed, Completed, ...). A unit with moveOn "Passed" and mastery score 0
#   (the specification allows 0 to 1) can never be satisfied; the weakest learner of a class has no result in the gradebook;
#   and an LMS that checks statements refuses or voids "completed" and "terminated", so the unit stays open for good.
# The guess: one call sends the right verdict for every score of type `ResultScore | number`, 0 being a score like any other.
# Date: 2026-11-30
# Needs: Node 20.19 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @xapi/cmi5@1.4.0 jsdom@29.1.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { JSDOM } from "jsdom";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

// The smallest LMS that a unit can be launched from: token, launch data, statements.
let launchData;
let statements;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    const { pathname } = new URL(request.url, "http://lms");
    if (pathname === "/token") return response.end('{"auth-token":"dW5pdDp0b2tlbg=="}');
    if (pathname === "/xapi/activities/state") return response.end(JSON.stringify(launchData));
    if (pathname === "/xapi/statements") {
      const statement = JSON.parse(body);
      statements.push(statement);
      return response.end(JSON.stringify([statement.id]));
    }
    response.statusCode = 404;
    response.end();
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const lms = `http://127.0.0.1:${server.address().port}`;

const { window } = new JSDOM("", { url: `${lms}/unit` });
Object.assign(globalThis, { window, document: window.document, XMLHttpRequest: window.XMLHttpRequest });
globalThis.navigator ??= window.navigator;
const { default: Cmi5 } = await import("./node_modules/@xapi/cmi5/dist/Cmi5.esm.js");

const sentBy = async (masteryScore, score) => {
  statements = [];
  launchData = { contextTemplate: {}, launchMode: "Normal", moveOn: "Passed", masteryScore };
  const unit = new Cmi5({
    endpoint: `${lms}/xapi/`,
    fetch: `${lms}/token`,
    actor: { objectType: "Agent", account: { homePage: "https://lms.example", name: "learner-1" } },
    registration: "0f6a1c9e-5b7d-4f2a-9c3e-7d1b2a4c6e80",
    activityId: "https://lms.example/unit-1",
  });
  await unit.initialize();
  await unit.moveOn({ score });
  return statements
    .slice(1) // "initialized"
    .map(({ verb, result }) => `${verb.id.split("/").at(-1)}${result.score ? "+score" : ""}`)
    .join(" ");
};
const cases = [
  ["mastery 0.7, score 0.8", 0.7, 0.8, "passed+score completed terminated"],
  ["mastery 0.7, score 0.1", 0.7, 0.1, "failed+score completed terminated"],
  ["mastery 0.7, score 0", 0.7, 0, "completed terminated"],
  ["mastery 0.7, 9 of 10 as raw", 0.7, { raw: 9, min: 0, max: 10 }, "failed+score completed terminated"],
  ["mastery 0, score 0.5", 0, 0.5, "completed+score terminated+score"],
  ["no mastery, score 0.5", undefined, 0.5, "completed+score terminated+score"],
];
console.log(`@xapi/cmi5 ${version("@xapi/cmi5")}`);
let changed = false;
for (const [name, mastery, score, expected] of cases) {
  const seen = await sentBy(mastery, score);
  console.log(`${name.padEnd(28)} ${seen}`);
  if (seen !== expected) {
    console.error(`changed: expected ${expected}`);
    changed = true;
  }
}
server.close();
window.close();
if (changed) process.exit(1);
console.log("as described");
JS
node run.js
