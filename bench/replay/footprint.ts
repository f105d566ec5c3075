import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { processes } from "../../scripts/lib/proc.ts";

/** How often memory is looked at, milliseconds. */
const SAMPLE_MS = 250;
/** lstat(2) counts blocks of this size, whatever the file system's own is. */
const BLOCK_BYTES = 512;

/** Highest resident memory seen, bytes. */
export interface PeakMemory {
  /** All processes of the runtime together: wrangler, its builder, workerd. */
  runtime: number;
  /** The workerd processes among them together, and the largest one, which runs the product. */
  workerd: number;
  largest_workerd: number;
}

/** Watches the resident memory of a process group, which may change (a runtime that is killed and started again). */
export class MemoryWatch {
  readonly peak: PeakMemory = { runtime: 0, workerd: 0, largest_workerd: 0 };
  readonly #timer: NodeJS.Timeout;

  /** @param group id of the process group of the moment. */
  constructor(group: () => number) {
    this.#timer = setInterval(() => this.#sample(group()), SAMPLE_MS);
  }

  end(): PeakMemory {
    clearInterval(this.#timer);
    return this.peak;
  }

  #sample(group: number): void {
    const members = [...processes().values()].filter((process) => process.group === group);
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
    const workerds = members.filter(({ name }) => name === "workerd").map(({ residentBytes }) => residentBytes);
    this.peak.runtime = Math.max(this.peak.runtime, sum(members.map(({ residentBytes }) => residentBytes)));
    this.peak.workerd = Math.max(this.peak.workerd, sum(workerds));
    this.peak.largest_workerd = Math.max(this.peak.largest_workerd, ...workerds);
  }
}

/** Bytes a folder occupies. */
export function occupiedBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    bytes += lstatSync(join(entry.parentPath, entry.name)).blocks * BLOCK_BYTES;
  }
  return bytes;
}
