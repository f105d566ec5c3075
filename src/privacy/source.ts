/** A record of an export: one line of it, without the name of its source. */
export interface ExportedRecord {
  kind: string;
  /** As it is stored. */
  row: object;
}

/**
 * A place where something about users is held. Every room that holds personal data has one, listed in sources.ts; export
 * and erasure go through all of them.
 */
export interface PersonalDataSource {
  readonly name: string;
  /** Everything held about a user, in pieces; secrets and their hashes are not among it. */
  export(env: Env, user: string): AsyncIterable<ExportedRecord>;
  /**
   * Removes a bounded piece of it. Harmless to repeat, also after everything is gone.
   * @returns "more" while there is more to remove.
   * @throws when it cannot be done now; it is tried again later.
   */
  erase(env: Env, user: string): Promise<"done" | "more">;
}
