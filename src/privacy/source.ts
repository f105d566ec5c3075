/** A record of an export: one line of it, without the name of its source. */
export interface ExportedRecord {
  kind: string;
  /** As it is stored. */
  row: object;
}

/** Some user ids, and where the next page starts; null at the end. */
export interface PeoplePage {
  ids: string[];
  next: string | null;
}

/** A place that lists nobody. */
export const NOBODY: PeoplePage = { ids: [], next: null };

/**
 * A place where something about users is held. Every room that holds personal data has one, listed in sources.ts; export
 * and erasure go through all of them.
 */
export interface PersonalDataSource {
  readonly name: string;
  /**
   * Whether anything is held about a user.
   * @throws when it is not known: nobody is called unknown because a place did not answer.
   */
  holds(env: Env, user: string): Promise<boolean>;
  /**
   * A page of the ids that this place holds something of, in any order, each at least once; none where other places list
   * all of them too. For a restore, which asks of each whether they were erased.
   * @param from where the page starts, as the page before said; null: the beginning.
   */
  people(env: Env, from: string | null): Promise<PeoplePage>;
  /** Everything held about a user, in pieces; secrets and their hashes are not among it. */
  export(env: Env, user: string): AsyncIterable<ExportedRecord>;
  /**
   * Removes a bounded piece of it. Harmless to repeat, also after everything is gone.
   * @returns "more" while there is more to remove.
   * @throws when it cannot be done now; it is tried again later.
   */
  erase(env: Env, user: string): Promise<"done" | "more">;
}
