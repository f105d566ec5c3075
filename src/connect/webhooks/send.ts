import type { HookEvent } from "../../hooks/index.ts";
import { postPublic, type Resolve, resolveOverHttps } from "../../platform/http/outbound.ts";
import { toInstant } from "../../platform/instants.ts";
import { ANSWER_MS } from "./limits.ts";
import type { Sign } from "./secrets.ts";

/** What came of one try. gone: the receiver wants no more. down: it cannot answer now; no: it refuses this one. */
export interface Tried {
  outcome: "delivered" | "gone" | "down" | "no";
  status: number | null;
  error: string | null;
  /** Seconds that the receiver asks for. */
  retryAfter: number | null;
  ms: number;
}

/** Answers by which a receiver says that it cannot take anything now. */
const isDown = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500;

/** Names are asked for once in this time: each delivery is checked, and one run makes many within a second. */
const NAMES_MS = 10_000;

/** A resolver that remembers for a moment. */
export function shortMemory(resolve: Resolve = resolveOverHttps): Resolve {
  const known = new Map<string, { at: number; found: Promise<readonly string[]> }>();
  return (name) => {
    const entry = known.get(name);
    if (entry !== undefined && Date.now() - entry.at < NAMES_MS) return entry.found;
    const found = resolve(name);
    known.set(name, { at: Date.now(), found });
    return found;
  };
}

/** The body of a delivery, the same at each try. */
export function bodyOf({ type, at, data }: Pick<HookEvent, "type" | "at" | "data"> | Ping): string {
  return JSON.stringify({ type, timestamp: toInstant(at), data });
}

interface Ping {
  type: "ping";
  at: number;
  data: object;
}

/** Sends one event, once. */
export async function sendEvent(
  env: Env,
  url: string,
  sign: Sign,
  { id, body }: { id: string; body: string },
  resolve: Resolve,
): Promise<Tried> {
  const begun = Date.now();
  const at = new Date(begun);
  const headers = {
    "content-type": "application/json",
    "user-agent": "Latchkey-Webhooks/1",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(begun / 1_000)),
    "webhook-signature": sign(id, at, body),
  };
  const allowsLoopback = env.ENVIRONMENT === "local";
  const answer = await postPublic(url, { headers, body, timeoutMs: ANSWER_MS, allowsLoopback }, resolve);
  const ms = Date.now() - begun;
  if (!answer.ok) {
    const [first] = answer.refusal.errors ?? [];
    return { outcome: "down", status: null, error: first?.message ?? answer.refusal.code, retryAfter: null, ms };
  }
  const { status } = answer.value;
  if (status >= 200 && status < 300) return { outcome: "delivered", status, error: null, retryAfter: null, ms };
  const error = `The receiver answered ${status}.`;
  const outcome = status === 410 ? "gone" : isDown(status) ? "down" : "no";
  return { outcome, status, error, retryAfter: secondsOf(answer.value.retryAfter ?? ""), ms };
}

/** Seconds that `Retry-After` asks for, which it says itself or by an instant (RFC 9110, section 10.2.3); null: none. */
function secondsOf(asked: string): number | null {
  const seconds = /^\d+$/.test(asked) ? Number(asked) : (Date.parse(asked) - Date.now()) / 1_000;
  return seconds > 0 ? seconds : null;
}
