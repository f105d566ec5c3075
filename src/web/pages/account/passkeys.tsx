import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { knowsPasskeys, makePasskey, PasskeyRefusedError } from "../../lib/passkeys.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { type Account, useAccountWrite } from "./api.ts";
import { Part, PartForm, PasswordField, textIn } from "./part.tsx";

type Options = Answer<"/api/v1/auth/passkeys/options", "post">;

/** The passkeys of the account. */
export function PasskeyPart({ account }: { account: Account }) {
  const text = useAccountText();
  const lang = useLanguage();
  const add = useAccountWrite(async ({ name, password }: { name: string; password: string | undefined }) => {
    const { challenge, options } = await request<Options>("/auth/passkeys/options", {
      method: "POST",
      body: { password },
    });
    const credential = await makePasskey(options);
    await request("/auth/passkeys", { method: "POST", query: { lang }, body: { challenge, name, credential } });
  });
  const remove = useAccountWrite((id: string) =>
    request(`/auth/passkeys/${id}`, { method: "DELETE", query: { lang } }),
  );
  const isCancelled = add.error instanceof PasskeyRefusedError;
  return (
    <Part title={text.passkeys} hint={text.passkeysHint}>
      {account.passkeys.length === 0 ? <p>{text.noPasskeys}</p> : null}
      <ul className="members">
        {account.passkeys.map(({ id, name, synced, last_used_at }) => (
          <li key={id}>
            <span>
              {name} {synced ? <span className="tag">{text.synced}</span> : null}{" "}
              <span className="fine">
                {last_used_at === null ? text.neverUsed : text.usedAt(formatInstant(last_used_at, lang))}
              </span>
            </span>
            <span className="actions">
              <button
                type="button"
                className="button is-small"
                aria-label={`${text.remove}: ${name}`}
                onClick={() => {
                  if (window.confirm(text.removeSure(name))) remove.mutate(id);
                }}
              >
                {text.remove}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {remove.isError ? <FaultNote fault={remove.error} /> : null}
      {knowsPasskeys() ? (
        <PartForm
          label={text.addPasskey}
          write={{ ...add, isError: add.isError && !isCancelled }}
          done={text.saved}
          onSubmit={(form, element) =>
            add.mutate(
              {
                name: textIn(form, "name").trim(),
                password: account.has_password ? textIn(form, "password") : undefined,
              },
              { onSuccess: () => element.reset() },
            )
          }
        >
          <label className="field">
            <span>{text.passkeyName}</span>
            <input name="name" required maxLength={60} autoComplete="off" />
          </label>
          {account.has_password ? <PasswordField label={text.yourPassword} name="password" /> : null}
          {isCancelled ? <p role="alert">{text.passkeyFailed}</p> : null}
        </PartForm>
      ) : null}
    </Part>
  );
}
