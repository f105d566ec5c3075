#!/usr/bin/env bash
# Fact: in configure() of @gamestdio/scorm 0.1.3 every switch works backwards. What is named, even with `false`, is switched on;
#   what is left out is switched off. Without any call of configure() all three (handleExitMode, handleCompletionStatus, debug)
#   are on. So configure({ version: "1.2" }) silently takes away the "incomplete" at the start and the "suspend" at the end.
# Why it matters: SCORM content that only names its version ends an unfinished visit without "suspend", so an LMS begins the next
#   one from the first page; the attempt stays "not attempted", and a gate that waits for a beginning stays shut. Content that
#   sets the status itself and passes `false` has it overwritten. Never call configure(); set the fields scorm.version,
#   scorm.handleExitMode and scorm.handleCompletionStatus instead.
# The guess: `false` switches off, and naming the version changes nothing but the version.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @gamestdio/scorm@0.1.3

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { version } = JSON.parse(readFileSync("node_modules/@gamestdio/scorm/package.json", "utf8"));

// The LMS of SCORM 1.2 as content finds it: an object named API on its window.
let values = {};
let messages = 0;
const API = {
  LMSInitialize: () => "true",
  LMSFinish: () => "true",
  LMSCommit: () => "true",
  LMSGetValue: (name) => values[name] ?? "",
  LMSSetValue: (name, value) => {
    values[name] = value;
    return "true";
  },
  LMSGetLastError: () => "0",
  LMSGetErrorString: () => "",
  LMSGetDiagnostic: () => "",
};
globalThis.window = { API, console: { log: () => messages++ } };
window.parent = window;

const require = createRequire(import.meta.url);
/** A visit that the learner leaves before the end: what the LMS has afterwards. */
const visit = (configuration) => {
  const path = require.resolve("@gamestdio/scorm");
  delete require.cache[path]; // Each launch loads the content, and with it the library, anew.
  const { scorm } = require(path);
  values = { "cmi.core.lesson_status": "not attempted" };
  messages = 0;
  if (configuration) scorm.configure(configuration);
  if (!scorm.initialize() || !scorm.terminate()) throw new Error("the LMS was not found");
  const { "cmi.core.lesson_status": status, "cmi.core.exit": exit } = values;
  return `${status}, exit ${exit ?? "not set"}, messages ${messages > 0 ? "yes" : "no"}`;
};
const all = (on) => ({ version: "1.2", handleExitMode: on, handleCompletionStatus: on, debug: on });
const seen = {
  "no configure()": visit(),
  "only the version": visit({ version: "1.2" }),
  "all true": visit(all(true)),
  "all false": visit(all(false)),
};
console.log(`@gamestdio/scorm ${version}`);
console.table(seen);
const on = "incomplete, exit suspend, messages yes";
const off = "not attempted, exit not set, messages no";
if (JSON.stringify(Object.values(seen)) !== JSON.stringify([on, off, on, on])) {
  console.error(`changed: expected ${JSON.stringify([on, off, on, on])}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
