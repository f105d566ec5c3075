import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { fromRoot, NODE, ROOT, WRANGLER } from "../../scripts/lib/paths.ts";
import { wranglerEnvironment } from "../../scripts/lib/wrangler.ts";
import { emptyState, freshState } from "../../test/support/node/state.ts";
import { type Bundles, buildBundles } from "./server.ts";

/** Trees of other commits are kept here: each is built once. Not below node_modules, where Node runs no TypeScript. */
const KEPT = fromRoot("dist/against");

const databasesSchema = z.array(z.object({ database_name: z.string() }));

/** One build of the product that can be measured. */
export interface Build {
  /** `this`, or the short name of a commit. */
  name: string;
  bundles: Bundles;
  /** A new state directory with the empty databases of this build. The caller removes it. */
  freshState(): Promise<string>;
}

/** What is in the working tree. */
export async function thisBuild(): Promise<Build> {
  return { name: "this", bundles: await buildBundles(), freshState };
}

/**
 * The build of another commit, to be measured beside this one in the same run: its code, configuration and migrations.
 * @throws when there is no such commit, or when it does not build with the packages that are installed here.
 */
export async function buildOf(commit: string): Promise<Build> {
  const sha = execFileSync("git", ["rev-parse", "--verify", `${commit}^{commit}`], { cwd: ROOT, encoding: "utf8" });
  const tree = join(KEPT, sha.trim());
  if (!existsSync(tree)) makeTree(sha.trim(), tree);
  const config = join(tree, "wrangler.toml");
  const template = join(tree, "state");
  if (!existsSync(template)) {
    const { d1_databases } = unstable_readConfig({ config });
    const making = `${template}-making`;
    for (const { database_name } of databasesSchema.parse(d1_databases)) {
      const to = ["--local", "--persist-to", making, "--config", config];
      wrangler(tree, ["d1", "migrations", "apply", database_name, ...to]);
    }
    renameSync(making, template);
  }
  const { baseline } = await buildBundles();
  return {
    name: sha.slice(0, 7),
    bundles: {
      product: join(tree, "bundle/index.js"),
      back: isSplit(tree) ? join(tree, "bundle/back.js") : null,
      baseline,
      config,
    },
    async freshState() {
      const state = emptyState();
      cpSync(template, state, { recursive: true });
      return state;
    },
  };
}

/** Whether a commit has a Worker behind the edge. */
function isSplit(tree: string): boolean {
  return existsSync(join(tree, "src/back.ts"));
}

/** Whole or not at all: it gets its name when it is built. */
function makeTree(sha: string, tree: string): void {
  mkdirSync(KEPT, { recursive: true });
  const making = mkdtempSync(join(KEPT, "making-"));
  try {
    const archive = execFileSync("git", ["archive", sha], { cwd: ROOT, maxBuffer: 1 << 28 });
    execFileSync("tar", ["-x", "-C", making], { input: archive });
    // Its packages are those that are installed here.
    symlinkSync(fromRoot("node_modules"), join(making, "node_modules"));
    wrangler(making, ["deploy", "--dry-run", "--minify", "--outdir", "bundle"]);
    if (isSplit(making)) wrangler(making, ["deploy", "--dry-run", "--minify", "--outdir", "bundle", "--env", "back"]);
    renameSync(making, tree);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function wrangler(cwd: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(NODE, [WRANGLER, ...args], {
    cwd,
    env: wranglerEnvironment(),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`wrangler ${args.slice(0, 3).join(" ")} of another commit:\n${stdout}${stderr}`);
}
