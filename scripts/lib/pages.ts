import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { BuildOptions } from "esbuild";
import { fromRoot } from "./paths.ts";

/** Where the Worker's static assets are; wrangler.toml names the same folder. */
export const PAGES_FOLDER = fromRoot("dist/web");
/** What the last build was made from. It lies beside the folder: everything inside would be served. */
const STAMP = fromRoot("dist/web.sha256");
/** Whatever can change the outcome of a build, from the root of the checkout. */
const INPUT_FOLDERS = ["src/web", "src/client"];
const INPUT_FILES = ["package-lock.json", "scripts/lib/pages.ts"];
/** Browsers of the last two years or so: those that know `oklch`, `:has` and import of modules. */
const TARGET = ["chrome111", "firefox121", "safari16.4"];
const YEAR_S = 31_536_000;

export interface BuildOutcome {
  /** False: the folder already is what these sources make. */
  built: boolean;
  files: number;
  kilobytes: number;
}

/**
 * Bundles the pages. Names carry a hash of what is inside, except for index.html, so everything else may be cached for
 * ever; the headers that say so name each file, because the answer to an unknown address is index.html too.
 * @param options.force builds even when the sources have not changed.
 */
export async function buildPages(options: { force?: boolean } = {}): Promise<BuildOutcome> {
  const digest = digestOfInputs();
  if (options.force !== true && read(STAMP) === digest && read(join(PAGES_FOLDER, "index.html")) !== null) {
    return { built: false, files: 0, kilobytes: 0 };
  }
  const { build } = await import("esbuild");
  const common: BuildOptions & { write: false } = {
    absWorkingDir: fromRoot("."),
    outdir: PAGES_FOLDER,
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    bundle: true,
    jsx: "automatic",
    minify: true,
    target: TARGET,
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "linked",
    write: false,
    logLevel: "warning",
  };
  const results = await Promise.all([
    build({ ...common, entryPoints: { main: "src/web/main.tsx" }, format: "esm", splitting: true }),
    // A module would run after the first paint, and this is there to come before it.
    build({ ...common, entryPoints: { early: "src/web/early.ts" }, format: "iife" }),
  ]);
  const files = new Map<string, Uint8Array>(
    results
      .flatMap(({ outputFiles }) => outputFiles)
      .map((file) => [relative(PAGES_FOLDER, file.path), file.contents] as const),
  );
  const address = (start: string, end: string) => {
    const name = [...files.keys()].find((file) => basename(file).startsWith(start) && file.endsWith(end));
    if (name === undefined) throw new Error(`the build made no ${start}*${end}`);
    return `/${name}`;
  };
  const html = readFileSync(fromRoot("src/web/index.html"), "utf8")
    .replace("%STYLE%", address("main-", ".css"))
    .replace("%EARLY%", address("early-", ".js"))
    .replace("%MAIN%", address("main-", ".js"));
  const hashed = [...files.keys()];
  files.set("index.html", Buffer.from(html));
  files.set("favicon.svg", readFileSync(fromRoot("src/web/favicon.svg")));
  files.set("_headers", Buffer.from(headers(hashed)));
  write(files);
  writeFileSync(STAMP, digest);
  const bytes = [...files.values()].reduce((sum, content) => sum + content.byteLength, 0);
  return { built: true, files: files.size, kilobytes: Math.round(bytes / 1_000) };
}

/** Headers of the static assets, in the platform's own notation. The pages load nothing from anybody else. */
function headers(hashed: readonly string[]): string {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types latchkey",
  ].join("; ");
  const everywhere = [
    `Content-Security-Policy: ${policy}`,
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Strict-Transport-Security: max-age=63072000; includeSubDomains",
    "Cross-Origin-Resource-Policy: same-origin",
    "Cross-Origin-Opener-Policy: same-origin",
    "Permissions-Policy: camera=(), geolocation=(), microphone=()",
  ];
  const rule = (path: string, lines: readonly string[]) => [path, ...lines.map((line) => `  ${line}`)].join("\n");
  const forEver = hashed.map((file) => rule(`/${file}`, [`Cache-Control: public, max-age=${YEAR_S}, immutable`]));
  return `${[rule("/*", everywhere), ...forEver].join("\n\n")}\n`;
}

/** Writes the new files before it removes the old ones, so that a runtime that serves the folder misses none. */
function write(files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(join(PAGES_FOLDER, "assets"), { recursive: true });
  for (const [name, content] of files) writeFileSync(join(PAGES_FOLDER, name), content);
  for (const name of readdirSync(PAGES_FOLDER, { recursive: true, encoding: "utf8" })) {
    if (name !== "assets" && !files.has(name)) rmSync(join(PAGES_FOLDER, name), { recursive: true });
  }
}

function digestOfInputs(): string {
  const hash = createHash("sha256");
  for (const folder of INPUT_FOLDERS) {
    for (const name of list(fromRoot(folder)))
      hash.update(`${folder}/${name}\n`).update(readFileSync(fromRoot(`${folder}/${name}`)));
  }
  for (const file of INPUT_FILES) hash.update(`${file}\n`).update(readFileSync(fromRoot(file)));
  return hash.digest("hex");
}

/** Files below a folder, in a fixed order; none where there is no such folder. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();
  } catch {
    return [];
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
