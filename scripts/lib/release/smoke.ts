import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/**
 * Tries of one check: a version that answers nothing must stop here, one that fails now and then is for the release
 * check.
 */
const TRIES = 3;
const PAUSE_MS = 500;
const TIMEOUT_MS = 15_000;

interface Check {
  path: string;
  status: number;
  type: RegExp;
  /** What the body must say. */
  body?: (text: string) => boolean;
}

const problemSchema = z.looseObject({ code: z.string(), request_id: z.string().min(1) });
const says = (schema: z.ZodType) => (text: string) => schema.safeParse(JSON.parse(text)).success;

/** Reads only: a version with 0 % of the requests may be asked anything that changes nothing. */
const CHECKS: readonly Check[] = [
  { path: "/health", status: 200, type: /json/, body: says(z.looseObject({ status: z.string() })) },
  { path: "/openapi.json", status: 200, type: /json/, body: says(z.looseObject({ openapi: z.string() })) },
  { path: "/docs", status: 200, type: /text\/html/ },
  { path: "/", status: 200, type: /text\/html/ },
  { path: "/api/v1/courses", status: 401, type: /problem\+json/, body: says(problemSchema) },
  { path: "/api/v1/nothing-here", status: 404, type: /problem\+json/, body: says(problemSchema) },
];
/** With a token the way to D1 and to the objects is walked too. */
const WITH_TOKEN: readonly Check[] = [
  {
    path: "/api/v1/courses?limit=1",
    status: 200,
    type: /json/,
    body: says(z.looseObject({ results: z.array(z.unknown()) })),
  },
];

/**
 * Asks a version a few things, whatever its share of the requests: of the edge, and of the back through it.
 * @param versions headers that ask for it by name, see `overrides`; none asks whichever answers.
 * @returns what went wrong; empty when all is well.
 */
export async function smoke(
  url: string,
  { versions: headers = {}, token }: { versions?: Record<string, string>; token?: string | undefined },
): Promise<string[]> {
  const failed: string[] = [];
  for (const check of CHECKS) failed.push(...(await passes(url, check, headers)));
  if (token !== undefined) {
    for (const check of WITH_TOKEN) {
      failed.push(...(await passes(url, check, { ...headers, authorization: `Bearer ${token}` })));
    }
  }
  return failed;
}

async function passes(url: string, check: Check, headers: Record<string, string>): Promise<string[]> {
  let fault = "";
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    fault = await once(url, check, headers).catch((reason: unknown) => String(reason));
    if (fault === "") return [];
    if (attempt < TRIES) await sleep(PAUSE_MS);
  }
  return [`${check.path}: ${fault}`];
}

async function once(
  url: string,
  { path, status, type, body }: Check,
  headers: Record<string, string>,
): Promise<string> {
  const answer = await fetch(`${url}${path}`, { headers, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await answer.text();
  if (answer.status !== status) return `${answer.status} instead of ${status}`;
  if (!type.test(answer.headers.get("content-type") ?? "")) return `is ${answer.headers.get("content-type")}`;
  return body === undefined || body(text) ? "" : `says something else: ${text.slice(0, 200)}`;
}
