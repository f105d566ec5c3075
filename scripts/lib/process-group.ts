import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fromRoot, NODE, ROOT } from "./paths.ts";
import { processes } from "./proc.ts";

const LEASH = fromRoot("scripts/lib/leash.ts");
/** How often the end of a group is looked for, milliseconds. */
const POLL_MS = 20;
/** How long a group may take to end after SIGTERM before it is killed, milliseconds. workerd takes about 300. */
const GRACE_MS = 10_000;
/** How long the system may take to remove killed processes, milliseconds. */
const KILL_TIMEOUT_MS = 10_000;

export interface ProcessGroup {
  /** Process id of the leader, which is also the id of the group. */
  readonly pid: number;
  /** The leader; its stdout and stderr are pipes. */
  readonly leader: ChildProcess;
  /** Asks every process to end, kills what has not ended in time, and returns when all are gone. */
  stop(): Promise<void>;
  /** Kills every process at once, without a chance to clean up, and returns when all are gone. */
  kill(): Promise<void>;
}

/**
 * Starts `node <args>` and everything it will start as one process group that dies with this process.
 * @throws when the process cannot be started at all.
 */
export async function startGroup(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ProcessGroup> {
  const leader = spawn(NODE, [LEASH, ...args], { cwd: ROOT, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    leader.once("spawn", resolve);
    leader.once("error", reject);
  });
  const { pid } = leader;
  if (pid === undefined) throw new Error("the process has no id");
  leader.stdin?.on("error", () => {}); // the pipe breaks when the group ends first, which is no fault

  const kill = async () => {
    signalGroup(pid, "SIGKILL");
    if (!(await groupEnds(pid, KILL_TIMEOUT_MS))) throw new Error(`process group ${pid} survived SIGKILL`);
  };
  return {
    pid,
    leader,
    kill,
    async stop() {
      // Only the leader: it passes the request on, and wrangler ends workerd after it has closed its connections.
      if (isRunning(leader)) leader.kill("SIGTERM");
      if (!(await groupEnds(pid, GRACE_MS))) await kill();
    },
  };
}

/** Whether a process of the group is still running. A dead process nobody has collected yet does not count. */
export function groupIsAlive(group: number): boolean {
  return process.platform === "linux" ? livingMembers(group).length > 0 : signalGroup(group, 0);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** @returns false when the group has no process any more. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (fault) {
    if (fault instanceof Error && Reflect.get(fault, "code") === "ESRCH") return false;
    throw fault;
  }
}

async function groupEnds(group: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (groupIsAlive(group)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Process ids of a group that are not dead. In a container whose first process collects no orphans a signal would
 * "reach" the dead for ever, hence this look at their state.
 */
function livingMembers(group: number): number[] {
  return [...processes().values()]
    .filter((member) => member.group === group && member.state !== "Z" && member.state !== "X")
    .map(({ pid }) => pid);
}
