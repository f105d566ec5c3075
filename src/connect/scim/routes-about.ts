import { z } from "@hono/zod-openapi";

import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { refuse } from "../../platform/results.ts";
import { RESOURCE_TYPES, SCHEMAS, SERVICE } from "./about.ts";
import { listOf, listSchema, refused, resourceSchema, SCIM_ERRORS, scimAnswer, scimJson } from "./answers.ts";
import { BY_DIRECTORY, TAGS } from "./common.ts";

const LIST = { ...SCIM_ERRORS, 200: { description: "All of them.", content: scimJson(listSchema) } };
const ONE = { ...SCIM_ERRORS, 200: { description: "It.", content: scimJson(resourceSchema) } };
const params = z.object({ id: z.string().min(1).max(200) });
const NONE = refuse("not_found");

const about = { method: "get", tags: TAGS } as const;
const serviceRoute = defineRoute(BY_DIRECTORY, {
  ...about,
  path: "/scim/v2/ServiceProviderConfig",
  operationId: "getScimService",
  summary: "What this service can do of SCIM 2.0",
  responses: ONE,
});
const typesRoute = defineRoute(BY_DIRECTORY, {
  ...about,
  path: "/scim/v2/ResourceTypes",
  operationId: "listScimResourceTypes",
  summary: "Kinds of resources (SCIM 2.0)",
  responses: LIST,
});
const typeRoute = defineRoute(
  { ...BY_DIRECTORY, refuses: ["not_found"] },
  {
    ...about,
    path: "/scim/v2/ResourceTypes/{id}",
    operationId: "getScimResourceType",
    summary: "One kind of resources (SCIM 2.0)",
    request: { params },
    responses: ONE,
  },
);
const schemasRoute = defineRoute(BY_DIRECTORY, {
  ...about,
  path: "/scim/v2/Schemas",
  operationId: "listScimSchemas",
  summary: "Attributes that are kept (SCIM 2.0)",
  responses: LIST,
});
const schemaRoute = defineRoute(
  { ...BY_DIRECTORY, refuses: ["not_found"] },
  {
    ...about,
    path: "/scim/v2/Schemas/{id}",
    operationId: "getScimSchema",
    summary: "Attributes of one schema that are kept (SCIM 2.0)",
    request: { params },
    responses: ONE,
  },
);

/** What a directory asks before anything else. */
export function scimAboutRoutes() {
  return newRouter()
    .openapi(serviceRoute, () => scimAnswer(SERVICE))
    .openapi(typesRoute, () => scimAnswer(listOf(RESOURCE_TYPES, RESOURCE_TYPES.length, 1)))
    .openapi(typeRoute, (c) => {
      const one = RESOURCE_TYPES.find(({ id }) => id === c.req.valid("param").id);
      return one === undefined ? refused(c, NONE.refusal) : scimAnswer(one);
    })
    .openapi(schemasRoute, () => scimAnswer(listOf(SCHEMAS, SCHEMAS.length, 1)))
    .openapi(schemaRoute, (c) => {
      const one = SCHEMAS.find(({ id }) => id === c.req.valid("param").id);
      return one === undefined ? refused(c, NONE.refusal) : scimAnswer(one);
    });
}
