import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { treeOf } from "../../../bench/lib/cpu.ts";
import { portIsTaken, untilPortIsFree } from "../../../scripts/lib/ports.ts";

const START_TIMEOUT_MS = 20_000;
const END_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

export interface Child {
  readonly pid: number;
  /** Ends it; `SIGKILL` as a crash would. Returns when it is missing. */
  end(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** Starts a server process and waits until it listens. It dies with this process. */
export async function startChild(
  command: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> {
  await untilPortIsFree(port);
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => log.splice(0, Math.max(0, log.push(text) - 20)));
  }
  const killWithUs = () => child.kill("SIGKILL");
  process.on("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await portIsTaken(port))) {
    if (Date.now() > deadline || hasEnded(child)) {
      child.kill("SIGKILL");
      throw new Error(`${command} did not start:\n${log.join("")}`);
    }
    await sleep(POLL_MS);
  }
  if (child.pid === undefined) throw new Error(`${command} has no process id`);
  return { pid: child.pid, end: (signal = "SIGTERM") => end(child, port, signal) };
}

async function end(child: ChildProcess, port: number, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const deadline = Date.now() + END_TIMEOUT_MS;
  // A killed nginx leaves workers that go on serving.
  const tree = signal === "SIGKILL" && child.pid !== undefined ? treeOf(child.pid) : [];
  child.kill(signal);
  for (const { pid } of tree.slice(1)) killIfThere(pid);
  while (!hasEnded(child) || (await portIsTaken(port))) {
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error("a server did not end");
    }
    await sleep(POLL_MS);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
