/** A piece of a stage. */
export interface StagePage {
  lines: string[];
  /** Where the stage goes on; null at its end. */
  next: string | null;
  rows: number;
  max_seq: number;
  columns?: string[];
  /** Whose object could not be copied. */
  unreadable?: string[];
}

/** A piece of the whole that is read from one place. */
export interface Stage {
  name: string;
  /** @param backup the backup that is being taken: copies that objects keep for it have its name. */
  read(env: Env, from: string | null, backup: string): Promise<StagePage>;
}
