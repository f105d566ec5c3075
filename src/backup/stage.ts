/** A piece of a stage. */
export interface StagePage {
  lines: string[];
  /** Where the stage continues; null at its end. */
  next: string | null;
  rows: number;
  max_seq: number;
  columns?: string[];
  /** The owners whose object could not be copied. */
  unreadable?: string[];
}

/** A part of a backup that is read from one place. */
export interface Stage {
  name: string;
  /** @param backup the running backup: copies that objects keep for it have its name. */
  read(env: Env, from: string | null, backup: string): Promise<StagePage>;
}
