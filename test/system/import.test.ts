import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { importReportSchema } from "../../src/courses/importers/report.ts";
import { tgzOf } from "../support/courses/archives.ts";
import { backupOf } from "../support/courses/moodle-backup.ts";
import { runScript } from "../support/node/processes.ts";

const BACKUP = backupOf(
  "4.5.6 (Build: 20250811)",
  [{ id: 1, number: 0, sequence: [1, 2] }],
  [
    { id: 1, section: 1 },
    {
      id: 2,
      section: 1,
      availability: { op: "&", c: [{ type: "completion", cm: 1, e: 1 }, { type: "shopping" }], showc: [true, true] },
    },
  ],
);

let folder: string;
let archive: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "import-"));
  archive = join(folder, "small.mbz");
  writeFileSync(archive, await tgzOf(BACKUP));
  for (const [path, content] of Object.entries(BACKUP)) {
    const file = join(folder, "unpacked", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]) {
  const script = runScript("scripts/import.ts", args);
  const code = await script.ended;
  return { code, output: script.output() };
}

describe("npm run import", () => {
  it("reads a backup without a server, reports its unlock rules, and writes the report", async () => {
    const report = join(folder, "report.json");
    const { code, output } = await run("moodle", archive, "--dry-run", "--report", report, "--course", "baking");
    expect(code).toBe(0);
    expect(output).toContain("rules    1, completion settings 2");
    expect(output).toContain("verdicts 2 exact, 0 approximated, 1 unmapped");
    expect(output).toMatch(/~ activities\/page_2\/module\.xml: c\[1\]: .*"shopping".* \[unmapped\]/);
    expect(output).toContain('"id": "baking.page-2"');
    const written = importReportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
    expect(written).toMatchObject({
      format: "moodle",
      release: "4.5.6 (Build: 20250811)",
      counts: { exact: 2, unmapped: 1 },
    });
  });

  it("publishes a folder of the same files as a new course, and shows the server's refusals unchanged", async () => {
    const asked: { path: string; body: unknown }[] = [];
    const statuses = [404, 201, 422];
    const problem = {
      title: "Not valid",
      errors: [{ path: "document.source", rule: "unrecognized_keys", message: "there is no such field" }],
    };
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      request.on("end", () => {
        asked.push({ path: request.url ?? "", body: JSON.parse(text) });
        const status = statuses[asked.length - 1] ?? 500;
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(status === 422 ? problem : {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const url = `http://127.0.0.1:${port}`;
    const { code, output } = await run("moodle", join(folder, "unpacked"), "--url", url, "--token", "t");
    server.close();
    expect(code).toBe(1);
    const version = {
      path: "/api/v1/courses/small-one/versions",
      body: { document: { source: { platform: "moodle" } }, note: "Imported from moodle" },
    };
    expect(asked).toMatchObject([
      version,
      { path: "/api/v1/courses", body: { slug: "small-one", title: { en: "Small" } } },
      version,
    ]);
    expect(output).toContain("Publishing was refused with 422: Not valid.");
    expect(output).toContain("- document.source: there is no such field [unrecognized_keys]");
  });

  it("names the errors in a source of another form", async () => {
    const { code, output } = await run("canvas", archive, "--dry-run");
    expect(code).toBe(1);
    expect(output).toContain("is not what canvas expects.");
    expect(output).toContain("course_settings/module_meta.xml");
  });
});
