#!/usr/bin/env bash
# Fact: when a stream of change notices ends for good (its address answers 401, as the address of a token that is over does),
#   @openfeature/ofrep-web-provider 0.4.3 asks for the flags again. While they are unchanged the answer is 304, which names no
#   address, so the provider opens the old one again. Its wait is meant to double up to a minute, but each such try starts it
#   anew: it asks once a second, for the flags and for the stream, as long as the page is open.
# Why it matters: OFREP lets the address hold a token, and tokens for streams are short-lived in most designs. A class of 30
#   with the map open after the tokens are over asks 60 times a second, and gets no notice when a chapter opens. A server has to
#   make the address last at least as long as the validator of the flags, and to change the validator before the address ends.
# The guess: the next answer brings a new address, or the tries become rarer as the comment in the provider says.
# Date: 2026-12-01
# Needs: Node 22 or newer, npm. About 10 seconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @openfeature/ofrep-web-provider@0.4.3 @openfeature/web-sdk@1.10.0 eventsource@5.1.5

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { EventSource } from "eventsource";

const WATCHED_MS = 7_000;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
globalThis.EventSource = EventSource;

const answers = [];
const streams = [];
let tokens = 0;
const server = createServer((request, response) => {
  if (request.url.startsWith("/stream")) {
    // The token has run out when the page comes back from sleep.
    streams.push(request.url);
    response.writeHead(401).end();
    return;
  }
  const isKnown = request.headers["if-none-match"] === '"1"';
  answers.push(isKnown ? 304 : 200);
  if (isKnown) return response.writeHead(304, { etag: '"1"' }).end();
  tokens += 1;
  const flags = [{ key: "chapter", value: true, reason: "TARGETING_MATCH", variant: "open" }];
  const eventStreams = [{ type: "sse", url: `${base}/stream?token=${tokens}` }];
  response.writeHead(200, { "content-type": "application/json", etag: '"1"' });
  response.end(JSON.stringify({ flags, eventStreams }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const provider = new OFREPWebProvider({ baseUrl: base, cacheMode: "disabled" });
await provider.initialize({ targetingKey: "ada" });
await wait(WATCHED_MS);
await provider.onClose();
server.closeAllConnections();
server.close();

const seen = {
  flags: answers[0],
  "answers after it": [...new Set(answers.slice(1))],
  "addresses of streams": [...new Set(streams)],
  // Doubled waits of 1, 2 and 4 seconds would be three tries.
  "more than four tries in seven seconds": answers.length - 1 > 4,
};
console.log(`@openfeature/ofrep-web-provider ${version("@openfeature/ofrep-web-provider")}, eventsource ${version("eventsource")}`);
console.log(`${answers.length} requests for flags, ${streams.length} for the stream, in ${WATCHED_MS / 1_000} s`);
console.log(JSON.stringify(seen, null, 2));
const expected = {
  flags: 200,
  "answers after it": [304],
  "addresses of streams": ["/stream?token=1"],
  "more than four tries in seven seconds": true,
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
process.exit(0);
JS
node run.js
