import { z } from "@hono/zod-openapi";
import type { DeclaredRefusal } from "../../platform/http/declared-refusals.ts";
import { MAX_TOKEN } from "../../platform/signed-ids.ts";
import { nameSchema } from "../../platform/text.ts";
import { emailSchema, knownPassword, newPassword, signedInView } from "../schemas.ts";

/** Longest code: a backup code with its lines and some spaces. */
const MAX_CODE = 40;
const MAX_PASSKEY_NAME = 60;
/** Characters of one part of a passkey's answer: the largest keys and identifiers are a few thousand. */
const MAX_PART = 8_000;

const token = z.string().min(1).max(MAX_TOKEN);
const code = z
  .string()
  .min(1)
  .max(MAX_CODE)
  .openapi({ description: "Six digits of the app, or a backup code.", example: "123456" });
const deviceToken = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .openapi({ description: "What this browser got when it was trusted: no code is asked for." });
/** Who has a password gives it; who has none needs a session that has just begun. */
const proof = knownPassword.optional().openapi({
  description: "Your password. Without one, your session must be at most 15 minutes old.",
});

export const emailBody = z.strictObject({ email: emailSchema });
export const recoverBody = z.strictObject({ token, new_password: newPassword });
export const linkBody = z.strictObject({ token, device_token: deviceToken });
export const tokenBody = z.strictObject({ token });
export const changeEmailBody = z.strictObject({ email: emailSchema, password: proof });
export const proofBody = z.strictObject({ password: proof });
export const codeBody = z.strictObject({ code });
export const stepBody = z.strictObject({
  challenge: token,
  code,
  trust_device: z.boolean().default(false).openapi({ description: "Ask this browser for no code for some days." }),
});

export const waysView = z
  .object({
    recovery: z.boolean(),
    sign_in_links: z.boolean(),
    passkeys: z.boolean(),
    second_factor: z.boolean(),
    trusted_device_days: z.number().openapi({ description: "0: no browser is trusted." }),
  })
  .openapi("SignInWays");

const setUpView = z
  .object({
    secret: z.string().openapi({ description: "For typing (Base32)." }),
    uri: z.string().openapi({ description: "For the camera of the app, as a QR code." }),
  })
  .openapi("SecondFactorSetUp");
export const setUpAnswer = setUpView;
export const codesView = z
  .object({ backup_codes: z.array(z.string()).openapi({ description: "Each is good once. Shown this once." }) })
  .openapi("BackupCodes");

/** What the refusal says to whoever has shown a password and must show a code. */
export const STEP_REQUIRED = {
  code: "second_factor_required",
  name: "SecondFactorProblem",
  members: {
    challenge: z.string().openapi({ description: "For /auth/sign-in/second-factor." }),
    expires_in: z.int().openapi({ description: "Seconds." }),
    setup: setUpView
      .nullable()
      .openapi({ description: "Your role must have a second factor: set it up in an app, and answer with its code." }),
  },
} as const satisfies DeclaredRefusal;

export const steppedInView = signedInView
  .extend({
    device_token: z.string().nullable().openapi({ description: "For the next sign-in of this browser." }),
    backup_codes: z
      .array(z.string())
      .nullable()
      .openapi({ description: "Where the second factor was set up by this. Shown this once." }),
  })
  .openapi("SteppedIn");

export const passkeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    synced: z.boolean().openapi({ description: "Its owner's other devices have it too." }),
  })
  .openapi("Passkey");

const deviceView = z
  .object({ id: z.string(), user_agent: z.string().nullable(), created_at: z.string(), expires_at: z.string() })
  .openapi("TrustedDevice");

export const accountView = z
  .object({
    email_verified: z.boolean(),
    has_password: z.boolean(),
    second_factor: z.object({
      enabled: z.boolean(),
      required: z.boolean().openapi({ description: "Your role must have one." }),
      backup_codes_left: z.int(),
    }),
    passkeys: z.array(passkeyView),
    devices: z.array(deviceView).openapi({ description: "Browsers that are asked for no code." }),
  })
  .openapi("Account");

const part = z.string().min(1).max(MAX_PART);
const credentialFields = {
  id: part,
  rawId: part,
  type: z.literal("public-key"),
  authenticatorAttachment: z.enum(["cross-platform", "platform"]).optional(),
  clientExtensionResults: z.looseObject({}).default({}),
};
/** As browsers write it (`PublicKeyCredential.toJSON()`); what they add to it is not looked at. */
const madeCredential = z
  .looseObject({
    ...credentialFields,
    response: z.looseObject({
      clientDataJSON: part,
      attestationObject: part,
      transports: z.array(z.string().max(30)).max(10).optional(),
    }),
  })
  .openapi("PasskeyRegistration");
const shownCredential = z
  .looseObject({
    ...credentialFields,
    response: z.looseObject({
      clientDataJSON: part,
      authenticatorData: part,
      signature: part,
      userHandle: z.string().max(MAX_PART).nullable().optional(),
    }),
  })
  .openapi("PasskeyAssertion");

export const addPasskeyBody = z.strictObject({
  challenge: token,
  name: nameSchema(MAX_PASSKEY_NAME).openapi({ example: "My phone" }),
  credential: madeCredential,
});
export const passkeySignInBody = z.strictObject({ challenge: token, credential: shownCredential });
/** Options are the browser's business: it takes them whole. */
export const optionsView = z
  .object({
    challenge: z.string().openapi({ description: "Comes back with the browser's answer." }),
    options: z.looseObject({}).openapi({ description: "For `PublicKeyCredential.parse…OptionsFromJSON()`." }),
  })
  .openapi("PasskeyOptions");
