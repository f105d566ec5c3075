import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLocalSecret } from "../../scripts/lib/local-secrets.ts";
import { NODE, ROOT, WRANGLER } from "../../scripts/lib/paths.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { tgzOf } from "../support/courses/archives.ts";
import { backupOf } from "../support/courses/moodle-backup.ts";
import { tokenFor } from "../support/node/api.ts";
import { blocksForTheService, otherCommands, TYPED_DOCUMENTS, wranglerCall } from "../support/node/commands.ts";
import { type Block, blocksOf, documents, type Step, stepsOf } from "../support/node/documents.ts";
import { processesOn, runScript, type Script, until } from "../support/node/processes.ts";
import { emptyState, removeState } from "../support/node/state.ts";

// Types what the documents ask a newcomer to type: one service, one shell for each document, their commands in order;
// and compares the answers that they print with those that came.

const START_MS = 240_000;
const DOCUMENT_MS = 240_000;

/** Lines that are not typed here, and who does it: .ci/run installs and tests a clean clone, `beforeAll` starts. */
const ELSEWHERE = [/^git clone /, /^cd latchkey$/, /^npm ci\b/];

describe("the commands of the documents", () => {
  let service: Script;
  let stateDir: string;
  let folder: string;
  let port: number;

  beforeAll(async () => {
    stateDir = emptyState();
    folder = mkdtempSync(join(tmpdir(), "latchkey-documents-"));
    port = await freePort();
    service = runScript("scripts/start.ts", ["--port", String(port), "--state", stateDir]);
    let ended = false;
    void service.ended.then(() => {
      ended = true;
    });
    await until("the ready banner", START_MS, () => {
      if (ended) throw new Error(`the start ended early:\n${service.output()}`);
      return service.output().includes("Ctrl-C ends Latchkey");
    });
  }, START_MS);
  afterAll(async () => {
    service?.child.kill("SIGINT");
    await until("the end of every process", 20_000, () => processesOn(stateDir).length === 0);
    removeState(stateDir);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(TYPED_DOCUMENTS)(
    "%s: give the answers that are in the document",
    async (file) => {
      const steps = stepsOf(file).filter(({ commands }) => commands.kind !== "elsewhere");
      expect(steps.length).toBeGreaterThan(0);
      const outputs = await runSteps(steps);
      steps.forEach((step, index) => {
        compare(step, outputs[index] ?? "");
      });
    },
    DOCUMENT_MS,
  );

  it("docs/operate/alerts: every call of a page reaches the service", async () => {
    const calls = documents()
      .filter((file) => file.startsWith("docs/operate/alerts/"))
      .flatMap((file) => blocksOf(file).flatMap(({ language, text }) => (language === "sh" ? text.split("\n") : [])))
      .filter((line) => line.startsWith("curl ") && line.includes("$LATCHKEY"))
      // These need a dead letter, an erasure and a subscription, which a service that has just begun has not.
      .filter((line) => !/dead-letters\/<id>|\/erasures\/|webhooks\/<id>/.test(line));
    expect(calls.length).toBeGreaterThan(20);
    const script = [...new Set(calls)].map((line) => {
      const [call = ""] = line.replace(/^curl /, "curl --fail ").split(/ \| | {2,}#/);
      const filled = call.replaceAll("<course>", "algorithms").replaceAll("<item>", "algorithms.complexity");
      return `${filled.replaceAll("<user>", "demo").replaceAll("<source>", "scim")} >/dev/null || echo '${line.replaceAll("'", "")}'`;
    });
    const environment = {
      LATCHKEY: `http://localhost:${port}`,
      ADMIN: `Authorization: Bearer ${await tokenFor("on-call", "admin")}`,
      METRICS_TOKEN: readLocalSecret(undefined, "METRICS_TOKEN") ?? "",
    };
    const { code, printed, faults } = await shell(script.join("\n"), environment);
    expect([code, printed, faults]).toEqual([0, "", ""]);
  });

  it.each(blocksForTheService().map((block) => ({ at: `${block.file}:${block.line}`, block })))(
    "$at: works for the reader's own deployment",
    async ({ block }) => {
      const url = `http://localhost:${port}`;
      writeFileSync(join(folder, "backup.mbz"), await tgzOf(SMALL_COURSE));
      const key = await tokenFor("operator", "admin");
      const environment = { TOKEN: key, ADMIN: key, BASE: url, api: `${url}/api/v1` };
      const text = block.text
        .replaceAll(/https:\/\/(?:latchkey|api)\.example\.org/g, url)
        // What names no deployment means the one of `npm start`.
        .replaceAll(/^npm run -s import .*--course.*$/gm, `$& --url ${url}`);
      const { code, printed, faults } = await shell(`${HERE}\n${OTHER_COURSE}\n${text}`, environment);
      expect(code, `${printed}\n${faults}`).toBe(0);
    },
    DOCUMENT_MS,
  );

  it("wrangler has the commands and flags that the documents use", async () => {
    const calls = Map.groupBy(
      otherCommands().flatMap(({ at, text }) => {
        const call = wranglerCall(text);
        return call === null ? [] : [{ at, ...call }];
      }),
      // Behind the command may stand a name: of a secret, a queue, a database.
      ({ words }) => words.join(" "),
    );
    expect(calls.size).toBeGreaterThan(8);
    const unknown: string[] = [];
    for (const [command, uses] of calls) {
      const { printed, faults } = await shell(`'${NODE}' '${WRANGLER}' ${command} --help 2>&1`);
      if (!printed.includes(`wrangler ${command.split(" ")[0]}`)) unknown.push(`${command}: ${printed}${faults}`);
      for (const { at, flags } of uses) {
        for (const flag of flags) if (!printed.includes(`--${flag}`)) unknown.push(`${at}: ${command} --${flag}`);
      }
    }
    expect(unknown).toEqual([]);
  }, 240_000);

  /** Types the steps into one shell. @returns what each of them printed. */
  async function runSteps(steps: readonly Step[]): Promise<string[]> {
    // Files are written into a folder of the test; npm gets the place of the checkout.
    const prelude = `set -eu -o pipefail\nnpm() { command npm --prefix '${ROOT}' "$@"; }\n`;
    const script = steps
      .map(({ commands }) => `: ${commands.file}:${commands.line}\n${typed(commands)}\nprintf '\\n${MARK}\\n'`)
      .join("\n");
    const { code, printed, faults } = await shell(prelude + script);
    const outputs = printed.split(`\n${MARK}\n`);
    const reached = steps[outputs.length - 1]?.commands;
    expect(code, `${reached?.file}:${reached?.line}: ${outputs.at(-1)}\n${faults}`).toBe(0);
    return outputs;
  }

  async function shell(script: string, environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...environment };
    const child = spawn("bash", ["-s"], { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"] });
    let printed = "";
    let faults = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      faults += text;
    });
    child.stdin.end(script);
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, printed, faults };
  }

  function typed({ text }: Block): string {
    return text
      .split("\n")
      .filter((line) => !ELSEWHERE.some((pattern) => pattern.test(line)))
      .join("\n")
      .replaceAll("localhost:8787", `localhost:${port}`);
  }
});

const MARK = "-- next step --";

/** Calls fail where the service refuses, and scripts of the checkout find the files of the test's folder. */
const HERE = `set -eu -o pipefail
curl() { command curl --fail-with-body "$@"; }
npm() { shift; [ "$1" = -s ] && shift; local script=$1; shift 2; '${NODE}' "${ROOT}/scripts/$script.ts" "$@"; }`;

/** The courses that are moved: the tutorial's, and another one like it. */
const OTHER_COURSE = `as_author() { curl -s -o published.json -H "Authorization: Bearer $TOKEN" "$@"; }
sed 's/bread/knots/g' bread.json > knots.json
as_author --json '{"slug": "knots", "title": "Knots"}' "$api/courses" || grep -q course_exists published.json
as_author --json "{\\"document\\": $(cat knots.json)}" "$api/courses/knots/versions"
as_author --json '{}' "$api/courses/algorithms/enrollments"`;

/** A backup of another platform, as small as one can be. */
const SMALL_COURSE = backupOf(
  "4.5.6 (Build: 20250811)",
  [{ id: 1, number: 0, sequence: [1] }],
  [{ id: 1, section: 1 }],
);

/** Each printed answer must be among those that came, in order; what came may have more fields. */
function compare({ commands, answers }: Step, output: string): void {
  const came = output.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return [value];
    } catch {
      return [];
    }
  });
  for (const { file, line, text } of answers) {
    const wanted: unknown = JSON.parse(text);
    const at = came.findIndex((value) => isPartOf(wanted, value));
    if (at === -1)
      expect({ came, output }, `${file}:${line}, after the commands of line ${commands.line}`).toEqual(wanted);
    came.splice(0, at + 1);
  }
}

/** Whether a value has everything that another one shows: objects may have more fields, lists are whole. */
function isPartOf(wanted: unknown, value: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(value) &&
      value.length === wanted.length &&
      wanted.every((one, index) => isPartOf(one, value[index]))
    );
  }
  if (typeof wanted !== "object" || wanted === null) return wanted === value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const fields = new Map(Object.entries(value));
  return Object.entries(wanted).every(([name, one]) => isPartOf(one, fields.get(name)));
}
