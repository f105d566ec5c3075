import type { Family } from "./family.ts";

/** A part of what is scraped: read from the truth by the room it belongs to. */
export interface Section {
  name: string;
  /** @throws when the truth cannot be reached; then this part is missing, and said to be. */
  read(env: Env, now: number): Promise<readonly Family[]>;
}
