import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot, NODE, ROOT } from "../../scripts/lib/paths.ts";
import { newKey, newKeyId } from "../../src/identity/keys/format.ts";

const SECRETLINT = fromRoot("node_modules/secretlint/bin/secretlint.js");
const scripts = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(fromRoot("package.json"), "utf8"))).scripts;

describe("SECURITY.md", () => {
  const rows = readFileSync(fromRoot("SECURITY.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| .*\| .*\| .*\|$/.test(line))
    .map((line) => line.slice(1, -1).split(" | "));
  const threats = rows.filter(([name, , test]) => !name?.trim().startsWith("**") && test?.includes("›"));

  it("names an existing test for every threat, with its exact title", () => {
    expect(threats.length).toBeGreaterThan(45);
    for (const [threat, defence, named = ""] of threats) {
      const [, file = "", title = ""] = /^`([^`]+)` › (.+)$/.exec(named.trim()) ?? [];
      expect(defence?.trim(), threat).not.toBe("");
      expect(existsSync(fromRoot(file)), `${threat}: ${named}`).toBe(true);
      const source = readFileSync(fromRoot(file), "utf8");
      const isNamed = [`"${title}"`, `\`${title}\``].some((text) => source.includes(text));
      expect(isNamed, `${file} has no test called "${title}"`).toBe(true);
    }
  });

  it("has a test in every line of the table of threats", () => {
    const start = rows.findIndex(([name]) => name?.trim() === "threat");
    const table = rows.slice(start + 1).filter(([name]) => !name?.trim().startsWith("**") && !/^-+$/.test(name ?? ""));
    const unnamed = table.filter((row) => row.length === 3 && !row[2]?.includes("›"));
    expect(start).toBeGreaterThan(0);
    expect(unnamed).toEqual([]);
  });
});

describe("the workflow for GitHub", () => {
  const workflow = readFileSync(fromRoot(".github/workflows/ci.yml"), "utf8");

  it("runs commands that package.json has, and every check of the project", () => {
    const used = [...workflow.matchAll(/npm (?:run )?([\w:]+)/g)].flatMap(([, name = ""]) => name);
    const commands = used.filter((name) => !["ci", "audit"].includes(name));
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
    for (const name of ["check:types", "lint", "scan:secrets", "test", "test:browser", "coverage"]) {
      expect(commands).toContain(name);
    }
    expect(workflow).toContain("npm audit --omit=dev");
  });

  it("asks only for read access, and gets no secret", () => {
    expect(/^permissions:\n {2}contents: read$/m.test(workflow)).toBe(true);
    expect(workflow).not.toMatch(/secrets\.|pull_request_target|write-all|: write/);
  });
});

it("the repository has no secret, and the scan would find one", () => {
  // Put together here, so that this file is no find itself.
  const planted = ["gh", "p_", "A1b2C3d4E5f6G7h8I9j0", "K1l2M3n4O5p6Q7r8"].join("");
  const folder = mkdtempSync(join(tmpdir(), "latchkey-scan-"));
  const scan = (patterns: readonly string[]) =>
    spawnSync(NODE, [SECRETLINT, ...patterns], { cwd: ROOT, encoding: "utf8", timeout: 60_000 });
  try {
    const asked = [...(scripts["scan:secrets"] ?? "").matchAll(/"([^"]+)"/g)].flatMap(([, pattern = ""]) => pattern);
    expect(asked).toContain("**/*");
    const found = scan(asked);
    expect([found.status, found.stdout]).toEqual([0, ""]);
    const file = join(folder, "config.ts");
    writeFileSync(file, `export const token = "${planted}";\n`);
    const bad = scan([file]);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain("GITHUB_TOKEN");
    // Our own keys too: what scans for them knows them by their form.
    writeFileSync(file, `export const key = "${newKey(newKeyId())}";\n`);
    const ours = scan([file]);
    expect(ours.status).toBe(1);
    expect(ours.stdout).toContain("secretlint-rule-pattern");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
