import { readFileSync, writeFileSync } from "node:fs";
import { fromRoot } from "./lib/paths.ts";
import { SCALE_PAGES, type ScalePage, withScale } from "./lib/scale.ts";

// npm run docs:scale
// Computes the tables of docs/design/cost.md and scale.md again from the measured figures in scripts/lib/scale.ts.

for (const name of Object.keys(SCALE_PAGES) as ScalePage[]) {
  const page = fromRoot(name);
  writeFileSync(page, withScale(name, readFileSync(page, "utf8")));
  console.log(page);
}
