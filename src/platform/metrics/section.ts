import type { Family } from "./family.ts";

/** A part of the scraped metrics: its room reads it from stored data. */
export interface Section {
  name: string;
  /** @throws if the stored data cannot be read. Then this part is missing, and the answer says so. */
  read(env: Env, now: number): Promise<readonly Family[]>;
}
