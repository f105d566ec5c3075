#!/usr/bin/env bash
# Fact: @lti-tool/core 1.0.6 makes the address of a column's scores by putting /scores behind the whole address of the column,
#   its query included: .../lineitem?type_id=4 becomes .../lineitem?type_id=4/scores, so the request goes to the column itself.
#   The same holds for its results. LTI's Assignment and Grade Services say that the path gets another part, and that a
#   column's address may have a query; Moodle's has one (type_id).
# Why it matters: a tool that was tried with a platform whose columns have no query sends no grade to one whose columns have. The
#   request asks for the column and not for its scores, the gradebook stays empty, and the next item waits for the grade.
# The guess: a library for LTI Advantage sends scores to the column that the platform has named.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @lti-tool/core@1.0.6 jose@6.2.18 esbuild@0.28.2

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { LTITool } from "@lti-tool/core";
import { generateKeyPair } from "jose";

const { version } = JSON.parse(readFileSync("node_modules/@lti-tool/core/package.json", "utf8"));
const received = [];
const server = createServer((request, response) => {
  request.resume();
  const isToken = request.url === "/token";
  if (!isToken) received.push(request.url);
  response.setHeader("content-type", "application/json");
  response.end(isToken ? '{"access_token":"token","token_type":"Bearer","expires_in":3600}' : "{}");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;

const platform = { iss: "https://lms.example", clientId: "tool", deploymentId: "1", tokenUrl: `${base}/token` };
const tool = new LTITool({
  stateSecret: crypto.getRandomValues(new Uint8Array(32)),
  keyPair: await generateKeyPair("RS256", { extractable: true }),
  storage: { getLaunchConfig: async () => platform },
});
const score = { userId: "ada", scoreGiven: 8, scoreMaximum: 10, comment: "", activityProgress: "Completed", gradingProgress: "FullyGraded" };
const columns = ["/columns/1", "/mod/lti/services.php/2/lineitems/9/lineitem?type_id=4"];
for (const column of columns) {
  const session = {
    platform: { issuer: platform.iss, clientId: platform.clientId, deploymentId: "1" },
    services: { ags: { lineitem: `${base}${column}`, scopes: [] } },
  };
  await tool.submitScore(session, score);
}
server.close();

console.log(`@lti-tool/core ${version}`);
columns.forEach((column, index) => console.log(`${column}\n  score sent to ${received[index]}`));
const expected = ["/columns/1/scores", "/mod/lti/services.php/2/lineitems/9/lineitem?type_id=4/scores"];
if (JSON.stringify(received) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described: the second path lacks /scores");
JS
# One import of the package lacks its ending, which bundlers find and Node does not.
npx --no-install esbuild run.js --bundle --platform=node --format=esm --log-level=error --outfile=bundle.mjs \
  --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
node bundle.mjs
