import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { NODE, ROOT } from "../../../scripts/lib/paths.ts";

/**
 * Ids of the living processes that work on a state directory, known by their command line or their environment: every
 * process of a runtime inherits both from the one that started it. Reads /proc, so it works on Linux only.
 */
export function processesOn(stateDir: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    const about = read(`/proc/${entry}/cmdline`) + read(`/proc/${entry}/environ`); // both empty for the dead
    return about.includes(stateDir) ? [Number(entry)] : [];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // ended meanwhile, or not ours to read
  }
}

/** Waits until a condition holds. @throws after the time-out, with what was waited for. */
export async function until(what: string, timeoutMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(50);
  }
}

export interface Script {
  readonly child: ChildProcess;
  /** Everything it has printed so far, on either stream. */
  output(): string;
  /** Resolves with its exit code, or the signal it died of. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs a script of this project as a user would, without npm in between. */
export function runScript(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Script {
  const env = { ...process.env, ...environment };
  const child = spawn(NODE, [script, ...args], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code ?? 0));
  });
  return { child, output: () => text, ended };
}
