import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from "./attributes.ts";

// What this service says of itself (RFC 7643, sections 5 to 7).

const CORE = "urn:ietf:params:scim:schemas:core:2.0:";

export const SERVICE = {
  schemas: [`${CORE}ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Key",
      description: "A key with the scope scim, as a bearer token.",
      primary: true,
    },
  ],
};

export const RESOURCE_TYPES = [
  {
    schemas: [`${CORE}ResourceType`],
    id: "User",
    name: "User",
    endpoint: "/Users",
    schema: USER_SCHEMA,
    schemaExtensions: [{ schema: ENTERPRISE_SCHEMA, required: false }],
  },
  { schemas: [`${CORE}ResourceType`], id: "Group", name: "Group", endpoint: "/Groups", schema: GROUP_SCHEMA },
];

type Kind = "string" | "boolean" | "complex";

const attribute = (name: string, more: object = {}, type: Kind = "string") => ({
  name,
  type,
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
  uniqueness: "none",
  ...more,
});
const texts = (...names: string[]) => names.map((name) => attribute(name));
const VALUE = attribute("value", { required: true, caseExact: true });

export const SCHEMAS = [
  {
    schemas: [`${CORE}Schema`],
    id: USER_SCHEMA,
    name: "User",
    attributes: [
      attribute("userName", { required: true, uniqueness: "server" }),
      attribute("externalId", { caseExact: true }),
      attribute("name", { subAttributes: texts("formatted", "familyName", "givenName", "middleName") }, "complex"),
      ...texts("displayName", "title", "userType", "preferredLanguage", "locale", "timezone"),
      attribute("active", {}, "boolean"),
      attribute(
        "emails",
        {
          multiValued: true,
          required: true,
          subAttributes: [...texts("value", "type"), attribute("primary", {}, "boolean")],
        },
        "complex",
      ),
      attribute(
        "groups",
        { multiValued: true, mutability: "readOnly", subAttributes: [VALUE, attribute("display")] },
        "complex",
      ),
    ],
  },
  {
    schemas: [`${CORE}Schema`],
    id: ENTERPRISE_SCHEMA,
    name: "EnterpriseUser",
    attributes: texts("employeeNumber", "costCenter", "organization", "division", "department"),
  },
  {
    schemas: [`${CORE}Schema`],
    id: GROUP_SCHEMA,
    name: "Group",
    attributes: [
      // Rules name groups exactly as they are written.
      attribute("displayName", { required: true, uniqueness: "server", caseExact: true }),
      attribute("externalId", { caseExact: true }),
      attribute("members", { multiValued: true, subAttributes: [VALUE, attribute("type")] }, "complex"),
    ],
  },
];
