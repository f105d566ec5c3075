import { isLocal } from "../../mail/index.ts";
import { addressFault } from "../../platform/http/outbound.ts";

// Requests to a provider. An admin names it, and its discovery document names the rest: each address is looked at.

const TIMEOUT_MS = 8_000;
/** Far above any discovery document, token or set of claims. */
const MAX_BYTES = 512 * 1_024;

/** Why a provider cannot be at this address; null: its form is fine. On a local installation it may be on this machine. */
export function providerFault(env: Env, address: string): { rule: string; message: string } | null {
  const url = URL.parse(address);
  const isHere = url !== null && ["localhost", "127.0.0.1"].includes(url.hostname) && url.protocol === "http:";
  return isHere && isLocal(env) ? null : addressFault(address);
}

interface Options {
  method: string;
  headers: Record<string, string>;
  body?: BodyInit | undefined;
}

/** Sends a request to a provider, bounded in time and bytes; follows no redirect. @throws where it must not be sent. */
export function fetchOf(env: Env): (address: string, options: Options) => Promise<Response> {
  return async (address, { method, headers, body }) => {
    const fault = providerFault(env, address);
    if (fault !== null) throw new Error(`${fault.rule}: ${fault.message}`);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sent = { method, headers, redirect: "manual", signal } as const;
    const answer = await fetch(address, body === undefined ? sent : { ...sent, body });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of answer.body ?? []) {
      size += part.byteLength;
      if (size > MAX_BYTES) throw new Error("the provider's answer is too large");
      parts.push(part);
    }
    const { status } = answer;
    const isEmpty = status === 204 || status === 304;
    return new Response(isEmpty ? null : await new Blob(parts).bytes(), { status, headers: answer.headers });
  };
}
