import type { AcceptedSecrets } from "../platform/secrets.ts";
import { idOf, signedId } from "../platform/signed-ids.ts";

export { MAX_TOKEN } from "../platform/signed-ids.ts";

/** What an invitation's link says: the id of the invitation, signed. Nothing that is stored opens a course. */
export function tokenFor(secret: string, id: string): Promise<string> {
  return signedId(secret, "invitation", id);
}

/** The invitation a token stands for; null for one that was not made here. */
export function invitationIn(secrets: AcceptedSecrets, token: string): Promise<string | null> {
  return idOf(secrets, "invitation", token);
}
