import { z } from "zod";
import { callService, jsonIn, MEMBERS_SCOPE, ServiceFault } from "./services.ts";
import type { Platform } from "./tables.ts";

// The members of a course of a platform, page after page (Names and Role Provisioning Services 2.0, section 2).

const TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";
/** Pages and people of one reading. */
const MAX_PAGES = 500;
const MAX_MEMBERS = 25_000;

const memberSchema = z.looseObject({
  user_id: z.string().min(1).max(255),
  status: z.string().nullish(),
  roles: z.array(z.string().max(2_000)).max(100),
  name: z.string().max(5_000).nullish(),
  given_name: z.string().max(5_000).nullish(),
  family_name: z.string().max(5_000).nullish(),
});
const containerSchema = z.looseObject({ members: z.array(memberSchema) });

export interface Member {
  subject: string;
  isActive: boolean;
  roles: readonly string[];
  name: string | null;
}

export interface MemberList {
  members: Member[];
  /** Where what changes from now on will be said; null: nowhere. */
  differences: string | null;
}

/** The address of a relation in a Link header (RFC 8288); null where there is none. */
export function linkIn(header: string | null, relation: string, base: string): string | null {
  for (const [, address = "", parameters = ""] of (header ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    const named = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters);
    const relations = (named?.[1] ?? named?.[2] ?? "").toLowerCase().split(/\s+/);
    if (relations.includes(relation)) return URL.parse(address, base)?.href ?? null;
  }
  return null;
}

/**
 * Reads all members, or all that have changed.
 * @throws ServiceFault where the platform does not answer as the standard says. Half a list is no list.
 */
export async function readMembers(env: Env, platform: Platform, address: string, now: number): Promise<MemberList> {
  const members: Member[] = [];
  const { origin } = new URL(address);
  let next: string | null = address;
  let differences: string | null = null;
  for (let pages = 0; next !== null; pages += 1) {
    if (pages === MAX_PAGES) throw new ServiceFault("too_many_pages");
    // The token is for the server that the launch named.
    if (new URL(next).origin !== origin) throw new ServiceFault("page_elsewhere");
    const answer = await callService(
      env,
      platform,
      MEMBERS_SCOPE,
      next,
      { method: "GET", headers: { accept: TYPE } },
      now,
    );
    if (answer.status !== 200) throw new ServiceFault(`members_refused: ${answer.status}`);
    const read = containerSchema.safeParse(jsonIn(answer));
    if (!read.success) throw new ServiceFault("members_unreadable");
    for (const { user_id, status, roles, name, given_name, family_name } of read.data.members) {
      const parts = [given_name, family_name].map((part) => part?.trim() ?? "").filter((part) => part !== "");
      members.push({
        subject: user_id,
        // Whose status is not said is active (section 2.2).
        isActive: status == null || status.toLowerCase() === "active",
        roles,
        name: name?.trim() || parts.join(" ") || null,
      });
    }
    if (members.length > MAX_MEMBERS) throw new ServiceFault("too_many_members");
    const header = answer.headers.get("link");
    differences = linkIn(header, "differences", next) ?? differences;
    next = linkIn(header, "next", next);
  }
  return { members, differences };
}
