import { buildPages } from "./lib/pages.ts";

// Bundles src/web into dist/web, which the Worker serves as static assets. Does nothing where nothing has changed.
//   node scripts/build-web.ts [--force]

const started = performance.now();
const outcome = await buildPages({ force: process.argv.includes("--force") });
const took = `${Math.round(performance.now() - started)} ms`;
console.log(
  outcome.built ? `pages: ${outcome.files} files, ${outcome.kilobytes} kB, in ${took}` : `pages: up to date, ${took}`,
);
