import { directory } from "../../platform/database/shards.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { managedOrganization, organizationById } from "../statements.ts";
import type { OrganizationRow } from "./shapes.ts";

export const ADMIN_RULE = "Admins.";
export const MANAGER_RULE = "Admins, and managers of the organisation.";
const NO_ORGANIZATION = refuse("not_found", { detail: "There is no such organisation." });

/** The organisation whose people the caller manages; null: none. Asked anew each time: a right that was taken is gone. */
export async function managedBy(c: AppContext): Promise<string | null> {
  const row = await managedOrganization(directory(c.env), actorOf(c).id).first<{ organization_id: string }>();
  return row?.organization_id ?? null;
}

/** An organisation, for admins and its managers. For everybody else there is none. */
export async function organizationFor(c: AppContext, id: string): Promise<Result<OrganizationRow>> {
  if (actorOf(c).role !== "admin" && (await managedBy(c)) !== id) return NO_ORGANIZATION;
  return organizationNamed(c, id);
}

/** An organisation, for whoever may name any. */
export async function organizationNamed(c: AppContext, id: string): Promise<Result<OrganizationRow>> {
  const row = await organizationById(directory(c.env), id).first<OrganizationRow>();
  return row === null ? NO_ORGANIZATION : ok(row);
}
