import type { AccountCopy } from "./account-copy.ts";
import type { EndedSessions } from "./ended-sessions.ts";
import { judge, type Presented, type Verdict } from "./standing.ts";

/**
 * How a token stands, by what its user's object keeps. Without the token itself only its session and the user are judged.
 * @param session null: of no session.
 */
export async function verdictOf(
  copy: AccountCopy,
  ended: EndedSessions,
  isErased: () => boolean,
  session: string | null,
  token: Presented | undefined,
): Promise<Verdict> {
  const shown = token ?? { session, role: "learner", issued_at: Number.POSITIVE_INFINITY };
  if (isErased()) return { standing: "erased", role: shown.role };
  let { account } = copy;
  // A session is opened by an account, whose changes all come by here. Who comes with another provider's token may
  // have an account nobody changed since this object exists.
  if (account === undefined && token !== undefined && session === null) account = await copy.firstLook();
  const known = {
    is_erased: isErased(),
    is_ended: session !== null && ended.has(session),
    over_until: ended.overUntil,
    account,
    hold: copy.held,
  };
  return judge(shown, known, Date.now());
}
