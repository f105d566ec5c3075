#!/usr/bin/env bash
# Fact: what scorm-again 3.4.3 commits at the end of a session holds the new total_time AND the session_time that went into it.
#   Loaded back with loadFromJSON, as the next launch does, that old session_time stays in force until the content sets one of
#   its own: a visit in which the content reports no time adds the last session once more, in SCORM 1.2 and 2004 alike. The
#   saved "exit" comes back in the next commit in the same way, and "entry" is empty, not "resume", for a suspended attempt.
# Why it matters: content that is opened and closed at once (a second look, a preview of the menu, a reload) sets no time. Seat
#   time, on which compulsory trainings and `minimum time` gates rest, grows by the length of the last real session with every
#   such visit; content that asks for "resume" starts from its first page. Before loading, the server must drop session_time
#   and exit, and set entry itself from the saved exit.
# The guess: the commit and loadFromJSON are each other's inverse, so a store that keeps the one and returns the other is enough.
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
import { Scorm12API } from "scorm-again/scorm12";
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
    arrived(JSON.parse(body));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const settings = {
  lmsCommitUrl: `http://127.0.0.1:${server.address().port}/commit`,
  useAsynchronousCommits: true,
  onLogMessage: () => {},
};
const kinds = {
  "1.2": { API: Scorm12API, part: "cmi.core", time: "00:10:00", of: (cmi) => cmi.core },
  2004: { API: Scorm2004API, part: "cmi", time: "PT10M", of: (cmi) => cmi },
};

/** One launch: load what the last commit held, let the content do its work, end, and return what was committed. */
const launch = async ({ API, part, of }, saved, values) => {
  const api = new API(settings);
  if (saved !== undefined) api.loadFromJSON(saved.cmi, "cmi");
  if (api.lmsInitialize("") !== "true") throw new Error("the session did not start");
  const entry = api.lmsGetValue(`${part}.entry`);
  for (const [name, value] of values) {
    if (api.lmsSetValue(`${part}.${name}`, value) !== "true") throw new Error(`${name} was refused`);
  }
  const commit = await new Promise((resolve) => {
    arrived = resolve;
    api.lmsFinish("");
  });
  return { commit, entry, total: of(commit.cmi).total_time, exit: of(commit.cmi).exit };
};
const seen = {};
for (const [name, kind] of Object.entries(kinds)) {
  const studied = await launch(kind, undefined, [["session_time", kind.time], ["exit", "suspend"]]);
  const looked = await launch(kind, studied.commit, []);
  const again = await launch(kind, looked.commit, []);
  seen[name] = {
    "after 10 minutes": studied.total,
    "after a visit without time": looked.total,
    "after another": again.total,
    "entry of that visit": looked.entry,
    "exit of that visit": looked.exit,
  };
}
server.close();
console.log(`scorm-again ${version}`);
console.table(seen);
const expected = {
  2004: {
    "after 10 minutes": "PT10M",
    "after a visit without time": "PT20M",
    "after another": "PT30M",
    "entry of that visit": "",
    "exit of that visit": "suspend",
  },
  "1.2": {
    "after 10 minutes": "00:10:00",
    "after a visit without time": "00:20:00",
    "after another": "00:30:00",
    "entry of that visit": "",
    "exit of that visit": "suspend",
  },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
JS
node run.js
