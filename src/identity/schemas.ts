import { z } from "@hono/zod-openapi";
import { broken } from "../platform/http/field-errors.ts";
import { pageQuery } from "../platform/http/pagination.ts";
import { userIdSchema } from "../platform/ids.ts";
import { instantSchema } from "../platform/instants.ts";
import { ROLES } from "../platform/roles.ts";
import { nameSchema } from "../platform/text.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords.ts";
import { isReservedId } from "./reserved-ids.ts";

/** Longest address that can be delivered to (RFC 5321 section 4.5.3.1.3). */
const MAX_EMAIL_LENGTH = 254;
const MAX_NAME_LENGTH = 100;
const MAX_REASON_LENGTH = 500;
/** Session tokens are 43 characters; a text of another length near it is accepted here and is an unknown token. */
const MAX_SESSION_TOKEN_LENGTH = 200;

export const emailSchema = z.email().max(MAX_EMAIL_LENGTH).toLowerCase().openapi({ example: "ada@example.org" });
const name = nameSchema(MAX_NAME_LENGTH).openapi({ example: "Ada Lovelace" });
/** Its strength is checked where the user's name and address are known: password-rules.ts. */
export const newPassword = z
  .string()
  .min(MIN_PASSWORD_LENGTH)
  .max(MAX_PASSWORD_LENGTH)
  .openapi({
    description: `${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters. It must be hard to guess, even for somebody who knows lists of passwords, your name and your address.`,
  });
export const knownPassword = z.string().min(1).max(MAX_PASSWORD_LENGTH);
const role = z.enum(ROLES).openapi({ example: "learner" });

// Every body is strict: an unknown field is refused by name, never ignored. So a `role` in a registration is an error
// that its sender sees, and never becomes a right.

export const signUpBody = z.strictObject({ email: emailSchema, name, password: newPassword });
export const signInBody = z.strictObject({
  email: emailSchema,
  password: knownPassword,
  device_token: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .openapi({ description: "What this browser got when it was trusted: no code is asked for." }),
});
export const sessionTokenBody = z.strictObject({ session_token: z.string().min(1).max(MAX_SESSION_TOKEN_LENGTH) });
export const changePasswordBody = z.strictObject({ password: knownPassword, new_password: newPassword });
export const eraseUserBody = z.strictObject({
  password: knownPassword.optional().openapi({ description: "Your own; needed to erase yourself." }),
});
export const listUsersQuery = z.object({
  ...pageQuery,
  role: role.optional(),
  search: z
    .string()
    .trim()
    .min(2)
    .max(MAX_NAME_LENGTH)
    .optional()
    .openapi({ description: "The beginning of a name, an e-mail address or an id. Of each, the first 500 are found." }),
  banned: z
    .enum(["true", "false"])
    .optional()
    .openapi({ description: "True: only banned users. False: only users who are not banned." }),
});
export const createUserBody = z.strictObject({
  id: userIdSchema
    .refine(
      (id) => !isReservedId(id),
      broken("reserved_id", "ids that begin with key_, and the id bootstrap, are reserved"),
    )
    .optional()
    .openapi({ description: "Default: a random one." }),
  email: emailSchema,
  name,
  role,
  password: newPassword.optional().openapi({ description: "Without it, the user cannot sign in by password." }),
});
const banBody = z.strictObject({
  reason: z.string().trim().min(1).max(MAX_REASON_LENGTH),
  until: instantSchema.optional().openapi({ description: "Default: until an admin ends the ban." }),
});
export const updateUserBody = z
  .strictObject({
    name: name.optional(),
    role: role.optional().openapi({ description: "Admins only." }),
    ban: banBody.nullable().optional().openapi({ description: "Admins only. Null ends a ban." }),
  })
  .refine((body) => Object.keys(body).length > 0, broken("nothing_named", "at least one field must be given"));

const MAX_SECRET_LENGTH = 500;
export const bootstrapBody = z.strictObject({
  secret: z.string().min(1).max(MAX_SECRET_LENGTH).openapi({ description: "BOOTSTRAP_SECRET of the deployment." }),
  account: z
    .strictObject({ email: emailSchema, name, password: newPassword })
    .optional()
    .openapi({ description: "The first administrator. Without it, you get a token to restore a backup." }),
});
export type Bootstrap = z.infer<typeof bootstrapBody>;

export const bootstrapView = z
  .object({
    user: z
      .lazy(() => userView)
      .nullable()
      .openapi({ description: "The first administrator, who signs in now." }),
    restore_token: z
      .string()
      .nullable()
      .openapi({ description: "Valid for a day, only to restore a backup and to read the result." }),
  })
  .openapi("Bootstrapped");

export type SignIn = z.infer<typeof signInBody>;
export type CreateUser = z.infer<typeof createUserBody>;
export type ListUsers = z.infer<typeof listUsersQuery>;
export type UpdateUser = z.infer<typeof updateUserBody>;

export const userView = z
  .object({
    id: userIdSchema,
    email: z
      .string()
      .nullable()
      .openapi({ description: "Null: the user has no account here and signs in with another provider." }),
    name: z.string(),
    role,
    ban: z.object({ reason: z.string(), until: z.string().nullable() }).nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("User");
export type UserView = z.infer<typeof userView>;

export const accessView = z
  .object({
    access_token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.int().openapi({ description: "Seconds." }),
    user: userView,
  })
  .openapi("Access");
export type AccessView = z.infer<typeof accessView>;

export const signedInView = accessView
  .extend({
    session_token: z
      .string()
      .openapi({ description: "Exchanged at /auth/token for new access tokens. Shown once; keep it secret." }),
  })
  .openapi("SignedIn");
export type SignedInView = z.infer<typeof signedInView>;

export const acceptedView = z.object({ status: z.literal("accepted"), detail: z.string() }).openapi("SignUpAccepted");

export const sessionView = z
  .object({
    id: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    user_agent: z.string().nullable(),
    current: z.boolean().openapi({ description: "The session to which the token of this request belongs." }),
  })
  .openapi("Session");
export type SessionView = z.infer<typeof sessionView>;

export const endedView = z
  .object({ ended: z.int().openapi({ description: "How many sessions ended." }) })
  .openapi("EndedSessions");
