import { readFileSync, writeFileSync } from "node:fs";
import { fromRoot } from "./lib/paths.ts";
import { withScale } from "./lib/scale.ts";

// npm run docs:scale
// Computes the tables of docs/design/scale.md anew from the measured figures in scripts/lib/scale.ts.

const PAGE = fromRoot("docs/design/scale.md");
writeFileSync(PAGE, withScale(readFileSync(PAGE, "utf8")));
console.log(PAGE);
