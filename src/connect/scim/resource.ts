import { directory } from "../../platform/database/shards.ts";
import { type PassedOn, passOn } from "../../platform/http/answers.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import type { Result } from "../../platform/results.ts";
import {
  etagOf,
  isKnownVersion,
  isOtherVersion,
  listOf,
  listSchema,
  locationOf,
  refused,
  resourceSchema,
  SCIM_ERRORS,
  scimAnswer,
  scimJson,
} from "./answers.ts";
import { BY_DIRECTORY, body, listQuery, OTHER_VERSION, pageOf, params, TAGS, wantedQuery } from "./common.ts";
import { type Kind, totalRow } from "./kind.ts";
import { ignoredIn } from "./known.ts";
import { noteNotKept } from "./notes.ts";
import { readPatch } from "./patch.ts";

/** How often a change that demands no version begins again because another one came first. */
const MAX_ATTEMPTS = 5;

function routesOf<Row extends { version: number }, Doc>({ name, path: last, maxBody, refuses, says }: Kind<Row, Doc>) {
  const path = `/scim/v2/${last}`;
  const one = { ...SCIM_ERRORS, 200: { description: "The resource.", content: scimJson(resourceSchema) } };
  const same = { 304: { description: "It is of the version that `If-None-Match` names." } };
  const writes = { ...BY_DIRECTORY, rate: "write", maxBody, refuses } as const;
  return {
    list: defineRoute(BY_DIRECTORY, {
      method: "get",
      path,
      operationId: `listScim${last}`,
      tags: TAGS,
      summary: says.list,
      request: { query: listQuery },
      responses: { ...SCIM_ERRORS, 200: { description: "A page.", content: scimJson(listSchema) } },
    }),
    create: defineRoute(writes, {
      method: "post",
      path,
      operationId: `createScim${name}`,
      tags: TAGS,
      summary: says.create,
      request: { body },
      responses: { ...SCIM_ERRORS, 201: { description: "Created.", content: scimJson(resourceSchema) } },
    }),
    read: defineRoute(
      { ...BY_DIRECTORY, refuses },
      {
        method: "get",
        path: `${path}/{id}`,
        operationId: `getScim${name}`,
        tags: TAGS,
        summary: says.read,
        request: { params, query: wantedQuery },
        responses: { ...one, ...same },
      },
    ),
    replace: defineRoute(writes, {
      method: "put",
      path: `${path}/{id}`,
      operationId: `replaceScim${name}`,
      tags: TAGS,
      summary: says.replace,
      request: { params, body },
      responses: one,
    }),
    patch: defineRoute(writes, {
      method: "patch",
      path: `${path}/{id}`,
      operationId: `patchScim${name}`,
      tags: TAGS,
      summary: says.patch,
      request: { params, body },
      responses: one,
    }),
    drop: defineRoute(
      { ...BY_DIRECTORY, rate: "write", refuses },
      {
        method: "delete",
        path: `${path}/{id}`,
        operationId: `deleteScim${name}`,
        tags: TAGS,
        summary: says.drop,
        request: { params },
        responses: { ...SCIM_ERRORS, 204: { description: "The directory speaks of it no more." } },
      },
    ),
  };
}

/** The routes of one kind of resources of a directory. */
export function resourceRoutes<Row extends { version: number }, Doc>(kind: Kind<Row, Doc>) {
  const routes = routesOf(kind);
  return newRouter()
    .openapi(routes.list, async (c) => {
      const query = c.req.valid("query");
      const { startIndex, count } = pageOf(query);
      const page = await pageFrom(c.env, kind, query.filter, startIndex - 1, count);
      if (!page.ok) return refused(c, page.refusal);
      const { rows, total } = page.value;
      const shown = await Promise.all(rows.map((row) => kind.view(c, row, query, "listed")));
      return scimAnswer(listOf(shown, total, startIndex));
    })
    .openapi(routes.create, async (c) => {
      const doc = readWhole(kind, c.req.valid("json"));
      if (!doc.ok) return refused(c, doc.refusal);
      const created = await kind.create(c, doc.value.doc);
      if (!created.ok) return refused(c, created.refusal);
      noteNotKept(c, doc.value.ignored);
      return changed(c, kind, created.value, 201);
    })
    .openapi(routes.read, async (c) => {
      const found = await kind.find(c.env, c.req.valid("param").id);
      if (!found.ok) return refused(c, found.refusal);
      const etag = etagOf(found.value);
      if (isKnownVersion(c, found.value)) return passOn(new Response(null, { status: 304, headers: { etag } }));
      return scimAnswer(await kind.view(c, found.value, c.req.valid("query"), "read"), 200, { etag });
    })
    .openapi(routes.replace, async (c) => {
      // What is sent is looked at first: whoever sends nonsense is told so, whomever it is about.
      const doc = readWhole(kind, c.req.valid("json"));
      if (!doc.ok) return refused(c, doc.refusal);
      const { id } = c.req.valid("param");
      return change(c, kind, id, doc.value.ignored, (row) => kind.replace(c, row, doc.value.doc));
    })
    .openapi(routes.patch, async (c) => {
      const patch = readPatch(kind.name, c.req.valid("json"));
      if (!patch.ok) return refused(c, patch.refusal);
      const { operations, ignored } = patch.value;
      return change(c, kind, c.req.valid("param").id, ignored, (row) => kind.patch(c, row, operations));
    })
    .openapi(routes.drop, async (c) => {
      const dropped = await onVersion(c, kind, c.req.valid("param").id, (row) => kind.drop(c, row));
      if (!dropped.ok) return refused(c, dropped.refusal);
      return c.body(null, 204);
    });
}

async function pageFrom<Row extends { version: number }, Doc>(
  env: Env,
  kind: Kind<Row, Doc>,
  filter: string | undefined,
  skip: number,
  count: number,
): Promise<Result<{ rows: Row[]; total: number }>> {
  if (filter !== undefined) {
    const found = await kind.search(env, filter);
    if (!found.ok) return found;
    return { ok: true, value: { rows: found.value.slice(skip, skip + count), total: found.value.length } };
  }
  const db = directory(env);
  const { total } = totalRow.parse(await kind.count(db).first());
  const { results } = await kind.page(db, count, skip).all<Row>();
  return { ok: true, value: { rows: results, total } };
}

/** A resource as it was sent, and which of its attributes are not kept. */
function readWhole<Row extends { version: number }, Doc>(
  kind: Kind<Row, Doc>,
  sent: Readonly<Record<string, unknown>>,
): Result<{ doc: Doc; ignored: string[] }> {
  const ignored = ignoredIn(kind.name, Object.entries(sent), "invalidSyntax");
  if (!ignored.ok) return ignored;
  const doc = kind.read(sent);
  return doc.ok ? { ok: true, value: { doc: doc.value, ignored: ignored.value } } : doc;
}

async function change<Row extends { version: number }, Doc>(
  c: AppContext,
  kind: Kind<Row, Doc>,
  id: string,
  ignored: readonly string[],
  act: (row: Row) => Promise<Result<Row>>,
): Promise<PassedOn> {
  const written = await onVersion(c, kind, id, act);
  if (!written.ok) return refused(c, written.refusal);
  noteNotKept(c, ignored);
  return changed(c, kind, written.value, 200);
}

/** Acts on a resource of the version that was demanded. Where none was, whoever comes second begins again. */
async function onVersion<Row extends { version: number }, Doc, T>(
  c: AppContext,
  kind: Kind<Row, Doc>,
  id: string,
  act: (row: Row) => Promise<Result<T>>,
): Promise<Result<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await kind.find(c.env, id);
    if (!found.ok) return found;
    if (isOtherVersion(c, found.value)) return OTHER_VERSION;
    const done = await act(found.value);
    const isLate = !done.ok && done.refusal.code === "concurrent_change" && c.req.header("if-match") === undefined;
    if (!isLate || attempt === MAX_ATTEMPTS) return done;
  }
}

async function changed<Row extends { version: number }, Doc>(
  c: AppContext,
  kind: Kind<Row, Doc>,
  row: Row,
  status: 200 | 201,
): Promise<PassedOn> {
  const location = locationOf(c, kind.path, kind.idOf(row));
  const headers = { etag: etagOf(row), ...(status === 201 ? { location } : {}) };
  return scimAnswer(await kind.view(c, row, {}, status === 201 ? "made" : "changed"), status, headers);
}
