/** Whether this browser makes and shows passkeys in the form that the API accepts. */
export function knowsPasskeys(): boolean {
  return (
    typeof PublicKeyCredential !== "undefined" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  );
}

/** The browser has refused, or its user has cancelled. The browser does not say which. */
export class PasskeyRefusedError extends Error {
  override readonly name = "PasskeyRefusedError";
}

async function asked(ask: () => Promise<Credential | null>): Promise<unknown> {
  const credential = await ask().catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyRefusedError("no passkey");
  return credential.toJSON();
}

/** Makes a passkey. @param options as the API gives them. @throws PasskeyRefusedError. */
export function makePasskey(options: object): Promise<unknown> {
  // SAFETY: the API's options are those of this very dictionary, and the browser checks each of them.
  const json = options as PublicKeyCredentialCreationOptionsJSON;
  return asked(async () =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json) }),
  );
}

/** Shows a passkey. @param options as the API gives them. @throws PasskeyRefusedError. */
export function showPasskey(options: object): Promise<unknown> {
  // SAFETY: see above.
  const json = options as PublicKeyCredentialRequestOptionsJSON;
  return asked(async () =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json) }),
  );
}
