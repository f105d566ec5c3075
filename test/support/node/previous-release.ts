import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { fromRoot, ROOT } from "../../../scripts/lib/paths.ts";

export interface PreviousRelease {
  /** The commit it was built from. */
  commit: string;
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

/** Builds the Worker of another commit below `folder`, with the packages that are installed here. */
export async function buildRelease(commit: string, folder: string): Promise<PreviousRelease> {
  const tree = mkdtempSync(join(tmpdir(), "latchkey-previous-"));
  try {
    const archive = execFileSync("git", ["archive", commit, "src", "package.json", "tsconfig.json"], {
      cwd: ROOT,
      maxBuffer: 1 << 28,
    });
    execFileSync("tar", ["-x", "-C", tree], { input: archive });
    symlinkSync(fromRoot("node_modules"), join(tree, "node_modules"));
    const bundle = join(folder, `${commit}.js`);
    const { metafile } = await build({
      entryPoints: [join(tree, "src/index.ts")],
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
    return { commit, bundle, classes: exported.filter((name) => name !== "default") };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
