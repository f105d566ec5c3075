import type { OpenAPIHono } from "@hono/zod-openapi";
import { getPathNoStrict } from "hono/utils/url";
import { readOnce } from "../late.ts";
import type { AppEnv } from "./context.ts";

type App = OpenAPIHono<AppEnv>;

const API = "/api/v1";

/** Adds the routes of one feature to the app. */
export type Mount = (app: App) => unknown;

/** A part of the API that is evaluated with the first request below its paths. */
export interface Feature {
  /** Which paths it has. It may accept more than the feature serves, but never less. */
  readonly covers: RegExp;
  read(): Promise<Mount>;
}

/**
 * A feature of the API. The modules that `read` imports are evaluated with the first request for the feature, and not
 * at the start.
 * @param beginnings of its paths, whole segments; `*` matches any one, and `$` at the end means that nothing follows.
 * @param read imports the router, and says how to add it.
 */
export function lazily(beginnings: readonly string[], read: () => Promise<Mount>): Feature {
  const sources = beginnings.map((beginning) => {
    const source = beginning.replaceAll(".", "\\.").replaceAll("*", "[^/]+");
    return source.endsWith("$") ? source : `${source}(?:/|$)`;
  });
  return { covers: new RegExp(`^(?:${sources.join("|")})`), read: readOnce(read) };
}

/** A feature below /api/v1; its paths are given without that prefix. */
export function inApi(beginnings: readonly string[], read: () => Promise<App>): Feature {
  const paths = beginnings.map((beginning) => API + beginning);
  return lazily(paths, async () => {
    const router = await read();
    return (app) => app.route(API, router);
  });
}

/**
 * The API, with features that are loaded on demand. Each app has the features loaded so far, in their listed order, so
 * that the route that answers does not depend on earlier requests.
 */
export class LazyApi {
  readonly #features: readonly Feature[];
  readonly #build: (mounts: readonly Mount[]) => App;
  readonly #read = new Map<Feature, Mount>();
  readonly #covers: RegExp;
  #app: App | null = null;
  /** Which paths belong to features that are not loaded yet; null: all are loaded. */
  #missing: RegExp | null;

  /** @param build makes an app with the loaded features; it answers "not found" to anything else. */
  constructor(features: readonly Feature[], build: (mounts: readonly Mount[]) => App) {
    this.#features = features;
    this.#build = build;
    this.#missing = covering(features);
    this.#covers = this.#missing ?? /$^/;
  }

  /** Answers a request, after loading every feature that may serve its path. */
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> {
    const path = getPathNoStrict(request);
    if (this.#missing?.test(path) !== true) return this.#current().fetch(request, env, context);
    const features = this.#features.filter(({ covers }) => covers.test(path));
    return this.#readAll(features).then(() => this.#current().fetch(request, env, context));
  }

  /** Whether a feature may serve this path. */
  covers(path: string): boolean {
    return this.#covers.test(path);
  }

  /** Loads every feature, for code that describes or walks the whole API. */
  async whole(): Promise<App> {
    await this.#readAll(this.#features);
    return this.#current();
  }

  async #readAll(features: readonly Feature[]): Promise<void> {
    for (const feature of features) {
      if (this.#read.has(feature)) continue;
      const mount = await feature.read();
      if (this.#read.has(feature)) continue;
      this.#read.set(feature, mount);
      this.#missing = covering(this.#features.filter((one) => !this.#read.has(one)));
      this.#app = null;
    }
  }

  #current(): App {
    this.#app ??= this.#build(this.#features.flatMap((feature) => this.#read.get(feature) ?? []));
    return this.#app;
  }
}

function covering(features: readonly Feature[]): RegExp | null {
  return features.length === 0 ? null : new RegExp(features.map(({ covers }) => covers.source).join("|"));
}
