import { env, exports } from "cloudflare:workers";
import { z } from "zod";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";

export const API = "http://latchkey.test/api/v1";
export interface Call {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
  /** Address the request comes from; default one of its own, so that calls do not share a limit by accident. */
  from?: string;
}

/** The request of a {@link Call}. */
export function request(method: string, path: string, { body, token, headers, from }: Call = {}): Request {
  return new Request(`${API}${path}`, {
    method,
    headers: {
      "cf-connecting-ip": from ?? crypto.randomUUID(),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Calls the Worker through its fetch handler. */
export function call(method: string, path: string, options: Call = {}): Promise<Response> {
  return exports.default.fetch(request(method, path, options));
}

/** An access token like those of the command line: it belongs to no session. */
export function tokenOf(user: string, role: Role = "learner"): Promise<string> {
  return mintAccessToken(env.AUTH_SECRET, { sub: user, role, session: null });
}

/** Code and detail of a problem document; throws when the answer is not one with this status. */
export async function problem(answer: Response, status: number) {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${text}`);
  const type = answer.headers.get("content-type");
  // Directories get the errors of SCIM, which say the same besides.
  if (type !== "application/problem+json; charset=utf-8" && type !== "application/scim+json") {
    throw new Error(`not a problem document: ${text}`);
  }
  return problemSchema.parse(JSON.parse(text));
}

const problemSchema = z.object({
  code: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
  request_id: z.string().min(1),
});

/** The body of an answer, checked; throws when the status differs. */
export async function read<T>(answer: Response, status: number, schema: z.ZodType<T>): Promise<T> {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${text}`);
  return schema.parse(JSON.parse(text));
}

/** How many statements a request sent to D1, as its Server-Timing header says. */
export function d1Queries(answer: Response): number {
  const count = /d1;desc="(\d+) queries"/.exec(answer.headers.get("server-timing") ?? "")?.[1];
  if (count === undefined) throw new Error("the answer has no Server-Timing of D1");
  return Number(count);
}

/** A route's path below /api/v1 with something of the right form in the place of each parameter. */
export function filledPath(path: string): string {
  return path
    .replace("/api/v1", "")
    .replace("{enrollment}", "demo:ada")
    .replace("{submission}", `demo:ada:${"0".repeat(32)}`)
    .replace(/\{(item|chapter|problem)\}/, "demo.x")
    .replace(/\{version\}/, "1")
    .replace(/\{\w+\}/g, "demo");
}
