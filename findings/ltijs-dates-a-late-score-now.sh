#!/usr/bin/env bash
# Fact: submitScore() of ltijs 5.9.9 replaces the `timestamp` of the score it is given by the present time, in the object of the
#   caller too. LTI's Assignment and Grade Services (2.0) take it for the time at which the score was modified in the tool, and a
#   platform does not let an older score replace a newer one (Moodle answers 409): that is how late messages are sorted out.
# Why it matters: a tool keeps scores in a queue while the LMS is down. Sent again with the time of sending, the first try of a
#   quiz overtakes the second: the platform sees 4 points as newer than 9, the gradebook goes back, and with it whatever the
#   grade had opened. Passing the right timestamp looks as if it helped. Send one learner's scores strictly in order, only the
#   newest of each, or send late ones without this method.
# The guess: a timestamp that is given is sent, as userId and scoreMaximum are; only a missing one is filled in.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent --ignore-scripts ltijs@5.9.9

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
const { Provider } = createRequire(import.meta.url)("ltijs");
const { version } = JSON.parse(readFileSync("node_modules/ltijs/package.json", "utf8"));

const received = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    received.push(JSON.parse(body));
    response.end("{}");
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}`;

// The smallest store that ltijs runs on: one platform, with an access token that is still valid.
const rows = {
  platform: [{ platformUrl: "https://lms.example", clientId: "tool", platformName: "LMS", kid: "key", accesstokenEndpoint: address,
    authEndpoint: address, authConfig: { method: "JWK_SET", key: address } }],
  platformStatus: [{ id: "key", active: true }],
  accesstoken: [{ token: { access_token: "token", token_type: "Bearer", expires_in: 3600 }, createdAt: new Date() }],
};
const plugin = { setup: async () => true, Close: async () => true, Get: async (_key, name) => rows[name] ?? false };
Provider.setup("a-key-for-this-run", { plugin });

const launch = { iss: "https://lms.example", clientId: "tool", user: "learner", platformContext: {} };
const score = (scoreGiven, timestamp) => ({ userId: "learner", scoreGiven, scoreMaximum: 10, activityProgress: "Completed",
  gradingProgress: "FullyGraded", timestamp });
const first = score(4, "2026-11-30T10:00:00.000Z");
const second = score(9, "2026-11-30T10:20:00.000Z");
const item = `${address}/lineitems/1`;
await Provider.Grade.submitScore(launch, item, second); // The first one had to wait in the queue.
await new Promise((resolve) => setTimeout(resolve, 20));
await Provider.Grade.submitScore(launch, item, first);
server.close();

const newest = received.toSorted((one, other) => Date.parse(other.timestamp) - Date.parse(one.timestamp))[0];
const seen = {
  sent: received.map(({ scoreGiven }) => scoreGiven),
  "timestamps kept": received.map(({ timestamp }) => timestamp.startsWith("2026-11-30T10:")),
  "newest for the platform": newest.scoreGiven,
  "newest in truth": 9,
  "caller's object changed": first.timestamp === received[1].timestamp,
};
console.log(`ltijs ${version}`);
for (const [what, result] of Object.entries(seen)) console.log(`${what.padEnd(25)} ${JSON.stringify(result)}`);
if (JSON.stringify(Object.values(seen)) !== JSON.stringify([[9, 4], [false, false], 4, 9, true])) {
  console.error("changed: expected 9 and 4 sent, no timestamp kept, 4 as the newest");
  process.exit(1);
}
console.log("as described");
process.exit(0);
JS
node run.js
