import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** Where Cloudflare's API is, unless CLOUDFLARE_API_BASE_URL says otherwise (wrangler reads the same variable). */
const DEFAULT_BASE = "https://api.cloudflare.com/client/v4";
/** Attempts of one call; each of ours is harmless to repeat. */
const ATTEMPTS = 4;
/** Wait before the second attempt, milliseconds; doubles after. */
const BACKOFF_MS = 300;
const TIMEOUT_MS = 20_000;

const envelopeSchema = z.looseObject({
  success: z.boolean(),
  errors: z.array(z.looseObject({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
});
const serviceSchema = z.looseObject({
  default_environment: z.looseObject({ script: z.looseObject({ last_deployed_from: z.string().optional() }) }),
});
const secretsSchema = z.array(z.looseObject({ name: z.string() }));
const shareSchema = z.object({ version_id: z.string(), percentage: z.number() });
const deploymentSchema = z.looseObject({ id: z.string(), created_on: z.string(), versions: z.array(shareSchema) });
const versionSchema = z.looseObject({
  id: z.string(),
  metadata: z.looseObject({ created_on: z.string() }),
  annotations: z.record(z.string(), z.string()).default({}),
  resources: z.looseObject({
    bindings: z.array(
      z.looseObject({
        name: z.string(),
        type: z.string(),
        class_name: z.string().optional(),
        script_name: z.string().optional(),
      }),
    ),
  }),
});
const querySchema = z.array(z.looseObject({ results: z.array(z.record(z.string(), z.unknown())) }));

export type Share = z.output<typeof shareSchema>;
export type Deployment = z.output<typeof deploymentSchema>;
export type Version = z.output<typeof versionSchema>;

/** What the API refused, in its own words. */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  readonly status: number;
  /** Cloudflare's number of the error, 0 where it gave none. */
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A rollback would bring back a version whose secrets have been changed since. */
export const SECRETS_CHANGED = 10_220;
const NO_SUCH_WORKER = 10_007;

/** The calls of Cloudflare's API that a release is made of. */
export class Cloudflare {
  readonly #base: string;
  readonly #token: string;

  constructor(account: string, token: string, base: string = DEFAULT_BASE) {
    this.#base = `${base}/accounts/${account}`;
    this.#token = token;
  }

  /**
   * As the environment says, like wrangler: CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, CLOUDFLARE_API_BASE_URL.
   * @throws when account or token is missing.
   */
  static fromEnvironment(env: NodeJS.ProcessEnv): Cloudflare {
    const { CLOUDFLARE_ACCOUNT_ID: account, CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_API_BASE_URL: base } = env;
    if (!account || !token) {
      throw new Error("CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN must be set: nobody answers a sign-in here");
    }
    return new Cloudflare(account, token, base || DEFAULT_BASE);
  }

  /** Who uploaded last ("wrangler", "dash", "api"), or null when there is no such Worker yet. */
  async lastDeployedFrom(script: string): Promise<string | null> {
    try {
      const { default_environment } = await this.#call(`/workers/services/${script}`, serviceSchema);
      return default_environment.script.last_deployed_from ?? "wrangler";
    } catch (fault) {
      if (fault instanceof CloudflareError && (fault.code === NO_SUCH_WORKER || fault.status === 404)) return null;
      throw fault;
    }
  }

  async secretNames(script: string): Promise<string[]> {
    return (await this.#call(`/workers/scripts/${script}/secrets`, secretsSchema)).map(({ name }) => name);
  }

  /** Newest first. */
  async deployments(script: string): Promise<Deployment[]> {
    const schema = z.looseObject({ deployments: z.array(deploymentSchema) });
    return (await this.#call(`/workers/scripts/${script}/deployments`, schema)).deployments;
  }

  version(script: string, id: string): Promise<Version> {
    return this.#call(`/workers/scripts/${script}/versions/${id}`, versionSchema);
  }

  /**
   * Gives versions their shares of the requests, at once and everywhere.
   * @param options.force also when secrets have been changed since one of them was uploaded.
   */
  async deploy(
    script: string,
    versions: readonly Share[],
    message: string,
    options: { force?: boolean } = {},
  ): Promise<void> {
    const path = `/workers/scripts/${script}/deployments${options.force === true ? "?force=true" : ""}`;
    const annotations = { "workers/message": message.slice(0, 120) };
    await this.#call(path, z.unknown(), { strategy: "percentage", versions, annotations });
  }

  async databaseId(name: string): Promise<string> {
    const schema = z.looseObject({ uuid: z.string() });
    return (await this.#call(`/d1/database/${encodeURIComponent(name)}`, schema)).uuid;
  }

  /** Rows of one statement. */
  async query(database: string, sql: string, params: readonly string[] = []): Promise<Record<string, unknown>[]> {
    const results = await this.#call(`/d1/database/${database}/query`, querySchema, { sql, params });
    return results.at(-1)?.results ?? [];
  }

  async #call<T>(path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(path, schema, body);
      } catch (fault) {
        const isFinal = fault instanceof z.ZodError || (fault instanceof CloudflareError && fault.status < 500);
        if (isFinal || attempt >= ATTEMPTS) throw fault;
        await sleep(BACKOFF_MS * 2 ** (attempt - 1));
      }
    }
  }

  async #once<T>(path: string, schema: z.ZodType<T>, body: unknown): Promise<T> {
    const answer = await fetch(`${this.#base}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    const parsed = envelopeSchema.safeParse(parse(text));
    if (!parsed.success) throw new CloudflareError(answer.status, 0, `${path}: ${answer.status} ${text.slice(0, 200)}`);
    const { success, errors, result } = parsed.data;
    if (!success || !answer.ok) {
      const [first] = errors;
      throw new CloudflareError(answer.status, first?.code ?? 0, `${path}: ${first?.message ?? answer.status}`);
    }
    return schema.parse(result);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a gateway's page: the caller says what came instead
  }
}
