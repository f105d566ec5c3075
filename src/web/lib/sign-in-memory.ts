// What the sign-in page remembers: the typed address, in this tab, and that this browser is trusted.

const EMAIL = "latchkey.sign-in-email";
const DEVICES = "latchkey.devices";
/** The limit of addresses with remembered trust: people share browsers, but not with many. */
const MOST = 10;

/** The address that was typed last in this tab. */
export function typedEmail(): string {
  try {
    return sessionStorage.getItem(EMAIL) ?? "";
  } catch {
    return "";
  }
}

export function rememberEmail(email: string): void {
  try {
    sessionStorage.setItem(EMAIL, email);
  } catch {
    // Storage may be forbidden: then it is typed again after a reload.
  }
}

function devices(): [email: string, token: string][] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(DEVICES) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((pair: unknown): [string, string][] =>
      Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string" ? [[pair[0], pair[1]]] : [],
    );
  } catch {
    return [];
  }
}

/** The token that this browser got when an account trusted it. */
export function deviceToken(email: string): string | undefined {
  return devices().find(([known]) => known === email.toLowerCase())?.[1];
}

export function rememberDevice(email: string, token: string): void {
  const others = devices().filter(([known]) => known !== email.toLowerCase());
  try {
    localStorage.setItem(DEVICES, JSON.stringify([[email.toLowerCase(), token], ...others].slice(0, MOST)));
  } catch {
    // Then the code is asked for again.
  }
}
