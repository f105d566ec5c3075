import { type OwnEntry, ownEntry } from "../../audit/index.ts";
import { addMail, publicOrigin } from "../../mail/index.ts";
import type { Notice } from "../../mail/shapes.ts";
import { directory } from "../../platform/database/shards.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { Language } from "../../platform/text.ts";
import { newId, type UserRow } from "../library.ts";
import { passwordDefect } from "../password-rules.ts";
import { hashPassword } from "../passwords.ts";
import type { SignedInView } from "../schemas.ts";
import { type Caller, type Deps, endSessions } from "../sessions.ts";
import { readUser } from "../users.ts";
import { enter } from "./enter.ts";
import { dropAll, LINK_INVALID, lookAt, type OneTime, take } from "./one-time.ts";
import { readSecondFactor } from "./second-factor.ts";
import {
  dropDevices,
  dropOneTimes,
  dropPasskeys,
  dropPassword,
  entryOfLink,
  setPassword,
  setVerified,
  verifyAddress,
} from "./statements.ts";

/** The request that something happens in: for the audit log, and for the mail that tells of it. */
export interface Occasion {
  request_id: string;
  language: Language;
  url: string;
}

/** The user of a link, as long as the address it was sent to is theirs. */
async function ownerOf(deps: Deps, link: OneTime | null): Promise<UserRow | null> {
  if (link === null) return null;
  const user = await readUser(deps.db, link.user);
  return user.ok && user.value.email === link.value.email ? user.value : null;
}

/** The statement that writes a notice to a user. @param unique a notice is written once for it. */
export async function noticeTo(
  { env, now }: Deps,
  user: Pick<UserRow, "id" | "name" | "email">,
  notice: Notice,
  { language, url }: Occasion,
  unique: string = newId(),
): Promise<D1PreparedStatement> {
  const id = (await sha256Hex(`notice ${unique}`)).slice(0, 32);
  const details = { base: publicOrigin(env, url) ?? "", name: user.name, notice };
  return addMail(
    directory(env),
    { id, user: user.id, address: user.email, kind: "notice", language, details },
    now.getTime(),
  );
}

/**
 * Sets a new password by a link, also where there was none, and ends every session. The link is used up last: who is cut
 * off in between opens it again.
 */
export async function recover(
  deps: Deps,
  token: string,
  password: string,
  occasion: Occasion,
): Promise<Result<{ user: UserRow; ended: number }>> {
  const { env } = deps;
  const at = deps.now.getTime();
  const link = await lookAt(env, token, "recover", at);
  const user = await ownerOf(deps, link);
  if (link === null || user === null) return LINK_INVALID;
  const defect = await passwordDefect("new_password", password, user);
  if (defect !== null) return refuse("invalid_input", { errors: [defect] });
  const hashed = await hashPassword(password);
  if (!hashed.ok) return hashed;
  const db = directory(env);
  const entry = entryAbout("user.password_reset", user, occasion, link.id);
  const wasProven = user.emailVerified;
  await db.batch([
    setPassword(db, link.id, user.id, newId(), hashed.value, at),
    setVerified(db, link.id, user.id, user.email, at),
    // Whoever made the account without reading this address gets in no more.
    ...(wasProven ? [] : [dropPasskeys(db, user.id)]),
    dropDevices(db, user.id),
    entryOfLink(db, entry.key, JSON.stringify(entry), at, link.id),
    await noticeTo(deps, user, "password", occasion, link.id),
  ]);
  const ended = await endSessions(deps, user.id, { except: null, everything: true });
  if (!ended.ok) return ended;
  await dropAll(env, user.id);
  return ok({ user, ended: ended.value.length });
}

/** An entry about what somebody does to their own account. */
function entryAbout(
  action: OwnEntry["action"],
  user: Pick<UserRow, "id" | "role">,
  { request_id }: Pick<Occasion, "request_id">,
  unique?: string,
) {
  const own = { id: user.id, role: user.role };
  const target = { type: "user", id: user.id };
  return ownEntry({ action, actor: own, target, request_id, ...(unique === undefined ? {} : { unique }) }, Date.now());
}

/**
 * Signs in by a link. Whoever registered with an address that they never showed to read may be a stranger: when its
 * reader comes, the password, the passkeys and the sessions that were made before go.
 */
export async function signInByLink(
  deps: Deps,
  token: string,
  caller: Caller,
  device: string | undefined,
): Promise<{ user: UserRow | null; answer: Result<SignedInView> }> {
  const link = await take(deps.env, token, "link", deps.now.getTime());
  const user = await ownerOf(deps, link);
  if (user === null) return { user: null, answer: LINK_INVALID };
  const factor = user.emailVerified ? null : await readSecondFactor(deps.env, user.id);
  // Who has a second factor shows it in any case.
  if (!user.emailVerified && factor?.confirmed_at == null) {
    const db = directory(deps.env);
    await db.batch([
      verifyAddress(db, user.id, deps.now.getTime()),
      dropPassword(db, user.id),
      dropPasskeys(db, user.id),
      dropOneTimes(db, user.id),
    ]);
    const ended = await endSessions(deps, user.id, { except: null, everything: true });
    if (!ended.ok) return { user, answer: ended };
  }
  return { user, answer: await enter(deps, user, caller, { device }) };
}

/** Shows that an address is read: the present one, or a new one, which becomes the user's. @param user who is signed in. */
export async function confirmAddress(
  deps: Deps,
  user: string,
  token: string,
  occasion: Occasion,
): Promise<Result<UserRow>> {
  const { env, db: orm } = deps;
  const at = deps.now.getTime();
  const link = (await lookAt(env, token, "verify", at)) ?? (await lookAt(env, token, "change", at));
  const email = link?.value.email;
  if (link === null || link.user !== user || email === undefined) return LINK_INVALID;
  const before = await readUser(orm, user);
  if (!before.ok) return before;
  const isChange = link.value.for === "change";
  if (!isChange && before.value.email !== email) return LINK_INVALID;
  const db = directory(env);
  const entry = entryAbout(isChange ? "user.email_changed" : "user.email_verified", before.value, occasion, link.id);
  const { language, url } = occasion;
  const told = {
    user,
    address: before.value.email,
    kind: "changed" as const,
    language,
    details: { base: publicOrigin(env, url) ?? "", name: before.value.name, title: email },
  };
  try {
    await db.batch([
      setVerified(db, link.id, user, email, at),
      entryOfLink(db, entry.key, JSON.stringify(entry), at, link.id),
      ...(isChange ? [addMail(db, { ...told, id: (await sha256Hex(`changed ${link.id}`)).slice(0, 32) }, at)] : []),
      dropOneTimes(db, user),
    ]);
  } catch (fault) {
    if (!(fault instanceof Error) || !fault.message.includes("UNIQUE constraint failed: users.email")) throw fault;
    return refuse("user_exists", { detail: "The e-mail address is taken." });
  }
  return readUser(orm, user);
}
