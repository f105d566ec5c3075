import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

/**
 * The least a Worker can do on this runtime, to be measured beside the product: a route that returns bytes, an object
 * that returns bytes, an object that writes one row. No token, no rule, no log.
 */
interface BaselineEnv {
  BARE: DurableObjectNamespace<BareObject>;
}

/** Returns what it was given, and writes one row. */
export class BareObject extends DurableObject<BaselineEnv> {
  #payload: string | null = null;

  constructor(ctx: DurableObjectState, env: BaselineEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS payload (one INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS done (item TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID");
  }

  put(body: string): void {
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO payload (one, body) VALUES (1, ?)", body);
    this.#payload = body;
  }

  read(): string {
    this.#payload ??= this.ctx.storage.sql.exec<{ body: string }>("SELECT body FROM payload").one().body;
    return this.#payload;
  }

  write(item: string): number {
    const at = Date.now();
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO done (item, at) VALUES (?, ?)", item, at);
    return at;
  }
}

/** Stands in for an enrollment object that cannot answer, so that the fallback to D1 can be measured. */
export class BrokenObject extends DurableObject<BaselineEnv> {
  read(): never {
    throw new Error("this object is broken on purpose");
  }
}

const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };
let shared = "";

const app = new Hono<{ Bindings: BaselineEnv }>()
  .get("/hono", (c) => c.body(shared, 200, JSON_HEADERS))
  .put("/hono", async (c) => {
    shared = await c.req.text();
    return c.body(null, 204);
  });

export default {
  async fetch(request, env, ctx) {
    const [, kind = "", name = "", item = ""] = new URL(request.url).pathname.split("/");
    if (kind === "hono") return app.fetch(request, env, ctx);
    const stub = env.BARE.get(env.BARE.idFromName(name));
    if (kind !== "object") return new Response(null, { status: 404 });
    if (request.method === "GET") return new Response(await stub.read(), { headers: JSON_HEADERS });
    if (request.method === "POST") {
      return new Response(JSON.stringify({ at: await stub.write(item) }), { headers: JSON_HEADERS });
    }
    await stub.put(await request.text());
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<BaselineEnv>;
