#!/usr/bin/env bash
# Fact: of a text attachment that a record store sends along with statements, @xapi/xapi 3.0.3 keeps what stands behind the last line
#   break of the kind that MIME uses (CR LF): an essay of three paragraphs is its last paragraph, without an error. If the store
#   writes its JSON over several such lines, the same reading of the parts ends in a SyntaxError. xAPI (1.0.3, part three, 1.5.2)
#   takes multipart/mixed from RFC 2046, where everything behind the empty line is the body (5.1), line breaks and all.
# Why it matters: essays and logs are attached as text/plain, and Windows writes CR LF. The teacher marks the last paragraph of
#   what the learner handed in; the hash in the statement would show it, but nobody computes it. With line breaks of Unix the
#   same code works, so tests pass. Ask for attachments with a request of your own, and compare `sha2` with what arrived.
# The guess: a client library for a record store hands out an attachment as it was sent in, byte for byte.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm. It listens on an address of this machine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent @xapi/xapi@3.0.3

cat >run.js <<'JS'
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import XAPI from "@xapi/xapi";
const { version } = JSON.parse(readFileSync("node_modules/@xapi/xapi/package.json", "utf8"));
const result = {
  statements: [
    {
      id: "2f1e1f0a-6a0c-4c56-9d3e-0d7c7a6f1b11",
      actor: { account: { homePage: "https://lms.example", name: "learner-1" } },
      verb: { id: "http://adlnet.gov/expapi/verbs/answered" },
      object: { id: "https://lms.example/essays/1" },
      attachments: [
        {
          usageType: "http://id.tincanapi.com/attachment/supporting_media",
          display: { en: "Essay" },
          contentType: "text/plain",
          length: 40,
          sha2: "0".repeat(64),
        },
      ],
    },
  ],
  more: "",
};
let body = "";
const store = createServer((request, response) => {
  response.setHeader("Content-Type", "multipart/mixed; boundary=part");
  response.end(body);
}).listen(0, "127.0.0.1");
await once(store, "listening");
const endpoint = `http://127.0.0.1:${store.address().port}/xapi/`;
const essay = (line) => ["Claim.", "Proof: by example.", "", "Conclusion."].join(line);
const json = (indent, line) => JSON.stringify(result, undefined, indent).replaceAll("\n", line);
const cases = [
  // what, the statements' part, the attachment, what the library hands out
  ["lines end with LF", json(0, ""), essay("\n"), essay("\n")],
  ["lines end with CR LF", json(0, ""), essay("\r\n"), "Conclusion."],
  ["JSON on lines of LF", json(2, "\n"), "one line", "one line"],
  ["JSON on lines of CR LF", json(2, "\r\n"), "one line", "SyntaxError"],
];
console.log(`@xapi/xapi ${version}`);
let changed = false;
for (const adapter of ["axios", "fetch"]) {
  const client = new XAPI({ endpoint, version: "1.0.3", adapter });
  for (const [what, statements, text, expected] of cases) {
    body = [
      ["--part", "Content-Type: application/json", "", statements],
      ["--part", "Content-Type: text/plain", "Content-Transfer-Encoding: binary", `X-Experience-API-Hash: ${"0".repeat(64)}`, "", text],
      ["--part--", ""],
    ]
      .flat()
      .join("\r\n");
    let seen;
    try {
      const { data } = await client.getStatements({ attachments: true });
      seen = data[1];
    } catch (fault) {
      seen = fault.name;
    }
    console.log(`${adapter.padEnd(6)} ${what.padEnd(23)} sent ${JSON.stringify(text).padEnd(56)} got ${JSON.stringify(seen)}`);
    if (seen !== expected) changed = true;
  }
}
store.close();
if (changed) {
  console.error("changed: expected the last column of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
