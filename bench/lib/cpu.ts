import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second of /proc times: 100 on every Linux that reports them to user space (USER_HZ, time(7)). */
const TICKS = 100;
const PAGE_KB = 4;

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** Name of the executable, at most 15 characters. */
  name: string;
  /** CPU seconds of the process and of its children that have ended and been collected. */
  cpu: number;
  /** Resident memory now, MB. */
  residentMb: number;
}

/** Every process of the machine (proc_pid_stat(5)); empty where there is no /proc. */
export function processes(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>();
  for (const entry of procEntries()) {
    const info = readProcess(Number(entry));
    if (info !== null) found.set(info.pid, info);
  }
  return found;
}

function procEntries(): string[] {
  try {
    return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
}

function readProcess(pid: number): ProcessInfo | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // ended while we were looking
  }
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  // Counted after the name: field 1 is state, 2 the parent, 12 to 15 the times, 22 the resident pages.
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf("(") + 1, end),
    cpu: ticks / TICKS,
    residentMb: (Number(fields[21]) * PAGE_KB) / 1024,
  };
}

/** A process and everything below it, the process itself first. */
export function treeOf(root: number, all = processes()): ProcessInfo[] {
  const own = all.get(root);
  if (own === undefined) return [];
  const tree = [own];
  for (let at = 0; at < tree.length; at += 1) {
    for (const process of all.values()) if (process.parent === tree[at]?.pid) tree.push(process);
  }
  return tree;
}

/** CPU seconds of a process tree, of ended members too. */
export function cpuOf(root: number): number {
  return treeOf(root).reduce((sum, process) => sum + process.cpu, 0);
}

/** The workerd below a process. @throws when there is none. */
export function workerdOf(root: number): number {
  const found = treeOf(root).find((process) => process.name === "workerd");
  if (found === undefined) throw new Error("no workerd is running");
  return found.pid;
}
