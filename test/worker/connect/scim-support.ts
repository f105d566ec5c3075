import { exports } from "cloudflare:workers";
import { z } from "zod";
import { API, call, read, tokenOf } from "../../support/worker/http.ts";

export const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** A key as an admin makes it for a directory. */
export async function directoryKey(): Promise<string> {
  const body = { name: "directory", scopes: ["scim"], courses: "all", expires_in_days: 30 };
  const made = await call("POST", "/keys", { body, token: await tokenOf("root", "admin") });
  return (await read(made, 201, z.object({ key: z.string() }).loose())).key;
}

/** A request as a directory sends it. */
export function scim(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return exports.default.fetch(
    new Request(`${API}/scim/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept: "application/scim+json",
        "cf-connecting-ip": crypto.randomUUID(),
        ...(body === undefined ? {} : { "content-type": "application/scim+json; charset=utf-8" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

export const resource = z.looseObject({
  id: z.string(),
  schemas: z.array(z.string()),
  meta: z.looseObject({ version: z.string(), location: z.string(), resourceType: z.string() }),
});
export const list = z.looseObject({
  schemas: z.array(z.string()),
  totalResults: z.int(),
  startIndex: z.int(),
  itemsPerPage: z.int(),
  Resources: z.array(resource),
});

export const patch = (...Operations: object[]) => ({ schemas: [PATCH], Operations });

export function person(more: object = {}) {
  const name = `p${crypto.randomUUID().slice(0, 12)}`;
  return {
    schemas: [USER],
    userName: `${name}@school.example`,
    externalId: crypto.randomUUID(),
    name: { givenName: "Grace", familyName: "Hopper" },
    emails: [{ value: `${name}@school.example`, type: "work", primary: true }],
    active: true,
    ...more,
  };
}

export async function created(key: string, more: object = {}) {
  return read(await scim(key, "POST", "/Users", person(more)), 201, resource);
}

/** The error of an answer, in the form of RFC 7644. */
export async function fault(answer: Response, status: number) {
  const error = await read(
    answer,
    status,
    z.object({ schemas: z.array(z.string()), status: z.string(), scimType: z.string().optional(), detail: z.string() }),
  );
  if (answer.headers.get("content-type") !== "application/scim+json") throw new Error("not an error of SCIM");
  if (error.status !== String(status)) throw new Error(`${status} says ${error.status}`);
  return error.scimType;
}
