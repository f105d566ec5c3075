import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the checkout, with a trailing separator. Scripts work from any current directory. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A path below the root of the checkout. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(path, new URL("../../", import.meta.url)));
}

const INSTALLED_NODE = fromRoot("node_modules/.bin/node");

/**
 * The Node that the tools are run with: the installed one, because wrangler and vitest need a newer Node than many
 * systems have; else the one that runs this script.
 */
export const NODE = existsSync(INSTALLED_NODE) ? INSTALLED_NODE : process.execPath;
export const WRANGLER = fromRoot("node_modules/wrangler/bin/wrangler.js");
export const VITEST = fromRoot("node_modules/vitest/vitest.mjs");
