import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import type { Edge } from "./edge.ts";
import type { Running, VersionRuntime } from "./runtime.ts";
import { type Account, ApiError, metadataSchema, type Script, type Version } from "./state.ts";

// The part of Cloudflare's REST API that wrangler 4.155 and our own scripts use, with the answers and refusals that
// wrangler's source expects. An address nobody has written is 404 and stands in `unknown`.

interface Call {
  params: string[];
  query: URLSearchParams;
  request: Request;
}
type Handler = (call: Call) => Promise<unknown> | unknown;

const deploymentBody = z.looseObject({
  versions: z.array(z.object({ version_id: z.string(), percentage: z.number() })),
  annotations: z.record(z.string(), z.string()).default({}),
});
const queryBody = z.looseObject({ sql: z.string(), params: z.array(z.unknown()).default([]) });

export class PlatformApi {
  readonly server: Server;
  /** Calls in order: method and path. */
  readonly calls: string[] = [];
  readonly unknown: string[] = [];
  readonly #account: Account;
  readonly #runtime: VersionRuntime;
  readonly #edge: Edge;
  readonly #routes: [string, RegExp, Handler][] = [];

  constructor(account: Account, runtime: VersionRuntime, edge: Edge) {
    this.#account = account;
    this.#runtime = runtime;
    this.#edge = edge;
    this.#scriptRoutes();
    this.#uploadRoutes();
    this.#resourceRoutes();
    this.server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing));
  }

  #on(method: string, path: string, handler: Handler): void {
    const pattern = path.replace(/:\w+/g, "([^/]+)");
    this.#routes.push([method, new RegExp(`^/accounts/[^/]+${pattern}$`), handler]);
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://api.test");
    const path = url.pathname.replace(/^\/client\/v4/, "");
    const method = incoming.method ?? "GET";
    this.calls.push(`${method} ${path}`);
    const reply = (status: number, body: unknown) => {
      outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    try {
      for (const [verb, pattern, handler] of this.#routes) {
        const match = verb === method ? pattern.exec(path) : null;
        if (match === null) continue;
        const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
        const hasBody = method !== "GET" && method !== "HEAD";
        const request = new Request(url, {
          method,
          headers,
          ...(hasBody ? { body: await bytesOf(incoming) } : {}),
        });
        const params = match.slice(1).map(decodeURIComponent);
        const result = await handler({ params, query: url.searchParams, request });
        if (result instanceof Response) outgoing.writeHead(result.status).end(await result.text());
        else reply(200, { success: true, errors: [], messages: [], ...envelope(result) });
        return;
      }
      this.unknown.push(`${method} ${path}`);
      throw new ApiError(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`);
    } catch (fault) {
      const known = fault instanceof ApiError ? fault : new ApiError(500, 10013, String(fault));
      reply(known.status, {
        success: false,
        errors: [{ code: known.code, message: known.message }],
        messages: [],
        result: null,
      });
    }
  }

  #scriptRoutes(): void {
    const account = this.#account;
    this.#on("GET", "/workers/services/:name", ({ params: [name = ""] }) => {
      const script = account.script(name);
      const live = {
        id: name,
        tag: script.tag,
        tags: script.settings.tags ?? null,
        last_deployed_from: script.lastDeployedFrom,
      };
      return { id: name, default_environment: { environment: "production", script: live } };
    });
    this.#on("GET", "/workers/scripts/:name/settings", ({ params: [name = ""] }) => {
      const script = account.script(name);
      return { bindings: script.versions.at(-1)?.bindings ?? [] };
    });
    this.#on("PATCH", "/workers/scripts/:name/script-settings", async ({ params: [name = ""], request }) => {
      Object.assign(account.script(name).settings, await request.json());
      return account.script(name).settings;
    });
    this.#on("GET", "/workers/scripts/:name/secrets", ({ params: [name = ""] }) =>
      [...account.script(name).secrets.keys()].map((secret) => ({ name: secret, type: "secret_text" })),
    );
    this.#on("PUT", "/workers/scripts/:name/secrets", async ({ params: [name = ""], request }) => {
      const secret = z.looseObject({ name: z.string(), text: z.string() }).parse(await request.json());
      account.script(name).secrets.set(secret.name, secret.text);
      return { name: secret.name, type: "secret_text" };
    });
    this.#on("GET", "/workers/scripts/:name/versions", ({ params: [name = ""] }) => ({
      items: account.script(name).versions.toReversed().slice(0, 100).map(versionView),
    }));
    this.#on("GET", "/workers/scripts/:name/versions/:id", ({ params: [name = "", id = ""] }) =>
      versionView(account.version(account.script(name), id)),
    );
    this.#on("GET", "/workers/scripts/:name/deployments", ({ params: [name = ""] }) => ({
      deployments: account
        .script(name)
        .deployments.slice(0, 10)
        .map((one) => ({ ...one, source: "wrangler", strategy: "percentage" })),
    }));
    this.#on("POST", "/workers/scripts/:name/deployments", async ({ params: [name = ""], query, request }) => {
      const script = account.script(name);
      const { versions, annotations } = deploymentBody.parse(await request.json());
      const deployment = account.deploy(script, versions, annotations, query.get("force") === "true");
      await this.#settle();
      return deployment;
    });
    this.#on("GET", "/workers/workers/:name", ({ params: [name = ""] }) => ({
      id: account.script(name).tag,
      name,
      subdomain: { enabled: true, previews_enabled: true },
    }));
    this.#on("GET", "/workers/scripts/:name/subdomain", () => ({ enabled: true, previews_enabled: true }));
    this.#on("POST", "/workers/scripts/:name/subdomain", () => ({ enabled: true, previews_enabled: true }));
    this.#on("GET", "/workers/subdomain", () => ({ subdomain: "fake" }));
    this.#on("PUT", "/workers/scripts/:name/schedules", async ({ request }) => ({ schedules: await request.json() }));
    this.#on("GET", "/workers/scripts/:name/schedules", () => ({ schedules: [] }));
    this.#on("GET", "/workflows", () => []);
  }

  #uploadRoutes(): void {
    const account = this.#account;
    this.#on("POST", "/workers/scripts/:name/assets-upload-session", async ({ request }) => {
      const { manifest } = z
        .looseObject({ manifest: z.record(z.string(), z.looseObject({ hash: z.string() })) })
        .parse(await request.json());
      const jwt = fakeJwt();
      account.manifests.set(jwt, manifest);
      const missing = Object.values(manifest).flatMap(({ hash }) => (account.assets.has(hash) ? [] : [hash]));
      return { jwt, buckets: missing.length === 0 ? [] : [[...new Set(missing)]] };
    });
    this.#on("POST", "/workers/assets/upload", async ({ request }) => {
      const form = await request.formData();
      for (const [hash, part] of form) {
        const body = Buffer.from(typeof part === "string" ? part : await part.text(), "base64");
        account.assets.set(hash, { body, type: typeof part === "string" ? "text/html" : part.type });
      }
      return { jwt: request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "" };
    });
    this.#on("POST", "/workers/scripts/:name/versions", async ({ params: [name = ""], request }) => {
      const version = await this.#upload(account.script(name), request, "upload");
      return {
        ...versionView(version),
        startup_time_ms: 1,
        metadata: { ...versionView(version).metadata, has_preview: false },
      };
    });
    this.#on("PUT", "/workers/scripts/:name", async ({ params: [name = ""], request }) => {
      const script = account.ensureScript(name);
      const version = await this.#upload(script, request, "deploy");
      account.deploy(script, [{ version_id: version.id, percentage: 100 }], {}, true);
      await this.#settle();
      return {
        id: name,
        etag: version.id,
        tag: script.tag,
        deployment_id: version.id.replaceAll("-", ""),
        startup_time_ms: 1,
      };
    });
  }

  async #upload(script: Script, request: Request, how: "upload" | "deploy"): Promise<Version> {
    const form = await request.formData();
    const given = form.get("metadata");
    const metadata = metadataSchema.parse(
      JSON.parse(typeof given === "string" ? given : ((await given?.text()) ?? "")),
    );
    const modules = new Map<string, Uint8Array>();
    for (const [name, part] of form) {
      if (name !== "metadata" && typeof part !== "string") modules.set(name, new Uint8Array(await part.arrayBuffer()));
    }
    return this.#account.addVersion(script, metadata, modules, how);
  }

  /** Brings the runtime to the current deployments. Objects move to a version when it has every request. */
  async #settle(): Promise<void> {
    const running = [...this.#account.scripts.values()].flatMap((script) => {
      const versions = this.#account.liveVersions(script);
      const whole = script.deployments
        .flatMap((one) => one.versions)
        .find(({ percentage, version_id }) => percentage === 100 && versions.some(({ id }) => id === version_id));
      const main = versions.find(({ id }) => id === whole?.version_id) ?? versions[0];
      return main === undefined ? [] : [{ script, versions, main }];
    });
    // A version that lost its share may go on running: only what is missing, or another home of the objects, needs a start.
    const isRunning = running.every(({ script, versions, main }) => {
      const before = this.#running.find((one) => one.script === script);
      return before?.main === main && versions.every((version) => before.versions.includes(version));
    });
    if (isRunning) return;
    this.#running = running;
    await this.#edge.hold(() => this.#run());
  }
  #running: readonly Running[] = [];

  #run(): Promise<void> {
    return this.#runtime.run(this.#running, (script, request) => this.#edge.call(script, request));
  }

  #resourceRoutes(): void {
    const account = this.#account;
    const d1 = ({ name, id }: { name: string; id: string }) => ({ uuid: id, name, version: "production" });
    this.#on("GET", "/d1/database", () => account.databases.list().map(d1));
    this.#on("POST", "/d1/database", async ({ request }) => {
      const { name } = z.looseObject({ name: z.string() }).parse(await request.json());
      const id = account.databases.create(name);
      await this.#run();
      return d1({ name, id });
    });
    this.#on("GET", "/d1/database/:id", ({ params: [id = ""] }) => {
      const found = account.databases.find(id);
      if (found === null) throw new ApiError(404, 7404, `The database ${id} could not be found`);
      return d1(found);
    });
    this.#on("POST", "/d1/database/:id/query", async ({ params: [id = ""], request }) => {
      const { sql, params } = queryBody.parse(await request.json());
      return this.#query(id, sql, params);
    });
    const kinds = [
      ["/storage/kv/namespaces", account.namespaces, "title"],
      ["/r2/buckets", account.buckets, "name"],
      ["/queues", account.queues, "queue_name"],
    ] as const;
    for (const [path, resources, key] of kinds) {
      const view = ({ name, id }: { name: string; id: string }) => ({
        [key]: name,
        ...(key === "queue_name" ? { queue_id: id, producers: [], consumers: [] } : { id }),
      });
      this.#on("GET", path, ({ query }) => {
        const asked = query.getAll("name");
        const all = resources.list().filter(({ name }) => asked.length === 0 || asked.includes(name));
        return key === "name" ? { buckets: all.map(view) } : all.map(view);
      });
      this.#on("POST", path, async ({ request }) => {
        const name = z.looseObject({ [key]: z.string() }).parse(await request.json())[key];
        return view({ name: String(name), id: resources.create(String(name)) });
      });
      this.#on("GET", `${path}/:name`, ({ params: [name = ""] }) => {
        const found = resources.find(name);
        if (found === null) throw new ApiError(404, 10006, `There is no ${name}`);
        return view(found);
      });
    }
    this.#on("GET", "/queues/:id/consumers", () => []);
    this.#on("POST", "/queues/:id/consumers", async ({ request }) => request.json());
    this.#on("PUT", "/queues/:id/consumers/:consumer", async ({ request }) => request.json());
  }

  /** Statements as D1's API takes them: several in one text are one transaction. */
  async #query(id: string, sql: string, params: readonly unknown[]): Promise<unknown> {
    const database = await this.#runtime.database(id);
    const statements = splitSql(sql);
    try {
      const prepared = statements.map((statement, at) =>
        at === 0 && params.length > 0 ? database.prepare(statement).bind(...params) : database.prepare(statement),
      );
      const results = await database.batch(prepared);
      return results.map(({ results: rows, meta }) => ({ results: rows, success: true, meta }));
    } catch (fault) {
      throw new ApiError(400, 7500, fault instanceof Error ? fault.message : String(fault));
    }
  }
}

/** Splits at semicolons outside of quotes, comments and triggers; what D1 itself does before it runs a batch. */
export function splitSql(sql: string): string[] {
  const statements: string[] = [];
  let current = "";
  const token = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|[^;'"/-]+|[/-]/g;
  for (const [piece] of sql.matchAll(token)) {
    if (piece.startsWith("--") || piece.startsWith("/*")) continue;
    const isInTrigger = /\bCREATE\s+(TEMP\s+)?TRIGGER\b/i.test(current) && !/\bEND\s*$/i.test(current);
    if (piece !== ";" || isInTrigger) current += piece;
    else {
      statements.push(current.trim());
      current = "";
    }
  }
  return [...statements, current.trim()].filter((statement) => statement !== "");
}

function versionView({ id, number, createdAt, metadata, bindings, secrets, modules }: Version) {
  return {
    id,
    number,
    metadata: {
      created_on: createdAt,
      modified_on: createdAt,
      source: "wrangler",
      author_email: "someone@example.org",
    },
    annotations: metadata.annotations,
    resources: {
      script: { etag: id, handlers: ["fetch", "queue", "scheduled"], modules: [...modules.keys()] },
      script_runtime: { compatibility_date: metadata.compatibility_date, usage_model: "standard" },
      bindings: [...bindings, ...[...secrets.keys()].map((name) => ({ name, type: "secret_text" }))],
    },
  };
}

/** What makes the envelope of an answer: lists that wrangler reads page by page carry where they stand. */
function envelope(result: unknown): object {
  if (!Array.isArray(result)) return { result };
  const count = result.length;
  return { result, result_info: { page: 1, per_page: 1_000, count, total_count: count, total_pages: 1 } };
}

/** Looks like the token of an upload session; wrangler reads its expiry. */
function fakeJwt(): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return `${encode({ alg: "none" })}.${encode({ exp, id: randomUUID() })}.x`;
}

async function bytesOf(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}
