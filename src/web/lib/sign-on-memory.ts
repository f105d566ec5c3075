// What belongs to a sign-in with an identity provider while the browser is there: it stays in this tab.

const keyOf = (provider: string) => `latchkey.sign-on.${provider}`;

export function keepFlow(provider: string, flow: string): void {
  try {
    sessionStorage.setItem(keyOf(provider), flow);
  } catch {
    // Without storage nobody comes back signed in, and the page says so.
  }
}

/** What was kept, once. */
export function takeFlow(provider: string): string | null {
  try {
    const flow = sessionStorage.getItem(keyOf(provider));
    sessionStorage.removeItem(keyOf(provider));
    return flow;
  } catch {
    return null;
  }
}
