import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { NODE, ROOT, WRANGLER } from "./paths.ts";

/**
 * Environment of every wrangler we start: it asks nothing, reports nothing home, fetches nothing it can do without, and
 * prints plain text.
 * @param stateDir where it keeps what it would otherwise keep in the home directory, so that two runtimes on one
 *   machine never find each other.
 */
export function wranglerEnvironment(stateDir?: string): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _color, ...inherited } = process.env;
  return {
    ...inherited,
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    // Its own trace collector takes up to a quarter of the local runtime's time, and nobody looks at what it collects.
    X_LOCAL_OBSERVABILITY: "false",
    ...(stateDir === undefined ? {} : { WRANGLER_REGISTRY_PATH: join(stateDir, "registry") }),
  };
}

export interface CommandOutcome {
  code: number;
  /** stdout alone, for commands that print JSON. */
  stdout: string;
  /** stdout and stderr as they came, without colours. */
  output: string;
}

/**
 * Runs one wrangler command to its end.
 * @param options.echo also prints what it prints, as it comes.
 * @returns its exit code and output; a non-zero code is the caller's to judge.
 */
export function runWrangler(
  args: readonly string[],
  options: { echo?: boolean; stateDir?: string; input?: string } = {},
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(NODE, [WRANGLER, ...args], {
      cwd: ROOT,
      env: wranglerEnvironment(options.stateDir),
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
      if (options.echo === true) process.stdout.write(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (options.echo === true) process.stderr.write(text);
    });
    child.stdin.on("error", () => {}); // a command that reads no input may end before we have closed it
    child.stdin.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({
        code: code ?? 1,
        stdout: stripVTControlCharacters(stdout),
        output: stripVTControlCharacters(output),
      });
    });
  });
}
