/** Returns the bearer token. `refresh` asks for a new one, because the server refused the last one. */
export type GetToken = (options?: { refresh: boolean }) => string | null | Promise<string | null>;

/**
 * The owner of this token, to keep each user's cursor apart: the `sub` of a JWT. It is not verified, because it grants
 * no rights.
 */
export function userOfToken(token: string | null): string {
  const payload = token?.split(".")[1];
  if (payload === undefined) return "anonymous";
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims === "object" && claims !== null && "sub" in claims && typeof claims.sub === "string") {
      return claims.sub;
    }
  } catch {
    // Not a JWT.
  }
  return "anonymous";
}

/** The value, unless the signal is aborted first: if a token never arrives, the call must still end. */
export function orAborted<T>(value: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error("aborted"));
    if (signal?.aborted === true) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    Promise.resolve(value)
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener("abort", abort));
  });
}
