import { addAuditEntry } from "../../audit/index.ts";
import { accountsByMail, erasedAmong, loadOutside } from "../../identity/index.ts";
import { emailSchema } from "../../identity/shapes.ts";
import { directory } from "../../platform/database/shards.ts";
import { ok, type Result } from "../../platform/results.ts";
import { type Comer, isAbove, turnedAway } from "./claims.ts";
import type { SignOnProvider } from "./flow.ts";

type Outside = Awaited<ReturnType<typeof loadOutside>>;
export type UserRow = NonNullable<Awaited<ReturnType<Outside["findLinked"]>>>;
export type Deps = ReturnType<Outside["depsOf"]>;

/** Under which name a provider's people are linked: by its issuer, so that another provider of the same name knows nobody. */
const linkProvider = (issuer: string) => `oidc ${issuer}`;

/**
 * The account of whoever has come from a provider: the one they came to before; else that of their address, if the operator
 * allows it and both sides have verified the address; else a new one, if the operator allows that. Their role is brought in
 * line with what the provider says.
 *
 * @returns `sign_on_refused` with the rule; `forbidden` for an account that is suspended.
 */
export async function admit(
  deps: Deps,
  provider: SignOnProvider,
  comer: Comer,
  requestId: string,
): Promise<Result<UserRow>> {
  const { findLinked, giveRole, isBanned } = await loadOutside();
  const to = { provider: linkProvider(provider.issuer), subject: comer.subject };
  const by = { id: "system", role: "system", request_id: requestId };
  const before = await findLinked(deps.db, to);
  const found = before === null ? await newcomer(deps, provider, comer, to, by) : ok(before);
  if (!found.ok) return found;
  const user = found.value;
  if (isAbove(user.role, provider.top_role)) {
    const message = "This account has a higher role than the provider may let in. Sign in another way.";
    return turnedAway("role", "role_too_high", message);
  }
  if (isBanned(user, deps.now) || comer.role === null || comer.role === user.role) return found;
  return giveRole(deps, user.id, comer.role, by);
}

async function newcomer(
  deps: Deps,
  provider: SignOnProvider,
  comer: Comer,
  to: { provider: string; subject: string },
  by: { id: string; role: string; request_id: string },
): Promise<Result<UserRow>> {
  const { parsed, top_role } = provider;
  const path = `claims.${parsed.claims.email}`;
  const email = emailSchema.safeParse(comer.email);
  if (!email.success) return turnedAway(path, "email_missing", "The provider does not say the e-mail address.");
  const { createUser, findLinked, link, linkedSubject, newId, readUser } = await loadOutside();
  const owner = (await accountsByMail(deps.db, [email.data])).get(email.data);
  if (owner === undefined) {
    if (parsed.new_accounts === "none") {
      return turnedAway(path, "no_account", "There is no account of this address, and this provider makes none.");
    }
    if (!comer.isVerified && parsed.new_accounts === "verified") {
      return turnedAway(`claims.${parsed.claims.email_verified}`, "email_unverified", UNVERIFIED);
    }
    const role = comer.role ?? "learner";
    const id = newId();
    // They make the account themselves by coming in; with a role, it is in the log what they were given.
    const own = { id, role: "learner", request_id: by.request_id };
    const made = await createUser(deps.db, { id, email: email.data, name: comer.name, role }, deps.now, own, {
      isVerified: comer.isVerified,
      link: to,
    }).catch(async (fault: unknown) => {
      // The same person in two tabs: the other one made the link.
      const other = await findLinked(deps.db, to);
      if (other === null) throw fault;
      return ok(other);
    });
    if (made.ok || made.refusal.code !== "user_exists") return made;
    return turnedAway(path, "email_taken", "Somebody has just made an account of this address. Try again.");
  }
  if (!comer.isVerified) return turnedAway(`claims.${parsed.claims.email_verified}`, "email_unverified", UNVERIFIED);
  if (!parsed.link) {
    return turnedAway(
      path,
      "link_not_allowed",
      "The address has an account already, which this provider may not open.",
    );
  }
  if (!owner.isVerified) {
    const message = "The account of this address has not confirmed it. Sign in to it and confirm the address first.";
    return turnedAway(path, "account_unverified", message);
  }
  const user = await readUser(deps.db, owner.id);
  if (!user.ok) return user;
  if (isAbove(user.value.role, top_role)) return user;
  if ((await erasedAmong(directory(deps.env), [owner.id])).size > 0) return turnedAway(path, "no_account", UNVERIFIED);
  if ((await linkedSubject(deps.db, owner.id, to.provider)) !== null) {
    return turnedAway(
      path,
      "linked_to_another",
      "The account of this address belongs to another person of the provider.",
    );
  }
  const linked = await link(deps.db, owner.id, to, deps.now);
  if (!linked.ok) return linked;
  const target = { type: "user", id: owner.id };
  const entry = { action: "user.linked", actor: by, target, request_id: by.request_id } as const;
  await deps.db.batch([addAuditEntry(deps.db, { ...entry, details: { kind: provider.name } }, deps.now.getTime())]);
  return user;
}

const UNVERIFIED = "The provider does not say that the address was verified.";
