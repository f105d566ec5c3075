import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HELP = `Builds the front ends of samples/ against the packed client, as somebody else would.

  npm run samples            both
  npm run samples -- vite    only this one

Their packages come from the npm registry, in the versions they name, into a temporary folder.`;

const ROOT = join(import.meta.dirname, "..");
const SAMPLES = ["vite", "next"];
const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });

if (values.help === true) console.log(HELP);
else {
  const wanted = positionals.length === 0 ? SAMPLES : SAMPLES.filter((name) => positionals.includes(name));
  const work = mkdtempSync(join(tmpdir(), "latchkey-samples-"));
  try {
    const built = join(work, "client");
    run(process.execPath, ["scripts/build-client.ts", built], ROOT);
    const packed = run("npm", ["pack", "--silent", "--pack-destination", work], built).trim().split("\n").at(-1) ?? "";
    for (const name of wanted) buildSample(name, join(work, name), join(work, packed));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function buildSample(name: string, target: string, client: string): void {
  const started = Date.now();
  cpSync(join(ROOT, "samples", name), target, { recursive: true });
  const path = join(target, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.dependencies["@latchkey/client"] = `file:${client}`;
  writeFileSync(path, JSON.stringify(manifest));
  run("npm", ["install", "--no-audit", "--no-fund", "--silent"], target);
  run("npm", ["run", "build"], target);
  console.log(`samples/${name}: built in ${Math.round((Date.now() - started) / 1_000)} s`);
}

/** @throws with the output of a program that failed. */
function run(command: string, args: readonly string[], cwd: string): string {
  try {
    const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: "pipe", env: environment });
  } catch (fault) {
    const output =
      typeof fault === "object" && fault !== null ? [Reflect.get(fault, "stdout"), Reflect.get(fault, "stderr")] : [];
    throw new Error(`${command} ${args.join(" ")} failed in ${cwd}:\n${output.join("\n")}`);
  }
}
