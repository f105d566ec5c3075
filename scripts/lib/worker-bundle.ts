import { readFile } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { decode } from "@jridgewell/sourcemap-codec";
import { build } from "esbuild";
import { z } from "zod";
import { SETTINGS } from "../config/settings.ts";
import type { Part } from "./environments.ts";
import { fromRoot, ROOT } from "./paths.ts";

/** The Worker's code in one file, as wrangler makes it. */
export interface WorkerBundle {
  code: string;
  /** The code in order, each piece with the file it comes from; null: esbuild's own. */
  pieces: readonly { file: string | null; text: string }[];
  /** Each file with those that are evaluated before it: what it imports statically. */
  imports: ReadonlyMap<string, readonly string[]>;
  /** What the bundler finds doubtful, e.g. the import of a name that is not exported. */
  warnings: readonly string[];
}

/** A part of the bundle: a package, or a room of src/. */
export interface BundleShare {
  name: string;
  bytes: number;
  /** By how much the gzip of the whole shrinks without it. What parts repeat of each other counts for none of them. */
  gzip: number;
}

const mapSchema = z.object({ sources: z.array(z.string()), mappings: z.string() });

/** Bundles one of the two Workers with the options that wrangler bundles it with. */
export async function bundleWorker(part: Part = "edge"): Promise<WorkerBundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints: [SETTINGS.main[part]],
    outfile: fromRoot("dist/worker/index.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    define: { "process.env.NODE_ENV": '"production"', "navigator.userAgent": '"Cloudflare-Workers"' },
    minify: true,
    sourcemap: "external",
    write: false,
    metafile: true,
    logLevel: "silent",
    plugins: [
      {
        // As wrangler does it: esbuild's own option takes names of packages only.
        name: "alias",
        setup(on) {
          on.onResolve({ filter: /./ }, ({ path }) => {
            const instead = SETTINGS.alias.value[path];
            return instead === undefined ? null : { path: fromRoot(instead) };
          });
        },
      },
      {
        // A package's own source map would name files that are not here: what counts is the file that was read.
        name: "no-maps-of-packages",
        setup(on) {
          on.onLoad({ filter: /node_modules.*\.(js|mjs|cjs)$/ }, async ({ path }) => {
            return { contents: (await readFile(path, "utf8")).replace(/\/\/# sourceMappingURL=.*/g, "") };
          });
        },
      },
    ],
  });
  const code = outputFiles.find(({ path }) => path.endsWith(".js"))?.text ?? "";
  const map = mapSchema.parse(JSON.parse(outputFiles.find(({ path }) => path.endsWith(".map"))?.text ?? "null"));
  const files = map.sources.map((source) => {
    const path = fromRoot(`dist/worker/${source}`);
    return isAbsolute(path) ? relative(ROOT, path) : path;
  });
  const imports = new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.flatMap(({ path, kind }) => (kind === "import-statement" ? [path] : [])),
    ]),
  );
  return { code, pieces: piecesOf(code, map.mappings, files), imports, warnings: warnings.map(({ text }) => text) };
}

/** Every file and module of the platform that is evaluated before a file of the bundle is, itself included. */
export function evaluatedWith({ imports }: Pick<WorkerBundle, "imports">, file: string): Set<string> {
  const found = new Set([file]);
  for (const one of found) for (const target of imports.get(one) ?? []) found.add(target);
  return found;
}

function piecesOf(code: string, mappings: string, files: readonly string[]): WorkerBundle["pieces"] {
  const pieces: { file: string | null; text: string }[] = [];
  const segments = decode(mappings);
  code.split(/(?<=\n)/).forEach((line, number) => {
    let file: string | null = null;
    let start = 0;
    for (const [column, source] of segments[number] ?? []) {
      const next: string | null = source === undefined ? file : (files[source] ?? null);
      if (next === file) continue;
      if (column > start) pieces.push({ file, text: line.slice(start, column) });
      start = column;
      file = next;
    }
    pieces.push({ file, text: line.slice(start) });
  });
  return pieces;
}

/** The package or the room a file belongs to. */
export function partOf(file: string | null): string {
  if (file === null) return "(bundler)";
  const [, packagePath] = file.match(/.*node_modules\/(.+)/) ?? [];
  if (packagePath !== undefined) {
    const [first = "", second = ""] = packagePath.split("/");
    return first.startsWith("@") ? `${first}/${second}` : first;
  }
  const [top = "", room = ""] = file.split("/");
  return `${top}/${room}`;
}

/** The parts of a bundle, the one whose absence would save most first. */
export function sharesOf(
  { code, pieces }: WorkerBundle,
  nameOf: (file: string | null) => string = partOf,
): BundleShare[] {
  const whole = gzipBytes(code);
  const named = pieces.map(({ file, text }) => ({ name: nameOf(file), text }));
  return [...new Set(named.map(({ name }) => name))]
    .map((name) => {
      const own = named.filter((piece) => piece.name === name);
      const rest = named.filter((piece) => piece.name !== name);
      return {
        name,
        bytes: own.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
        gzip: whole - gzipBytes(rest.map(({ text }) => text).join("")),
      };
    })
    .toSorted((a, b) => b.gzip - a.gzip);
}

/** Bytes after gzip, at the level that wrangler counts with. */
export function gzipBytes(text: string): number {
  return gzipSync(text).byteLength;
}
