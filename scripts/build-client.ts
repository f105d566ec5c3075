import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

// npm run build:client [-- directory]
// Makes the package @latchkey/client, ready for `npm pack` or `npm install <directory>`; default: dist/client.

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "src/client");
const target = resolve(ROOT, process.argv[2] ?? "dist/client");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

await build({
  entryPoints: [
    join(SOURCE, "index.ts"),
    join(SOURCE, "react/index.ts"),
    join(SOURCE, "records/node.ts"),
    join(SOURCE, "pass/index.ts"),
  ],
  outdir: target,
  outbase: SOURCE,
  bundle: true,
  // What both entries use is one chunk: an EventStream made by one is the same class to the other.
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  target: "es2022",
  platform: "neutral",
  jsx: "automatic",
  external: ["node:*", "react", "react/jsx-runtime", "@tanstack/react-query"],
  sourcemap: true,
  logLevel: "warning",
});

const compiler = join(ROOT, "node_modules/.bin/tsc");
execFileSync(compiler, ["-p", "tsconfig.client.json", "--outDir", target], { cwd: ROOT, stdio: "inherit" });
for (const file of readdirSync(target, { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".d.ts")) continue;
  // The compiler keeps the sources' own extensions here, which no reader of the package has.
  const declaration = readFileSync(join(target, file), "utf8");
  writeFileSync(join(target, file), declaration.replaceAll(/(from "\.[^"]+)\.tsx?"/g, '$1.js"'));
}
// Frameworks that render on a server must know that hooks run in the browser. Chunks need no mark: only this file is imported.
const hooks = join(target, "react/index.js");
writeFileSync(hooks, `"use client";\n${readFileSync(hooks, "utf8")}`);
for (const file of ["package.json", "README.md"]) cpSync(join(SOURCE, file), join(target, file));
cpSync(join(ROOT, "LICENSE"), join(target, "LICENSE"));
console.log(target);
