import { z } from "@hono/zod-openapi";
import { broken } from "../../platform/http/field-errors.ts";
import { nameSchema } from "../../platform/text.ts";

// What an operator says about a provider. Shapes only.

/** Providers of an installation: a page shows a button for each. */
export const MAX_PROVIDERS = 20;
/** Values of a claim that mean a role. */
const MAX_VALUES = 100;
const MAX_CLAIM = 200;
const MAX_SCOPES = 500;
const MAX_CLIENT = 500;

/** Roles that a provider may give. Services hold keys. */
export const GIVEN_ROLES = ["learner", "author", "admin"] as const;
export type GivenRole = (typeof GIVEN_ROLES)[number];

export const providerNameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and inner dashes, at most 40 characters")
  .refine((name) => name !== "scim", broken("reserved_id", "the name scim is that of the directory"))
  .openapi({ example: "school" });

const claim = z.string().trim().min(1).max(MAX_CLAIM);
const claimsSchema = z.strictObject({
  id: claim.default("sub").describe("Who somebody is. It must never name somebody else later."),
  email: claim.default("email"),
  email_verified: claim.default("email_verified").describe("Says true where the address was shown to be theirs."),
  name: claim.default("name"),
  role: claim.nullable().default(null).describe("Null: the provider gives no roles."),
  groups: claim.nullable().default(null).describe("Null: the provider gives no places in courses."),
});

export const settingsSchema = z.strictObject({
  scopes: z
    .string()
    .max(MAX_SCOPES)
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, "scopes separated by single spaces (RFC 6749)")
    .refine((scopes) => scopes.split(" ").includes("openid"), broken("openid_missing", "the scope openid is needed"))
    .default("openid email profile"),
  claims: claimsSchema.prefault({}),
  roles: z
    .array(z.strictObject({ value: z.string().min(1).max(MAX_CLAIM), role: z.enum(GIVEN_ROLES) }))
    .max(MAX_VALUES)
    .default([])
    .describe("What a value of the claim `role` means. Of several, the highest counts; of none, learner."),
  new_accounts: z
    .enum(["verified", "any", "none"])
    .default("verified")
    .describe("Who gets an account at the first sign-in: whose address is verified, everybody, nobody."),
  link: z
    .boolean()
    .default(false)
    .describe(
      "Lets somebody into the account of the same address, if the provider and this service have both verified it.",
    ),
});
export type ProviderSettings = z.output<typeof settingsSchema>;

export const providerBody = z
  .strictObject({
    label: nameSchema(60).describe("On the button."),
    issuer: z.string().min(1).max(500).describe("Its discovery document is below /.well-known/openid-configuration."),
    client_id: z.string().min(1).max(MAX_CLIENT),
    client_secret: z
      .string()
      .min(1)
      .max(2_000)
      .regex(/^[\x20-\x7e]+$/, "printable ASCII")
      .nullable()
      .optional()
      .describe("Stored encrypted, never shown. Left out: stays, unless the issuer is another; null: removed."),
    sign_in: z.boolean().default(true).describe("People sign in with it."),
    audience: z
      .string()
      .min(1)
      .max(500)
      .nullable()
      .default(null)
      .describe("Its tokens for this audience are accepted on the API. Null: none are."),
    top_role: z.enum(GIVEN_ROLES).default("learner").describe("Nobody comes by it who has a higher role."),
    settings: settingsSchema.prefault({}),
  })
  .openapi("IdentityProviderRequest");

export const providerView = z
  .object({
    name: z.string(),
    label: z.string(),
    issuer: z.string(),
    client_id: z.string(),
    has_secret: z.boolean(),
    sign_in: z.boolean(),
    audience: z.string().nullable(),
    top_role: z.enum(GIVEN_ROLES),
    settings: settingsSchema,
    redirect_uri: z.string().nullable().openapi({
      description: "To be registered at the provider. Null: set PUBLIC_URL first; until then, nobody signs in.",
    }),
    last_sign_in_at: z.string().nullable(),
    last_failure_at: z.string().nullable(),
    last_failure: z.string().nullable().openapi({ description: "Which rule of which claim or step." }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("IdentityProvider");

export const buttonsView = z
  .object({ results: z.array(z.object({ name: z.string(), label: z.string() })) })
  .openapi("SignOnButtons");

/** A sealed flow: some hundred characters. */
const MAX_FLOW = 2_000;
const MAX_CODE = 4_000;

export const begunView = z
  .object({
    url: z.string().openapi({ description: "Open it in the same tab." }),
    flow: z.string().openapi({ description: "Keep it in the tab, and send it with what the provider answers." }),
  })
  .openapi("SignOnBegun");
export const completeBody = z
  .strictObject({
    flow: z.string().min(1).max(MAX_FLOW),
    answer: z
      .string()
      .min(1)
      .max(MAX_CODE)
      .openapi({ description: "The query of the address the provider sent the browser to, as it stands there." }),
    device_token: z.string().min(1).max(100).optional(),
  })
  .openapi("SignOnAnswer");
