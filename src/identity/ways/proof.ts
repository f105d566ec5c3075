import { noteRefusedSignIn } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { TOO_MANY_GUESSES, withinPasswordLimit } from "../password-limit.ts";
import { checkPassword } from "../users.ts";
import { hasPassword, sessionSince } from "./statements.ts";

/** A session this young shows that its user has just signed in, milliseconds. */
const FRESH_MS = 15 * 60_000;
const TOO_OLD = refuse("forbidden", { detail: "Sign in again: this needs a session of at most 15 minutes." });

/**
 * Whether the caller shows once more who they are, before a way into their account is changed: by the password, or, where
 * there is none, by a session that has just begun. A stolen session alone gets no second way in.
 */
export async function provesThemself(c: AppContext, password: string | undefined): Promise<Result<null>> {
  const { id, session } = actorOf(c);
  const db = directory(c.env);
  if ((await hasPassword(db, id).first()) === null) {
    const row = session === null ? null : await sessionSince(db, session, id).first<{ created_at: number }>();
    return row !== null && row.created_at > Date.now() - FRESH_MS ? ok(null) : TOO_OLD;
  }
  if (password === undefined) {
    const errors = [{ path: "password", rule: "required", message: "your password is needed for this" }];
    return refuse("invalid_input", { errors });
  }
  if (!(await withinPasswordLimit(c.env, id))) return TOO_MANY_GUESSES;
  const checked = await checkPassword(databaseOf(c), id, password);
  if (!checked.ok) return checked;
  if (checked.value) return ok(null);
  c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: id }, Date.now()));
  return refuse("invalid_credentials");
}
