#!/usr/bin/env bash
# Fact: @openfeature/ofrep-web-provider 0.4.3 (with @openfeature/web-sdk 1.10.0) answers from the former context when the
#   service says 429 or 503 to a change of context: `setContext` resolves, the client's status is READY (not STALE, not ERROR)
#   and the old value keeps its reason TARGETING_MATCH. After a 429 it asks nothing more, whatever the new context, until
#   Retry-After has passed, and still says READY.
# Why it matters: OFREP is how a page asks "what is open for this learner" with standard parts. A learner who is moved to
#   another cohort, or a teacher who previews another group in the middle of a busy lesson, sees the locks of the former one for
#   the whole Retry-After, and neither the page nor its author can tell. PROVIDER_STALE or PROVIDER_ERROR comes for the change
#   that was refused, and nothing for those that follow within Retry-After: remember it until a change is answered, show that
#   the answer is old, and keep Retry-After short.
# The guess: a resolved setContext and READY mean that the answers are those of the context just set.
# Date: 2026-11-30
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @openfeature/ofrep-web-provider@0.4.3 @openfeature/ofrep-core@2.3.0 \
  @openfeature/web-sdk@1.10.0

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

let refusal; // undefined, or the status and headers of the next answers
let asked = 0;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => {
    body += part;
  });
  request.on("end", () => {
    asked += 1;
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { "content-type": "application/json", ...refusal.headers });
      return response.end("{}");
    }
    const { cohort } = JSON.parse(body).context;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ flags: [{ key: "chapter-2", value: cohort === "autumn", reason: "TARGETING_MATCH" }] }));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const baseUrl = `http://127.0.0.1:${server.address().port}`;

const afterMoving = async (name, status, headers) => {
  refusal = undefined;
  await OpenFeature.setProviderAndWait(name, new OFREPWebProvider({ baseUrl, pollInterval: 0, cacheMode: "disabled" }), {
    targetingKey: "learner-1",
    cohort: "autumn",
  });
  const client = OpenFeature.getClient(name);
  const events = [];
  client.addHandler(ProviderEvents.Stale, () => events.push("stale"));
  client.addHandler(ProviderEvents.Error, () => events.push("error"));
  const moved = async (cohort) => {
    asked = 0;
    const outcome = await OpenFeature.setContext(name, { targetingKey: "learner-1", cohort }).then(
      () => "resolved",
      () => "rejected",
    );
    const { value, reason } = client.getBooleanDetails("chapter-2", false);
    return `${outcome}, ${client.providerStatus}, ${value} ${reason}, asked ${asked}`;
  };
  refusal = { status, headers };
  const seen = { refused: await moved("spring") };
  refusal = undefined;
  seen.next = await moved("summer");
  seen.events = events.join();
  return seen;
};
const seen = {
  429: await afterMoving("busy", 429, { "retry-after": "3600" }),
  503: await afterMoving("down", 503, {}),
};
server.close();
server.closeAllConnections();
for (const name of ["@openfeature/ofrep-web-provider", "@openfeature/web-sdk"]) console.log(`${name} ${version(name)}`);
console.log("chapter-2 is true for the cohort autumn alone; moved to spring (refused), then to summer (not refused)");
console.log(JSON.stringify(seen, undefined, 2));
const expected = {
  429: {
    refused: "resolved, READY, true TARGETING_MATCH, asked 1",
    next: "resolved, READY, true TARGETING_MATCH, asked 0",
    events: "stale",
  },
  503: {
    refused: "resolved, READY, true TARGETING_MATCH, asked 1",
    next: "resolved, READY, false TARGETING_MATCH, asked 1",
    events: "error",
  },
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
process.exit(0);
JS
node run.js
