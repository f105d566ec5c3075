import { createInternalAdapter } from "better-auth/db";
import { z } from "zod";
import type { Database } from "../platform/database/counted.ts";
import { ROLES } from "../platform/roles.ts";
import { libraryAdapter } from "./library-adapter.ts";
import { SESSION_SECONDS } from "./lifetimes.ts";
import type { users } from "./tables.ts";

export type UserRow = typeof users.$inferSelect;

/** better-auth types its results as open records; this is what they must have. */
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
  banBefore: z.string().nullable(),
  createdAt: z.date(),
  updatedAt: z.date(),
  organizationId: z.string().nullable(),
  manages: z.boolean(),
  banByManager: z.boolean(),
}) satisfies z.ZodType<UserRow>;
const sessionRow = z.object({ id: z.string(), expiresAt: z.date() });

interface LiveSession {
  id: string;
  expiresAt: Date;
  user: UserRow;
}

/** Sessions as better-auth stores them. Tokens are passed as their SHA-256; a usable one never comes here. */
export interface SessionStore {
  /** @throws when the user is banned: no session is written. */
  open(user: string, tokenHash: string, userAgent: string | null): Promise<string>;
  /** The session and its user as they are now, or null when it is unknown or has expired. */
  find(tokenHash: string, now: Date): Promise<LiveSession | null>;
  close(tokenHash: string): Promise<void>;
}

type Context = Parameters<typeof createInternalAdapter>[1];

/**
 * The fields that its admin plugin adds to a user. The plugin itself has fifteen routes, which exist here under other
 * names.
 */
const OPTIONS: Context["options"] = {
  session: { expiresIn: SESSION_SECONDS },
  advanced: { database: { generateId: newId } },
  user: {
    additionalFields: {
      role: { type: "string", required: false, input: false },
      banned: { type: "boolean", defaultValue: false, required: false, input: false },
      banReason: { type: "string", required: false, input: false },
      banExpires: { type: "date", required: false, input: false },
      banBefore: { type: "string", required: false, input: false },
      organizationId: { type: "string", required: false, input: false },
      manages: { type: "boolean", defaultValue: false, required: false, input: false },
      banByManager: { type: "boolean", defaultValue: false, required: false, input: false },
    },
  },
};

const silence = () => {};
/** Its log has e-mail addresses; important errors are in our own log. */
const NO_LOGGER: Context["logger"] = {
  level: "error",
  debug: silence,
  info: silence,
  success: silence,
  warn: silence,
  error: silence,
};

/**
 * better-auth's sessions over this request's database. Only its data layer is used: its endpoints, cookies and
 * redirects do not exist here and are not uploaded. It is made for each request because the database handle is (it
 * counts the request's statements). That costs little, and only identity routes need it.
 */
export function sessionStore(db: Database): SessionStore {
  const internalAdapter = createInternalAdapter(libraryAdapter(db, newId), {
    options: OPTIONS,
    logger: NO_LOGGER,
    generateId: newId,
    hooks: [
      {
        source: "user",
        hooks: {
          session: {
            create: {
              async before({ userId }) {
                const user = userRow.parse(await internalAdapter.findUserById(userId));
                if (!user.banned) return;
                if (user.banExpires === null || user.banExpires > new Date()) throw new Error("this user is banned");
                await internalAdapter.updateUser(userId, { banned: false, banReason: null, banExpires: null });
              },
            },
          },
        },
      },
    ],
  });

  return {
    async open(user, tokenHash, userAgent) {
      // With `overrideAll` (the last argument) better-auth keeps our token instead of making one.
      const session = await internalAdapter.createSession(user, false, { token: tokenHash, userAgent }, true);
      return sessionRow.parse(session).id;
    },
    async find(tokenHash, now) {
      const found = await internalAdapter.findSession(tokenHash);
      if (found === null) return null;
      const { id, expiresAt } = sessionRow.parse(found.session);
      return expiresAt > now ? { id, expiresAt, user: userRow.parse(found.user) } : null;
    },
    close: (tokenHash) => internalAdapter.deleteSession(tokenHash),
  };
}

/** Id of a new user, session or account: random, and of the characters every user id may have. */
export function newId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
