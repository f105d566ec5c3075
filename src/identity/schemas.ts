import { z } from "@hono/zod-openapi";
import { userIdSchema } from "../shared/ids.ts";
import { instantSchema } from "../shared/instants.ts";
import { pageQuery } from "../shared/pagination.ts";
import { ROLES } from "../shared/roles.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords.ts";

/** Longest address that can be delivered to (RFC 5321 section 4.5.3.1.3). */
const MAX_EMAIL_LENGTH = 254;
const MAX_NAME_LENGTH = 100;
const MAX_REASON_LENGTH = 500;
/** Session tokens are 43 characters; anything near may be asked about and is simply unknown. */
const MAX_SESSION_TOKEN_LENGTH = 200;

const email = z.email().max(MAX_EMAIL_LENGTH).toLowerCase().openapi({ example: "ada@example.org" });
const name = z
  .string()
  .trim()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(/^\P{Cc}*$/u, "no control characters")
  .openapi({ example: "Ada Lovelace" });
const newPassword = z
  .string()
  .min(MIN_PASSWORD_LENGTH)
  .max(MAX_PASSWORD_LENGTH)
  .openapi({ description: `${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters.` });
const knownPassword = z.string().min(1).max(MAX_PASSWORD_LENGTH);
const role = z.enum(ROLES).openapi({ example: "learner" });

// Every body is strict: a field that is not listed is refused by name, never ignored. So a `role` in a registration is
// an error its sender sees, not a wish that might be granted.

export const signUpBody = z.strictObject({ email, name, password: newPassword });
export const signInBody = z.strictObject({ email, password: knownPassword });
export const sessionTokenBody = z.strictObject({ session_token: z.string().min(1).max(MAX_SESSION_TOKEN_LENGTH) });
export const changePasswordBody = z.strictObject({ password: knownPassword, new_password: newPassword });
export const eraseUserBody = z.strictObject({
  password: knownPassword.optional().openapi({ description: "Your own; needed to erase yourself." }),
});
export const listUsersQuery = z.object({
  ...pageQuery,
  role: role.optional(),
  banned: z.enum(["true", "false"]).optional().openapi({ description: "Only who is banned now, or only who is not." }),
});
export const createUserBody = z.strictObject({
  id: userIdSchema.optional().openapi({ description: "Default: a random one." }),
  email,
  name,
  role,
  password: newPassword.optional().openapi({ description: "Without one the user cannot sign in by password." }),
});
export const banBody = z.strictObject({
  reason: z.string().trim().min(1).max(MAX_REASON_LENGTH),
  until: instantSchema.optional().openapi({ description: "Default: until lifted." }),
});
export const updateUserBody = z
  .strictObject({
    name: name.optional(),
    role: role.optional().openapi({ description: "Admins only." }),
    ban: banBody.nullable().optional().openapi({ description: "Admins only. Null lifts a ban." }),
  })
  .refine((body) => Object.keys(body).length > 0, { error: "at least one field must be given" });

export type SignUp = z.infer<typeof signUpBody>;
export type SignIn = z.infer<typeof signInBody>;
export type CreateUser = z.infer<typeof createUserBody>;
export type ListUsers = z.infer<typeof listUsersQuery>;
export type UpdateUser = z.infer<typeof updateUserBody>;

export const userView = z
  .object({
    id: userIdSchema,
    email: z.string(),
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

export const sessionView = z
  .object({
    id: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    user_agent: z.string().nullable(),
    current: z.boolean().openapi({ description: "The session this request's token belongs to." }),
  })
  .openapi("Session");
export type SessionView = z.infer<typeof sessionView>;

export const endedView = z
  .object({ ended: z.int().openapi({ description: "How many sessions ended." }) })
  .openapi("EndedSessions");
