import type { RouteConfig } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { type FieldError, type Refusal, refuse } from "../results.ts";
import { respond } from "./answers.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { jsonFaults } from "./json-faults.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Accepts a JSON body exactly as it was sent, or not at all. Bytes that are not UTF-8, and everything that {@link
 * jsonFaults} finds, would be changed before a schema sees them. The route alone refuses faults within one row of a
 * batch, see {@link rowFault}.
 */
export async function takeJson(c: AppContext, rows: string | null): Promise<Refusal | null> {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(c.req.header("content-type") ?? "")?.[1] ?? "utf-8";
  if (!/^utf-?8$/i.test(charset)) {
    return refuse("unsupported_media_type", { detail: "JSON must be UTF-8 (RFC 8259)." }).refusal;
  }
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    const at = firstBadByte(bytes);
    const message = `byte ${at} does not begin a UTF-8 character`;
    return refuse("malformed_json", { errors: [{ path: "", rule: "utf8", message }] }).refusal;
  }
  if (!parses(text)) return null; // the route reports it
  const faults = jsonFaults(text);
  if (faults.length === 0) return null;
  const rowFaults = new Map<number, FieldError>();
  const whole: FieldError[] = [];
  const inRow = rows === null ? null : new RegExp(`^${RegExp.escape(rows)}\\[(\\d+)\\]\\.?(.*)$`, "s");
  for (const fault of faults) {
    const [, index, path = ""] = inRow?.exec(fault.path) ?? [];
    if (index === undefined) whole.push(fault);
    else if (!rowFaults.has(Number(index))) rowFaults.set(Number(index), { ...fault, path });
  }
  if (whole.length > 0) return refuse("invalid_input", { errors: whole }).refusal;
  c.set("rowFaults", rowFaults);
  return null;
}

/** The part of one row of a batch that would have been changed, with its path in the row; null: none. */
export function rowFault(c: AppContext, row: number): FieldError | null {
  return c.get("rowFaults")?.get(row) ?? null;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The place of the first byte that belongs to no character, found by halving. */
function firstBadByte(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length];
  while (good < bad) {
    const middle = Math.floor((good + bad) / 2);
    // A prefix may end inside a character, which is not a fault.
    if (isUtf8Start(bytes.subarray(0, middle + 1))) good = middle + 1;
    else bad = middle;
  }
  return good;
}

function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

export function takesJson(config: RouteConfig): boolean {
  return config.request?.body?.content["application/json"] !== undefined;
}

/** Whether a route works both with a JSON body and without one. */
export function bodyMayBeAbsent(config: RouteConfig): boolean {
  return takesJson(config) && config.request?.body?.required !== true;
}

/**
 * A body of no bytes is no body, whatever type its header names: some clients set the type of every request. The
 * request continues without the header, because the validators would expect JSON text.
 */
export const dropEmptyBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { raw } = c.req;
  const isEmpty = raw.body === null || (await c.req.arrayBuffer()).byteLength === 0;
  if (!isEmpty && !isJson(c)) return respond(c, refuse("unsupported_media_type").refusal);
  if (isEmpty && raw.headers.has("content-type")) {
    const headers = new Headers(raw.headers);
    headers.delete("content-type");
    c.req.raw = new Request(raw.url, { method: raw.method, headers });
  }
  return next();
};

export function isJson(c: AppContext): boolean {
  return /^application\/(.+\+)?json\s*(;|$)/i.test(c.req.header("content-type") ?? "");
}

export function hasBody(c: AppContext): boolean {
  return c.req.raw.body !== null && c.req.header("content-length") !== "0";
}
