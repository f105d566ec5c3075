import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second of /proc times: 100 on every Linux that reports them to user space (USER_HZ, time(7)). */
const TICKS = 100;
/** Linux counts resident memory in pages of this many bytes on the machines we use. */
const PAGE_BYTES = 4_096;

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** Id of its process group. */
  group: number;
  /** State letter of proc_pid_stat(5): Z and X are dead. */
  state: string;
  /** Name of the executable, at most 15 characters. */
  name: string;
  /** CPU seconds of the process and of its children that have ended and been collected. */
  cpu: number;
  /** Resident memory now. */
  residentBytes: number;
}

/** Every process of the machine, by id; empty where there is no /proc. */
export function processes(): Map<number, ProcessInfo> {
  const found = new Map<number, ProcessInfo>();
  for (const entry of entries()) {
    const info = readProcess(Number(entry));
    if (info !== null) found.set(info.pid, info);
  }
  return found;
}

function entries(): string[] {
  try {
    return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  } catch {
    return []; // not a Linux
  }
}

/** proc_pid_stat(5), counted after the name, which stands in parentheses and may contain anything. */
function readProcess(pid: number): ProcessInfo | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // ended while we were looking
  }
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    state: fields[0] ?? "",
    name: stat.slice(stat.indexOf("(") + 1, end),
    cpu: ticks / TICKS,
    residentBytes: Number(fields[21]) * PAGE_BYTES,
  };
}
