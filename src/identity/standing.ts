import type { Role } from "../platform/roles.ts";

// How a token stands, as pure rules over what is kept of a user's revocations (revocations.ts). No clock and no storage here.

/**
 * Whether a token is to be trusted. open: yes. ended: its session, or every token of before, was ended. banned: the user
 * is. erased: the user was erased, and no token of theirs is ever trusted again.
 */
export type Standing = "open" | "ended" | "banned" | "erased";

/** What of a token decides how it stands. */
export interface Presented {
  /** Null: it belongs to no session of ours (another provider's, the local command line's). */
  session: string | null;
  /** The role it was issued with. */
  role: Role;
  /** When it was issued, epoch seconds. */
  issued_at: number;
}

/** How a token stands, and the role its user has now. */
export interface Verdict {
  standing: Standing;
  role: Role;
}

/** What the house keeps of a user with an account. */
export interface Account {
  role: Role;
  /** Epoch milliseconds until which the user is banned, "ever", or null. */
  banned_until: number | "ever" | null;
}

/** A change that is under way: what it takes counts already, what it gives does not yet. */
export interface Hold {
  role?: Role | undefined;
  banned?: boolean | undefined;
}

/** What is known that concerns one token. */
export interface Knowledge {
  is_erased: boolean;
  /** The token's session was ended. */
  is_ended: boolean;
  /** Tokens of no session issued until then, epoch seconds, are over. */
  over_until: number | null;
  /** Null: there is none. Undefined: nobody looked yet. */
  account: Account | null | undefined;
  hold: Hold | null;
}

/**
 * What two roles both allow: nothing that either of them lacks. An author publishes and a service grades, so both
 * together are a learner.
 */
export function lesserRole(one: Role, other: Role): Role {
  if (one === other || other === "admin") return one;
  return one === "admin" ? other : "learner";
}

/**
 * How a token stands.
 *
 * The role of a token of ours is the account's: a new role counts both ways as soon as its object is asked. Another
 * provider's token has the role the provider gives, as far as the account here, where there is one, allows it.
 */
export function judge(token: Presented, known: Knowledge, now: number): Verdict {
  const { account, hold } = known;
  const given =
    account == null ? token.role : token.session === null ? lesserRole(token.role, account.role) : account.role;
  const role = hold?.role === undefined ? given : lesserRole(given, hold.role);
  if (known.is_erased) return { standing: "erased", role };
  const isOver = token.session === null && known.over_until !== null && token.issued_at <= known.over_until;
  if (known.is_ended || isOver) return { standing: "ended", role };
  const until = account?.banned_until ?? null;
  const isBanned = hold?.banned === true || until === "ever" || (until !== null && until > now);
  return { standing: isBanned ? "banned" : "open", role };
}
