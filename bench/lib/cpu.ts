import { type ProcessInfo, processes } from "../../scripts/lib/proc.ts";

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
