import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { BuildOptions } from "esbuild";
import { z } from "zod";
import { fromRoot } from "./paths.ts";
import { digestOf } from "./source-digest.ts";

/** Where the Worker's static assets are; wrangler.toml names the same folder. */
const PAGES_FOLDER = fromRoot("dist/web");
/** The Worker asks for it by this name. Two thirds of a bundle with it would be this list, which few requests need. */
const PASSWORD_WORDS = "assets/password-words.json";

/** What is built, each part by itself. */
interface Part {
  /** What its last build was made from, and which files it made. It lies beside the folder: all inside would be served. */
  stamp: string;
  /** Whatever can change its outcome, from the root of the checkout. */
  folders: readonly string[];
  files: readonly string[];
  make: () => Promise<Map<string, Uint8Array>>;
}

const PARTS: readonly Part[] = [
  {
    stamp: fromRoot("dist/web.json"),
    folders: ["src/web", "src/client", "src/unlock", "src/platform", "samples/algorithms"],
    files: ["package-lock.json", "scripts/lib/pages.ts"],
    make: pages,
  },
  {
    stamp: fromRoot("dist/reference.json"),
    folders: ["src", "scripts/lib/reference"],
    files: ["package-lock.json"],
    make: async () => (await import("./reference/assets.ts")).referenceAssets(),
  },
];
const stampSchema = z.object({ digest: z.string(), names: z.array(z.string()) });
/** Browsers of the last two years or so: those that know `oklch`, `:has` and import of modules. */
/** Rules of a `_headers` file that the platform reads; what is beyond them is skipped (Workers static assets, 2026). */
const MAX_RULES = 100;
const TARGET = ["chrome111", "firefox121", "safari16.4"];
const YEAR_S = 31_536_000;

export interface BuildOutcome {
  /** False: the folder already is what these sources make. */
  built: boolean;
  files: number;
  kilobytes: number;
}

/**
 * Makes the static assets: the pages, and the API's description. A part whose sources have not changed stays as it is.
 * @param options.force builds even then.
 */
export async function buildPages(options: { force?: boolean } = {}): Promise<BuildOutcome> {
  const kept: string[] = [];
  const made = new Map<string, Uint8Array>();
  const stamps: [string, string][] = [];
  for (const { stamp, folders, files, make } of PARTS) {
    const digest = digestOf(folders, files);
    const last = stampSchema.safeParse(JSON.parse(read(stamp) ?? "null")).data;
    const isThere = last?.digest === digest && last.names.every((name) => existsSync(join(PAGES_FOLDER, name)));
    if (options.force !== true && isThere) {
      kept.push(...last.names);
      continue;
    }
    const outcome = await make();
    for (const [name, content] of outcome) made.set(name, content);
    stamps.push([stamp, JSON.stringify({ digest, names: [...outcome.keys()] })]);
  }
  if (stamps.length === 0) return { built: false, files: 0, kilobytes: 0 };
  write(made, kept);
  for (const [stamp, text] of stamps) writeFileSync(stamp, text);
  const bytes = [...made.values()].reduce((sum, content) => sum + content.byteLength, 0);
  return { built: true, files: made.size, kilobytes: Math.round(bytes / 1_000) };
}

/**
 * Bundles the pages. Names carry a hash of what is inside, except for index.html, so everything else may be cached for
 * ever; the headers that say so name each file, because the answer to an unknown address is index.html too.
 */
async function pages(): Promise<Map<string, Uint8Array>> {
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
    // Its browser form decodes `&amp;` through innerHTML, which the pages' own policy (trusted types) refuses: a course
    // text with a named character would end in an error. The other form is a table.
    alias: { "decode-named-character-reference": fromRoot("node_modules/decode-named-character-reference/index.js") },
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
  // What every page asks for stands first, then the largest: the platform takes MAX_RULES rules.
  const isFirst = (name: string) => Number(html.includes(`"/${name}"`));
  const hashed = [...files]
    .sort(([a, one], [b, other]) => isFirst(b) - isFirst(a) || other.byteLength - one.byteLength)
    .map(([name]) => name);
  files.set(PASSWORD_WORDS, Buffer.from(await passwordWords()));
  files.set("index.html", Buffer.from(html));
  files.set("favicon.svg", readFileSync(fromRoot("src/web/favicon.svg")));
  files.set("_headers", Buffer.from(headers(hashed)));
  return files;
}

/**
 * Headers of the static assets, in the platform's own notation. The pages load nothing from anybody else.
 *
 * A file beyond the last rule is asked for again with its ETag. One rule for the whole folder would be wrong: an old name
 * answers with the page, which nobody may keep for a year.
 */
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
  const forEver = hashed
    .slice(0, MAX_RULES - 2)
    .map((file) => rule(`/${file}`, [`Cache-Control: public, max-age=${YEAR_S}, immutable`]));
  // Who holds which certificate is for whoever has its address.
  const unlisted = rule("/certificates/*", ["X-Robots-Tag: noindex"]);
  return `${[rule("/*", everywhere), unlisted, ...forEver].join("\n\n")}\n`;
}

/** What zxcvbn knows of common passwords and keyboards, as src/identity/zxcvbn.ts reads it. */
async function passwordWords(): Promise<string> {
  const { adjacencyGraphs, dictionary } = await import("@zxcvbn-ts/language-common");
  return JSON.stringify({ dictionary, graphs: adjacencyGraphs });
}

/** Writes the new files before it removes the old ones, so that a runtime that serves the folder misses none. */
function write(files: ReadonlyMap<string, Uint8Array>, kept: readonly string[]): void {
  mkdirSync(join(PAGES_FOLDER, "assets"), { recursive: true });
  for (const [name, content] of files) writeFileSync(join(PAGES_FOLDER, name), content);
  for (const name of readdirSync(PAGES_FOLDER, { recursive: true, encoding: "utf8" })) {
    if (name !== "assets" && !files.has(name) && !kept.includes(name))
      rmSync(join(PAGES_FOLDER, name), { recursive: true });
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
