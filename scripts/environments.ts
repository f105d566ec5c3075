import { readFileSync, writeFileSync } from "node:fs";
import { withEnvironments } from "./lib/environments.ts";
import { fromRoot } from "./lib/paths.ts";

// npm run environments
// Writes the sections of staging and production in wrangler.toml from those above them. A test fails when they differ.

const file = fromRoot("wrangler.toml");
const before = readFileSync(file, "utf8");
const after = withEnvironments(before);
if (after !== before) writeFileSync(file, after);
console.log(after === before ? "wrangler.toml is up to date" : "wrangler.toml: the environments are written anew");
