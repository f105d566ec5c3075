#!/usr/bin/env bash
# Fact: scorm-again 3.4.3 works out completion (progress_measure against completion_threshold) and success (score.scaled
#   against scaled_passing_score) each time SCORM 2004 content reads them, but writes them down only at Terminate. A Commit
#   sends the raw fields: content reads "completed" and "passed" while the server is told "unknown", "unknown". The other way
#   round too: with a threshold and no progress_measure content reads "unknown" after setting "completed" (the package cites
#   SCORM 2004 RTE, table 4.2.4.1a, for it), and Commit and Terminate both send "completed".
# Why it matters: the committed fields are what opens the next chapter. A learner who passes and then closes the laptop, or
#   whose last message is lost, stays locked although the lesson said "passed" and was committed; a lesson that never reports
#   its progress opens the gate that its author had put behind a threshold. The server must apply the two thresholds itself.
# The guess: a commit carries the status that GetValue has just returned.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent scorm-again@3.4.3

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Scorm2004API } from "scorm-again/scorm2004";
const { version } = JSON.parse(readFileSync("node_modules/scorm-again/package.json", "utf8"));
console.warn = () => {}; // The runtime warns that commits are asynchronous; no browser is here to make them otherwise.

let arrived = () => {};
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    response.end('{"result":"true","errorCode":0}');
    const { cmi } = JSON.parse(body);
    arrived(`${cmi.completion_status}, ${cmi.success_status}`);
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const lesson = async (values) => {
  const api = new Scorm2004API({
    lmsCommitUrl: `http://127.0.0.1:${server.address().port}/commit`,
    useAsynchronousCommits: true,
    onLogMessage: () => {},
  });
  api.loadFromJSON({ completion_threshold: "0.8", scaled_passing_score: "0.7" }, "cmi");
  const sentBy = (call) =>
    new Promise((resolve, reject) => {
      arrived = resolve;
      if (call() !== "true") reject(new Error("the call was refused"));
    });
  if (api.Initialize("") !== "true") throw new Error("Initialize was refused");
  for (const [name, value] of values) {
    if (api.SetValue(name, value) !== "true") throw new Error(`${name} was refused`);
  }
  const read = `${api.GetValue("cmi.completion_status")}, ${api.GetValue("cmi.success_status")}`;
  const commit = await sentBy(() => api.Commit(""));
  const terminate = await sentBy(() => api.Terminate(""));
  return { read, commit, terminate };
};
const seen = {
  reached: await lesson([["cmi.progress_measure", "1"], ["cmi.score.scaled", "0.9"]]),
  missed: await lesson([["cmi.progress_measure", "0.5"], ["cmi.score.scaled", "0.5"]]),
  unmeasured: await lesson([["cmi.completion_status", "completed"]]),
};
server.close();
console.log(`scorm-again ${version}; completion_threshold 0.8, scaled_passing_score 0.7 (completion, success)`);
console.table(seen);
const expected = {
  reached: { read: "completed, passed", commit: "unknown, unknown", terminate: "completed, passed" },
  missed: { read: "incomplete, failed", commit: "unknown, unknown", terminate: "incomplete, failed" },
  unmeasured: { read: "unknown, unknown", commit: "completed, unknown", terminate: "completed, unknown" },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
