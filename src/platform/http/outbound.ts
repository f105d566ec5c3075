import { ok, type Result, refuse } from "../results.ts";

// Fetches from addresses that users of the service chose. Such a fetch must not reach what only this service can reach.
// So each address is checked before each request, also after redirects, by its name and by the IP addresses of that
// name.

const MAX_REDIRECTS = 3;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Names of a local machine or network (RFC 6761, RFC 6762, RFC 8375, and common practice). */
const HOUSE_NAMES = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "lan",
  "home.arpa",
  "corp",
  "home",
  "test",
  "invalid",
  "onion",
];

/** IP addresses of a name. @throws if they cannot be found. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Why an address may not be fetched; null: its form is fine. */
export type AddressCheck = (address: string) => { rule: string; message: string } | null;

export interface FetchBounds {
  maxBytes: number;
  timeoutMs: number;
}

/** An IPv4 address as one number; null if the text is none. */
function ipv4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** Ranges outside the public network (IANA IPv4 Special-Purpose Address Registry), as [start, bits]. */
const CLOSED_V4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** The eight groups of an IPv6 address; null if the text is none. */
function ipv6(text: string): number[] | null {
  if (!text.includes(":")) return null;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const last = dotted === null ? null : ipv4(dotted[2] ?? "");
  const plain =
    dotted === null || last === null
      ? text
      : `${dotted[1]}${Math.floor(last / 65_536).toString(16)}:${(last % 65_536).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return null;
  const groupsOf = (half: string) => (half === "" ? [] : half.split(":"));
  const [head, tail] = [groupsOf(halves[0] ?? ""), groupsOf(halves[1] ?? "")];
  const zeros = halves.length === 2 ? 8 - head.length - tail.length : 0;
  if (zeros < 0) return null;
  const groups = [...head, ...Array.from({ length: zeros }, () => "0"), ...tail];
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => Number.parseInt(group, 16));
}

/** Whether a text is an IP address of the public network. */
function isPublicAddress(address: string): boolean {
  const four = ipv4(address);
  if (four !== null) {
    return !CLOSED_V4.some(([start, bits]) => {
      const size = 2 ** (32 - bits);
      return Math.floor(four / size) === Math.floor((ipv4(start) ?? 0) / size);
    });
  }
  const six = ipv6(address);
  if (six === null) return false;
  const [a = 0, b = 0] = six;
  // Only global unicast (2000::/3) is public; but not addresses that contain an IPv4 address (6to4) or are for
  // documents.
  if (a < 0x2000 || a > 0x3fff) return false;
  return a !== 0x2002 && !(a === 0x2001 && (b === 0xdb8 || b < 0x200)) && a !== 0x3fff;
}

/** A receiver on the same machine: only in a local installation, where developers try things. */
function isLoopback(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
}

/**
 * Why an address may not be posted to; null: its form is fine.
 * @param allowsLoopback true in a local installation.
 */
export function receiverFault(text: string, allowsLoopback: boolean): { rule: string; message: string } | null {
  return allowsLoopback && isLoopback(text) ? null : addressFault(text);
}

/**
 * Why an address may not be fetched, as a rule and a sentence; null: its form is fine. The IP addresses of its name are
 * checked later.
 */
export function addressFault(text: string): { rule: string; message: string } | null {
  const url = URL.parse(text);
  if (url === null) return { rule: "invalid_url", message: "This is no address." };
  if (url.protocol !== "https:") return { rule: "not_https", message: "The address must begin with https://." };
  if (url.username !== "" || url.password !== "") {
    return {
      rule: "has_password",
      message: "The address must not contain a user or a password: set the token instead.",
    };
  }
  if (url.port !== "") return { rule: "port", message: "The address must have no port: only 443 is used." };
  const name = url.hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const isAddress = ipv4(name) !== null || name.includes(":");
  const isHouse = HOUSE_NAMES.some((house) => name === house || name.endsWith(`.${house}`));
  if (isAddress ? !isPublicAddress(name) : isHouse || !name.includes(".")) {
    return { rule: "private_address", message: "The address is not one of the public network." };
  }
  return null;
}

/**
 * Fetches an https address that a user chose.
 *
 * @param headers sent to the first origin only: a redirect to another one does not get them.
 * @param check checks addresses; default {@link addressFault}.
 * @returns the bytes; `invalid_input` with the rule that the address, a redirect or the answer broke.
 */
export async function fetchPublic(
  address: string,
  headers: Readonly<Record<string, string>>,
  { maxBytes, timeoutMs }: FetchBounds,
  resolve: Resolve,
  check: AddressCheck = addressFault,
): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const signal = AbortSignal.timeout(timeoutMs);
  const origin = URL.parse(address)?.origin;
  let next = address;
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const closed = check(next) ?? (await nameFault(next, resolve));
      if (closed !== null) return faulty(closed.rule, closed.message);
      const sent = URL.parse(next)?.origin === origin ? headers : {};
      const answer = await fetch(next, { headers: sent, redirect: "manual", signal });
      if (!REDIRECTS.includes(answer.status)) return await bodyOf(answer, maxBytes);
      await answer.body?.cancel();
      const to = URL.parse(answer.headers.get("location") ?? "", next);
      if (to === null) return faulty("redirect", "The server redirects to nowhere.");
      next = to.href;
    }
  } catch (fault) {
    return unanswered(fault, signal, timeoutMs);
  }
  return faulty("redirect", `The server redirects more than ${MAX_REDIRECTS} times.`);
}

interface Posted {
  headers: Readonly<Record<string, string>>;
  body: string;
  timeoutMs: number;
  /** True in a local installation: messages may be posted to the same machine. */
  allowsLoopback: boolean;
}

/**
 * Posts to an address that a user chose. Redirects are not followed, and the body of the answer is not read.
 *
 * @returns the answer; `invalid_input` with the rule if there is none, because of the address, the IP addresses of its
 * name, or a server that did not answer in time.
 */
export async function postPublic(
  address: string,
  { headers, body, timeoutMs, allowsLoopback }: Posted,
  resolve: Resolve,
): Promise<Result<{ status: number; retryAfter: string | null }>> {
  const isLocal = allowsLoopback && isLoopback(address);
  const check: AddressCheck = isLocal ? () => null : addressFault;
  const request = { method: "POST", headers, body };
  return exchange(address, request, timeoutMs, isLocal ? null : resolve, check, async (answer) => {
    await answer.body?.cancel();
    return ok({ status: answer.status, retryAfter: answer.headers.get("retry-after") });
  });
}

/** @param resolve null: the name is not looked up. @param read reads the answer, within the same time. */
async function exchange<T>(
  address: string,
  request: { method: string; headers: Readonly<Record<string, string>>; body?: string },
  timeoutMs: number,
  resolve: Resolve | null,
  check: AddressCheck,
  read: (answer: Response) => Promise<Result<T>>,
): Promise<Result<T>> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const closed = check(address) ?? (resolve === null ? null : await nameFault(address, resolve));
    if (closed !== null) return faulty(closed.rule, closed.message);
    return await read(await fetch(address, { ...request, redirect: "manual", signal }));
  } catch (fault) {
    return unanswered(fault, signal, timeoutMs);
  }
}

function unanswered(fault: unknown, signal: AbortSignal, timeoutMs: number): Result<never> {
  if (signal.aborted) return faulty("timeout", `The server took more than ${timeoutMs / 1_000} s.`);
  const name = fault instanceof Error ? fault.name : "unknown";
  return faulty("unreachable", `The server could not be reached: ${name}.`);
}

async function nameFault(address: string, resolve: Resolve): Promise<{ rule: string; message: string } | null> {
  const name = URL.parse(address)?.hostname ?? "";
  if (name.startsWith("[") || ipv4(name) !== null) return null;
  const found = await resolve(name);
  if (found.length === 0) return { rule: "unknown_name", message: "The name of the server is not known." };
  if (found.every(isPublicAddress)) return null;
  return { rule: "private_address", message: "The name leads to an address that is not of the public network." };
}

async function bodyOf(answer: Response, maxBytes: number): Promise<Result<Uint8Array<ArrayBuffer>>> {
  if (!answer.ok) {
    await answer.body?.cancel();
    return faulty("status", `The server answered ${answer.status}.`);
  }
  return bytesOf(answer, maxBytes);
}

async function bytesOf(answer: Response, maxBytes: number): Promise<Result<Uint8Array<ArrayBuffer>>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) return faulty("too_large", `The file has more than ${maxBytes} bytes.`);
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return ok(whole);
}

function faulty(rule: string, message: string): Result<never> {
  return refuse("invalid_input", { errors: [{ path: "address", rule, message }] });
}

/**
 * Asks the platform's resolver over HTTPS (RFC 8484, its JSON form), because a Worker has no other. Both kinds of
 * addresses.
 */
export const resolveOverHttps: Resolve = async (name) => {
  const asked = await Promise.all(
    ["A", "AAAA"].map(async (type) => {
      const query = new URLSearchParams({ name, type });
      const answer = await fetch(`https://cloudflare-dns.com/dns-query?${query}`, {
        headers: { accept: "application/dns-json" },
        signal: AbortSignal.timeout(5_000),
      });
      if (!answer.ok) throw new Error(`the resolver answered ${answer.status}`);
      const body: unknown = await answer.json();
      const rows = typeof body === "object" && body !== null ? Reflect.get(body, "Answer") : undefined;
      return Array.isArray(rows) ? rows.map(addressIn).filter((found) => found !== null) : [];
    }),
  );
  return asked.flat();
};

/** Types 1 (A) and 28 (AAAA) are addresses; others, such as names, are left out. */
function addressIn(row: unknown): string | null {
  if (typeof row !== "object" || row === null) return null;
  const [type, data]: [unknown, unknown] = [Reflect.get(row, "type"), Reflect.get(row, "data")];
  return (type === 1 || type === 28) && typeof data === "string" ? data : null;
}

/** A server's answer, whatever its status. */
export interface PublicAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

/**
 * Sends a request with any method to an https address that another system named. Redirects are not followed, because
 * the content is only for that address.
 *
 * @returns the answer, whatever its status; `invalid_input` with the rule if the address is refused or there is no
 * answer.
 */
export async function askPublic(
  address: string,
  request: { method: string; headers: Readonly<Record<string, string>>; body?: string },
  { maxBytes, timeoutMs }: FetchBounds,
  resolve: Resolve,
  check: AddressCheck = addressFault,
): Promise<Result<PublicAnswer>> {
  return exchange(address, request, timeoutMs, resolve, check, async (answer) => {
    const body = await bytesOf(answer, maxBytes);
    return body.ok ? ok({ status: answer.status, headers: answer.headers, body: body.value }) : body;
  });
}
