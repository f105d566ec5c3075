import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { betterAuth } from "better-auth/minimal";
import { admin } from "better-auth/plugins/admin";
import { z } from "zod";
import type { Database } from "../bindings.ts";
import { ROLES } from "../shared/roles.ts";
import { SESSION_SECONDS } from "./lifetimes.ts";
import { accounts, sessions, users, verifications } from "./tables.ts";

export type UserRow = typeof users.$inferSelect;

/** better-auth types what it returns as open records; this is what must be in them. */
const userRow = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  emailVerified: z.boolean(),
  image: z.string().nullable(),
  role: z.enum(ROLES),
  banned: z.boolean(),
  banReason: z.string().nullable(),
  banExpires: z.date().nullable(),
  createdAt: z.date(),
  updatedAt: z.date(),
}) satisfies z.ZodType<UserRow>;
const sessionRow = z.object({ id: z.string(), expiresAt: z.date() });

export interface LiveSession {
  id: string;
  user: UserRow;
}

/** Sessions as better-auth keeps them. Tokens are given as their SHA-256; nothing here ever sees a usable one. */
export interface SessionStore {
  /** @throws when the user is banned: the admin plugin refuses to write the session. */
  open(user: string, tokenHash: string, userAgent: string | null): Promise<string>;
  /** The session and its user as they are now, or null when it is unknown or has expired. */
  find(tokenHash: string, now: Date): Promise<LiveSession | null>;
  close(tokenHash: string): Promise<void>;
}

/**
 * better-auth over this request's database, used as a library. Its own HTTP handler is never mounted, so none of its
 * endpoints, cookies and redirects exist here. Made per request because the database handle is (it counts the
 * request's statements); that costs little and only identity routes pay it, see docs/decisions.md.
 */
export async function sessionStore(db: Database, secret: string): Promise<SessionStore> {
  const { internalAdapter } = await betterAuth({
    // Never used: without the handler nothing builds an address. Set because unset means "guess".
    baseURL: "https://latchkey.invalid",
    secret,
    database: drizzleAdapter(db, {
      provider: "sqlite",
      schema: { user: users, session: sessions, account: accounts, verification: verifications },
      // D1 has no interactive transactions.
      transaction: false,
    }),
    session: { expiresIn: SESSION_SECONDS, disableSessionRefresh: true },
    advanced: { database: { generateId: newId } },
    plugins: [admin({ defaultRole: "learner" })],
    // It writes e-mail addresses; what matters reaches our own log as a fault.
    logger: { disabled: true },
    telemetry: { enabled: false },
  }).$context;

  return {
    async open(user, tokenHash, userAgent) {
      // `overrideAll` (the last argument) is what makes better-auth keep our token instead of one of its own.
      const session = await internalAdapter.createSession(user, false, { token: tokenHash, userAgent }, true);
      return sessionRow.parse(session).id;
    },
    async find(tokenHash, now) {
      const found = await internalAdapter.findSession(tokenHash);
      if (found === null) return null;
      const { id, expiresAt } = sessionRow.parse(found.session);
      return expiresAt > now ? { id, user: userRow.parse(found.user) } : null;
    },
    close: (tokenHash) => internalAdapter.deleteSession(tokenHash),
  };
}

/** Id of a new user, session or account: random, and of the characters every user id may have. */
export function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
