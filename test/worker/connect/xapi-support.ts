import { exports } from "cloudflare:workers";
import { z } from "zod";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { API, call, read } from "../../support/worker/http.ts";
import { admin, author, ladder } from "../../support/worker/learners.ts";

export const ADL = "http://adlnet.gov/expapi/verbs/";
export const ACTIVITY = "https://content.example.org/one";
const keySchema = z.object({ key: z.string() });
const statementSchema = z.looseObject({ id: z.string(), stored: z.string(), verb: z.object({ id: z.string() }) });
export const pageSchema = z.object({ statements: z.array(statementSchema), more: z.string() });
export const idsSchema = z.array(z.string());
export const storeSchema = z.looseObject({
  on: z.boolean(),
  statements: z.number(),
  last_refused: z.looseObject({ code: z.string() }).nullable(),
  newest: z.array(z.looseObject({ id: z.string(), fact: z.string().nullable() })),
});

export interface Options {
  method?: string;
  body?: unknown;
  /** A body that is no JSON. */
  raw?: Uint8Array | string;
  headers?: Record<string, string>;
  version?: string;
  key?: string;
}

/** A course with its store, a learner, and a key of the store. */
export async function store(settings: object = {}, make: typeof ladder = ladder) {
  const slug = freshSlug("xapi");
  await publish(make(slug));
  await enroll(slug, "ada");
  const items = { [ACTIVITY]: { item: `${slug}.one` } };
  const path = `/courses/${slug}/xapi`;
  const set = await call("PUT", path, { token: await author(), body: { on: true, items, ...settings } });
  await read(set, 200, storeSchema);
  const body = { name: "content", scopes: ["xapi"], courses: [slug] };
  const { key } = await read(await call("POST", "/keys", { token: await admin(), body }), 201, keySchema);
  /** A request as record-store clients send it: the key as a password. */
  const send = (
    resource: string,
    { method = "GET", body: sent, raw, headers = {}, version = "1.0.3", ...rest }: Options = {},
  ) =>
    exports.default.fetch(
      new Request(`${API}/xapi/${slug}/${resource}`, {
        method,
        headers: {
          authorization: `Basic ${btoa(`content:${rest.key ?? key}`)}`,
          ...(version === "" ? {} : { "x-experience-api-version": version }),
          ...(sent === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
        ...(raw === undefined ? {} : { body: raw }),
      }),
    );
  const post = async (statements: unknown) =>
    read(await send("statements", { method: "POST", body: statements }), 200, idsSchema);
  const found = async (query: string) =>
    (await read(await send(`statements?${query}`), 200, pageSchema)).statements.map(({ id }) => id);
  const seen = async () => read(await call("GET", path, { token: await author() }), 200, storeSchema);
  return { slug, key, send, post, found, seen, path };
}

export const account = (name: string) => ({ account: { homePage: "http://latchkey.test/", name } });
export const said = (verb: string, actor: object = account("ada"), rest: object = {}) => ({
  actor,
  verb: { id: verb.includes(":") ? verb : ADL + verb },
  object: { id: ACTIVITY },
  ...rest,
});
export const query = (parameters: Record<string, string>) => String(new URLSearchParams(parameters));
