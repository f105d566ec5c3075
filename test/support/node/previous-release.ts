import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { fromRoot, ROOT } from "../../../scripts/lib/paths.ts";

export interface BuiltRelease {
  bundle: string;
  /** Object classes it exports. */
  classes: string[];
}

function git(...args: string[]): string | null {
  try {
    return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null; // no such commit, or no history at all
  }
}

/** The last commit that was released (tag `release-…`), else the one before this. Null where there is no history. */
export function previousCommit(): string | null {
  const tagged = git("describe", "--tags", "--abbrev=0", "--match", "release-*", "HEAD^");
  return git("rev-parse", tagged === null || tagged === "" ? "HEAD^" : `${tagged}^{commit}`);
}

/** The sources of another commit in a new folder, with the packages that are installed here. The caller removes it. */
export function treeOf(commit: string): string {
  const tree = mkdtempSync(join(tmpdir(), "latchkey-previous-"));
  const archive = execFileSync("git", ["archive", commit, "src", "package.json", "tsconfig.json"], {
    cwd: ROOT,
    maxBuffer: 1 << 28,
  });
  execFileSync("tar", ["-x", "-C", tree], { input: archive });
  symlinkSync(fromRoot("node_modules"), join(tree, "node_modules"));
  return tree;
}

/** Builds the sources of a release as one Worker, also where they are two. */
export async function buildRelease(tree: string, bundle: string): Promise<BuiltRelease> {
  const isSplit = existsSync(join(tree, "src/back.ts"));
  const { metafile } = await build({
    stdin: {
      contents: `export * from "./src/index.ts"; export { default } from "./src/${isSplit ? "back" : "index"}.ts";`,
      resolveDir: tree,
    },
    outfile: bundle,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
    metafile: true,
  });
  const exported = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
  return { bundle, classes: exported.filter((name) => name !== "default") };
}
