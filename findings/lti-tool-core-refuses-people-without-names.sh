#!/usr/bin/env bash
# Fact: @lti-tool/core 1.0.6 refuses a launch whose token leaves out `name`, `given_name`, `family_name` or `email`. LTI 1.3 says
#   that a platform may leave out each of them; `sub` is what names the person.
# Why it matters: platforms let a school decide for each tool whether names and addresses are sent. Where they are not, every
#   learner's launch ends in an error, and the tool looks broken; where they are, a person with a single name is refused alone.
# The guess: a library for LTI 1.3 takes every launch that the standard allows, and leaves missing names to the tool.
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
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const { version } = JSON.parse(readFileSync("node_modules/@lti-tool/core/package.json", "utf8"));
const ofPlatform = await generateKeyPair("RS256", { extractable: true });
const keys = [{ ...(await exportJWK(ofPlatform.publicKey)), kid: "k", alg: "RS256", use: "sig" }];
const server = createServer((_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ keys }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const iss = "https://lms.example";
const platform = { iss, clientId: "tool", deploymentId: "1", authUrl: `${iss}/auth`, tokenUrl: `${iss}/token`, jwksUrl: `${base}/keys` };
const nonces = new Set();
const tool = new LTITool({
  stateSecret: crypto.getRandomValues(new Uint8Array(32)),
  keyPair: await generateKeyPair("RS256", { extractable: true }),
  storage: {
    getLaunchConfig: async () => platform,
    storeNonce: async (nonce) => void nonces.add(nonce),
    validateNonce: async (nonce) => nonces.delete(nonce),
  },
});
const claim = (name) => `https://purl.imsglobal.org/spec/lti/claim/${name}`;

async function launched(person) {
  const to = "https://tool.example/launch";
  const begun = await tool.handleLogin({
    iss, client_id: "tool", login_hint: "ada", target_link_uri: to, lti_deployment_id: "1", launchUrl: to,
  });
  const parameters = new URL(begun).searchParams;
  const token = await new SignJWT({
    sub: "ada",
    nonce: parameters.get("nonce"),
    ...person,
    [claim("message_type")]: "LtiResourceLinkRequest",
    [claim("version")]: "1.3.0",
    [claim("deployment_id")]: "1",
    [claim("target_link_uri")]: to,
    [claim("resource_link")]: { id: "link", title: "Link" },
    [claim("context")]: { id: "course", label: "C", title: "Course" },
    [claim("roles")]: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
  })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setIssuer(iss)
    .setAudience("tool")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(ofPlatform.privateKey);
  try {
    return (await tool.verifyLaunch(token, parameters.get("state"))).sub;
  } catch (fault) {
    const missing = [...fault.message.matchAll(/"path":\s*\[\s*"([a-z_]+)"\s*\]/g)].map(([, name]) => name);
    return missing.length === 0 ? `refused: ${fault.message}` : `refused for ${missing.join(", ")}`;
  }
}

const whole = { name: "Ada L", given_name: "Ada", family_name: "L", email: "ada@school.example" };
const seen = {
  "all of them": await launched(whole),
  "none of them": await launched({}),
  "a single name": await launched({ name: "Ada", given_name: "Ada", email: whole.email }),
};
server.close();
console.log(`@lti-tool/core ${version}`);
console.log(JSON.stringify(seen, null, 2));
const expected = {
  "all of them": "ada",
  "none of them": "refused for given_name, family_name, name, email",
  "a single name": "refused for family_name",
};
if (JSON.stringify(seen) !== JSON.stringify(expected)) {
  console.error(`changed: expected ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log("as described");
process.exit(0);
JS
# One import of the package lacks its ending, which bundlers find and Node does not.
npx --no-install esbuild run.js --bundle --platform=node --format=esm --log-level=error --outfile=bundle.mjs \
  --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
node bundle.mjs
