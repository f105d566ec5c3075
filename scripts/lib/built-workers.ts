import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { COMMITTED, localConfigFile } from "./config/file.ts";
import { buildPages } from "./pages.ts";
import { fromRoot, ROOT } from "./paths.ts";
import { digestOf } from "./source-digest.ts";
import { runWrangler } from "./wrangler.ts";

const CACHE = fromRoot("node_modules/.cache/latchkey");
/** Whatever can change a bundle. */
const FOLDERS = ["src", "scripts/config"];
const FILES = ["package-lock.json", "wrangler.toml", "tsconfig.json"];
const DAY_MS = 86_400_000;

/** Where both bundles are, from the root of the checkout. */
export interface BuiltWorkers {
  edge: string;
  back: string;
}

/**
 * Both Workers as wrangler bundles them for a deployment, and the pages that they serve. The Worker behind the edge has what
 * it needs on this machine alone (src/local-back.ts). They are built once for the same sources: a runtime that bundles by
 * itself takes half as much CPU again to start, and tests start one about a hundred times.
 * @throws with wrangler's output when a Worker cannot be built.
 */
export async function builtWorkers(): Promise<BuiltWorkers> {
  // wrangler builds the pages only when it bundles.
  await buildPages();
  const folder = join(CACHE, `workers-${digestOf(FOLDERS, FILES).slice(0, 16)}`);
  if (!existsSync(folder)) await build(folder);
  return {
    edge: relative(ROOT, join(folder, "index.js")),
    back: relative(ROOT, join(folder, "local-back.js")),
  };
}

async function build(folder: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  forgetOld();
  const making = mkdtempSync(join(CACHE, "making-"));
  for (const config of [COMMITTED, localConfigFile("back")]) {
    const built = await runWrangler(["deploy", "--dry-run", "--config", config, "--outdir", making]);
    if (built.code === 0) continue;
    rmSync(making, { recursive: true, force: true });
    throw new Error(`the Worker cannot be built:\n${built.output}`);
  }
  try {
    renameSync(making, folder);
  } catch {
    rmSync(making, { recursive: true, force: true }); // another run was faster
  }
}

/** Bundles of sources that nobody has run for a day. */
function forgetOld(): void {
  for (const name of readdirSync(CACHE).filter((name) => name.startsWith("workers-"))) {
    const folder = join(CACHE, name);
    if (Date.now() - statSync(folder).mtimeMs > DAY_MS) rmSync(folder, { recursive: true, force: true });
  }
}
