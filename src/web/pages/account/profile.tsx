import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { choose, type Language } from "../../lib/preferences.ts";
import { Segments } from "../../parts/segments.tsx";
import { session, type User } from "../../session/store.ts";
import { type Account, useAccountWrite } from "./api.ts";
import { Part, PartForm, PasswordField, textIn } from "./part.tsx";

export function NamePart({ user }: { user: User }) {
  const text = useAccountText();
  const save = useAccountWrite(async (name: string) => {
    await request(`/users/${encodeURIComponent(user.id)}`, { method: "PATCH", body: { name } });
    await session.renew();
  });
  return (
    <Part title={text.name}>
      <PartForm label={text.save} write={save} done={text.saved} onSubmit={(form) => save.mutate(textIn(form, "name"))}>
        <label className="field">
          <span>{text.name}</span>
          <input name="name" required maxLength={100} autoComplete="name" defaultValue={user.name} />
        </label>
      </PartForm>
    </Part>
  );
}

export function EmailPart({ user, account }: { user: User; account: Account }) {
  const text = useAccountText();
  const lang = useLanguage();
  const ask = useAccountWrite((body: { email: string; password?: string }) =>
    request("/auth/email", { method: "POST", query: { lang }, body }),
  );
  const confirm = useAccountWrite(() =>
    request("/auth/email", { method: "POST", query: { lang }, body: { email: user.email } }),
  );
  return (
    <Part title={text.email}>
      <p>
        {user.email} <span className="tag">{account.email_verified ? text.verified : text.unverified}</span>
      </p>
      {account.email_verified ? null : (
        <PartForm
          label={text.sendConfirmation}
          write={confirm}
          done={text.mailSent}
          onSubmit={() => confirm.mutate(undefined)}
        />
      )}
      <PartForm
        label={text.changeEmail}
        write={ask}
        done={text.mailSent}
        onSubmit={(form) =>
          ask.mutate({
            email: textIn(form, "email").trim(),
            ...(account.has_password ? { password: textIn(form, "password") } : {}),
          })
        }
      >
        <label className="field">
          <span>{text.newEmail}</span>
          <input name="email" type="email" required maxLength={254} autoComplete="email" />
        </label>
        {account.has_password ? <PasswordField label={text.yourPassword} name="password" /> : null}
      </PartForm>
    </Part>
  );
}

export function PasswordPart({ account }: { account: Account }) {
  const text = useAccountText();
  const messages = useMessages();
  const change = useAccountWrite((body: { password: string; new_password: string }) =>
    request("/auth/password", { method: "POST", body }),
  );
  if (!account.has_password) {
    return (
      <Part title={text.password}>
        <p>{text.noPassword}</p>
      </Part>
    );
  }
  return (
    <Part title={text.password} hint={messages.passwordHint}>
      <PartForm
        label={text.changePassword}
        write={change}
        done={text.passwordChanged}
        onSubmit={(form, element) =>
          change.mutate(
            { password: textIn(form, "password"), new_password: textIn(form, "new_password") },
            { onSuccess: () => element.reset() },
          )
        }
      >
        <PasswordField label={text.oldPassword} name="password" />
        <PasswordField label={text.newPassword} name="new_password" isNew />
      </PartForm>
    </Part>
  );
}

const LANGUAGES: readonly (readonly [Language, string])[] = [
  ["en", "English"],
  ["zh", "中文"],
];

export function LanguagePart() {
  const text = useAccountText();
  const language = useLanguage();
  return (
    <Part title={text.language}>
      <Segments
        label={text.language}
        options={LANGUAGES}
        value={language}
        onChange={(next) => choose({ language: next })}
      />
    </Part>
  );
}
