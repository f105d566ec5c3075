import { z } from "@hono/zod-openapi";
import { toInstant } from "../../platform/instants.ts";
import { nameSchema } from "../../platform/text.ts";

/** Organisations of one installation: an admin's page lists them all at once. */
export const MAX_ORGANIZATIONS = 1_000;
const MAX_NAME = 100;

/** The id of an organisation, which an admin chooses. */
export const organizationIdSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, "lower-case letters, digits and inner dashes, at most 64 characters")
  .openapi({ example: "north-school" });
export const organizationParam = z.object({ organization: organizationIdSchema });

export const organizationView = z
  .object({ id: z.string(), name: z.string(), created_at: z.string() })
  .openapi("Organization");
export const newOrganization = z
  .strictObject({ name: nameSchema(MAX_NAME).openapi({ example: "North School" }) })
  .openapi("OrganizationRequest");

export interface OrganizationRow {
  id: string;
  name: string;
  created_at: number;
}

export function viewOf({ id, name, created_at }: OrganizationRow): z.output<typeof organizationView> {
  return { id, name, created_at: toInstant(created_at) };
}
