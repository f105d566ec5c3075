import { z } from "zod";

// What a launch says (LTI 1.3 core, sections 5.3 and 5.4; Deep Linking 2.0, section 4.4). Claims that a platform sends as null
// it means as absent.

const LTI = "https://purl.imsglobal.org/spec/lti/claim";

/** Longest values: the standard says 255 for ids, and leaves others open. */
const MAX_ID = 255;
const MAX_URL = 2_000;
const MAX_ROLES = 100;
const MAX_TEXT = 5_000;

const id = z.string().min(1).max(MAX_ID);
const url = z.string().min(1).max(MAX_URL);
const text = z.string().max(MAX_TEXT).nullish();

/** The claims that are read, by the names they have here. */
const NAMES = {
  sub: "sub",
  nonce: "nonce",
  name: "name",
  given_name: "given_name",
  family_name: "family_name",
  version: `${LTI}/version`,
  deployment_id: `${LTI}/deployment_id`,
  message_type: `${LTI}/message_type`,
  target_link_uri: `${LTI}/target_link_uri`,
  resource_link: `${LTI}/resource_link`,
  roles: `${LTI}/roles`,
  context: `${LTI}/context`,
  custom: `${LTI}/custom`,
  scores: "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint",
  members: "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice",
  choice: "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings",
} as const;

const said = {
  sub: id,
  nonce: z.string().min(1).max(500),
  name: text,
  given_name: text,
  family_name: text,
  version: z.literal("1.3.0"),
  deployment_id: id,
  roles: z.array(z.string().max(MAX_URL)).max(MAX_ROLES),
  context: z.looseObject({ id, title: text, label: text }).nullish(),
  custom: z.record(z.string(), z.unknown()).nullish(),
  scores: z
    .looseObject({ scope: z.array(z.string()).max(20), lineitems: url.nullish(), lineitem: url.nullish() })
    .nullish(),
  members: z.looseObject({ context_memberships_url: url }).nullish(),
};
const claimsSchema = z.discriminatedUnion("message_type", [
  z.looseObject({
    ...said,
    message_type: z.literal("LtiResourceLinkRequest"),
    target_link_uri: url,
    resource_link: z.looseObject({ id, title: text }),
  }),
  z.looseObject({
    ...said,
    message_type: z.literal("LtiDeepLinkingRequest"),
    choice: z.looseObject({
      deep_link_return_url: url,
      accept_types: z.array(z.string().max(100)).max(50),
      accept_multiple: z.boolean().nullish(),
      accept_lineitem: z.boolean().nullish(),
      data: z.string().max(20_000).nullish(),
    }),
  }),
]);

interface Said {
  subject: string;
  nonce: string;
  name: string | null;
  deployment: string;
  roles: readonly string[];
  context: { id: string; title: string | null } | null;
  /** Parameters that were set for the link. */
  custom: { course: string | null; item: string | null };
  scores: { scopes: readonly string[]; lineitems: string | null; lineitem: string | null } | null;
  /** Where the members of the platform's course are listed. */
  members: string | null;
}
export type LinkLaunch = Said & { kind: "link"; target: string; link: string };
export type ChoiceLaunch = Said & {
  kind: "choice";
  back: string;
  accepts: readonly string[];
  many: boolean;
  /** Whether the platform takes a column of its gradebook along; it does unless it says no. */
  graded: boolean;
  data: string | null;
};
/** A launch of a link, or a teacher's wish to choose what a link will open. */
export type Launch = LinkLaunch | ChoiceLaunch;

/**
 * Reads the claims of a token whose signature is genuine.
 * @returns the launch, or the name of the first claim that is missing or has another form than the standard's.
 */
export function launchOf(payload: Readonly<Record<string, unknown>>): { launch: Launch } | { fault: string } {
  const short = Object.fromEntries(Object.entries(NAMES).map(([own, name]) => [own, payload[name]]));
  const read = claimsSchema.safeParse(short);
  if (!read.success) {
    const first = String(read.error.issues[0]?.path[0] ?? "sub");
    const name = Object.entries(NAMES).find(([own]) => own === first)?.[1];
    return { fault: name ?? first };
  }
  const claims = read.data;
  const parts = [claims.given_name, claims.family_name].map((part) => part?.trim() ?? "").filter((part) => part !== "");
  const parameter = (name: string) => {
    const value = claims.custom?.[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const common: Said = {
    subject: claims.sub,
    nonce: claims.nonce,
    name: claims.name?.trim() || parts.join(" ") || null,
    deployment: claims.deployment_id,
    roles: claims.roles,
    context: claims.context == null ? null : { id: claims.context.id, title: claims.context.title ?? null },
    custom: { course: parameter("course"), item: parameter("item") },
    scores:
      claims.scores == null
        ? null
        : {
            scopes: claims.scores.scope,
            lineitems: claims.scores.lineitems ?? null,
            lineitem: claims.scores.lineitem ?? null,
          },
    members: claims.members?.context_memberships_url ?? null,
  };
  if (claims.message_type === "LtiResourceLinkRequest") {
    return { launch: { ...common, kind: "link", target: claims.target_link_uri, link: claims.resource_link.id } };
  }
  const { deep_link_return_url, accept_types, accept_multiple, accept_lineitem, data } = claims.choice;
  return {
    launch: {
      ...common,
      kind: "choice",
      back: deep_link_return_url,
      accepts: accept_types,
      many: accept_multiple ?? false,
      graded: accept_lineitem ?? true,
      data: data ?? null,
    },
  };
}
