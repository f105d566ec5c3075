/** A record of an export: one line of it, without the name of its source. */
export interface ExportedRecord {
  kind: string;
  /** The row as it is stored. */
  row: object;
}

/** Some user ids, and where the next page starts; null at the end. */
export interface PeoplePage {
  ids: string[];
  next: string | null;
}

/** The answer of a place that cannot list anybody. */
export const NOBODY: PeoplePage = { ids: [], next: null };

/**
 * A place that holds something about users. Every room with personal data has one, listed in sources.ts; export and
 * erasure go through all of them.
 */
export interface PersonalDataSource {
  readonly name: string;
  /**
   * Whether anything is held about a user.
   * @throws when it is not known: nobody is called unknown because a place did not answer.
   */
  holds(env: Env, user: string): Promise<boolean>;
  /**
   * A page of the user ids about which this place holds something, in any order, each at least once; none if other
   * places list all of them too. A restore uses it to find people who were erased.
   * @param from where the page starts, from the page before; null: the beginning.
   */
  people(env: Env, from: string | null): Promise<PeoplePage>;
  /** Everything held about a user, in pieces, without secrets and their hashes. */
  export(env: Env, user: string): AsyncIterable<ExportedRecord>;
  /**
   * Removes a limited part of it. It can be repeated without harm, also after everything is gone.
   * @returns "more" while there is more to remove.
   * @throws when it cannot be done now; it is tried again later.
   */
  erase(env: Env, user: string): Promise<"done" | "more">;
}
