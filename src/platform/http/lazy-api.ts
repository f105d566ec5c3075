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
  /** What its paths look like. It may say yes to more than the feature serves, never to less. */
  readonly covers: RegExp;
  read(): Promise<Mount>;
}

/**
 * A feature of the API. What `read` imports is evaluated when the first request for it comes, and not at the start.
 * @param beginnings of its paths, whole segments; `*` stands for any one, and `$` at the end for nothing after it.
 * @param read imports the router, and says how it is added.
 */
export function lazily(beginnings: readonly string[], read: () => Promise<Mount>): Feature {
  const sources = beginnings.map((beginning) => {
    const source = beginning.replaceAll(".", "\\.").replaceAll("*", "[^/]+");
    return source.endsWith("$") ? source : `${source}(?:/|$)`;
  });
  return { covers: new RegExp(`^(?:${sources.join("|")})`), read: readOnce(read) };
}

/** A feature below /api/v1, whose paths are given without it. */
export function inApi(beginnings: readonly string[], read: () => Promise<App>): Feature {
  const paths = beginnings.map((beginning) => API + beginning);
  return lazily(paths, async () => {
    const router = await read();
    return (app) => app.route(API, router);
  });
}

/**
 * The API of which features are read as they are asked for. Each app holds the features that were read by then, in the
 * order in which they are listed, so that which route answers does not depend on what was asked for before.
 */
export class LazyApi {
  readonly #features: readonly Feature[];
  readonly #build: (mounts: readonly Mount[]) => App;
  readonly #read = new Map<Feature, Mount>();
  readonly #covers: RegExp;
  #app: App | null = null;
  /** What the paths of features look like that were not read yet; null: there are none. */
  #missing: RegExp | null;

  /** @param build makes an app that serves what was read, and says "not found" to all else. */
  constructor(features: readonly Feature[], build: (mounts: readonly Mount[]) => App) {
    this.#features = features;
    this.#build = build;
    this.#missing = covering(features);
    this.#covers = this.#missing ?? /$^/;
  }

  /** Answers a request, once every feature that may serve its path has been read. */
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

  /** Reads every feature: what describes or walks the API needs all routes. */
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
