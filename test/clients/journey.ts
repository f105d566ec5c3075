/** What each program is given. */
export interface Given {
  url: string;
  email: string;
  password: string;
  course: string;
  /** A chapter that is open from the start. */
  open: string;
  /** A chapter that is not. */
  locked: string;
}

/** What each program has seen: the same, whichever client it speaks through. */
export interface Seen {
  /** Code and status of a sign-in with another password. */
  refused: [string, number];
  enrolled: string;
  /** State of the open chapter before and after it was completed. */
  states: [string | undefined, string | undefined];
  /** What completing it opened. */
  unlocked: number;
  /** Of the refusal of the locked chapter: code, status and how many reasons it names. */
  lock: [string, number, number];
  /** Of a request that breaks a rule: the field. */
  field: string | undefined;
}
