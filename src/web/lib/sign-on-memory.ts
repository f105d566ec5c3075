// The data of a sign-in with an identity provider while the browser is at the provider. It stays in this tab.

const keyOf = (provider: string) => `latchkey.sign-on.${provider}`;

export function keepFlow(provider: string, flow: string): void {
  try {
    sessionStorage.setItem(keyOf(provider), flow);
  } catch {
    // Without storage nobody is signed in after coming back, and the page says so.
  }
}

/** The stored data; it can be read once. */
export function takeFlow(provider: string): string | null {
  try {
    const flow = sessionStorage.getItem(keyOf(provider));
    sessionStorage.removeItem(keyOf(provider));
    return flow;
  } catch {
    return null;
  }
}
