import { useState } from "react";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useLanguage } from "../../i18n/index.ts";
import { useWaysText } from "../../i18n/ways.ts";
import { BackupCodes } from "../../parts/backup-codes.tsx";
import { QrCode } from "../../parts/qr.tsx";
import { type Account, type Codes, type SetUp, useAccountWrite } from "./api.ts";
import { Part, PartForm, PasswordField, textIn } from "./part.tsx";

function CodeField() {
  const text = useAccountText();
  return (
    <label className="field">
      <span>{text.factorCode}</span>
      <input name="code" required maxLength={40} autoComplete="one-time-code" autoCapitalize="none" />
    </label>
  );
}

/** Codes of an app: set up, switched off, and backup codes. */
export function SecondFactorPart({ account }: { account: Account }) {
  const text = useAccountText();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { enabled } = account.second_factor;
  return (
    <Part title={text.secondFactor}>
      {codes === null ? null : <BackupCodes codes={codes} done={() => setCodes(null)} />}
      {enabled ? <Switched account={account} onCodes={setCodes} /> : <SetItUp account={account} onCodes={setCodes} />}
    </Part>
  );
}

interface Given {
  account: Account;
  onCodes: (codes: readonly string[]) => void;
}

function SetItUp({ account, onCodes }: Given) {
  const text = useAccountText();
  const ways = useWaysText();
  const lang = useLanguage();
  const [setUp, setSetUp] = useState<SetUp | null>(null);
  const begin = useAccountWrite((password: string | undefined) =>
    request<SetUp>("/auth/second-factor", { method: "POST", body: { password } }),
  );
  const confirm = useAccountWrite(async (code: string) => {
    const body = { code };
    const answer = await request<Codes>("/auth/second-factor/confirm", { method: "POST", query: { lang }, body });
    // Here, and not when it has ended: by then this form is gone, because the factor is on.
    onCodes(answer.backup_codes);
  });
  if (setUp === null) {
    return (
      <>
        <p>{text.factorOff}</p>
        <PartForm
          label={text.factorSetUp}
          write={begin}
          onSubmit={(form) =>
            begin.mutate(account.has_password ? textIn(form, "password") : undefined, { onSuccess: setSetUp })
          }
        >
          {account.has_password ? <PasswordField label={text.yourPassword} name="password" /> : null}
        </PartForm>
      </>
    );
  }
  return (
    <>
      <p>{text.factorScan}</p>
      <QrCode text={setUp.uri} label={ways.qr} />
      <p className="fine">
        {ways.setupKey} <code className="key">{setUp.secret}</code>
      </p>
      <PartForm
        label={text.factorConfirm}
        write={confirm}
        onSubmit={(form) => confirm.mutate(textIn(form, "code").trim())}
      >
        <CodeField />
      </PartForm>
    </>
  );
}

function Switched({ account, onCodes }: Given) {
  const text = useAccountText();
  const lang = useLanguage();
  const { required, backup_codes_left: left } = account.second_factor;
  const renew = useAccountWrite((code: string) =>
    request<Codes>("/auth/second-factor/backup-codes", { method: "POST", body: { code } }),
  );
  const remove = useAccountWrite((code: string) =>
    request("/auth/second-factor", { method: "DELETE", query: { lang }, body: { code } }),
  );
  return (
    <>
      <p>{text.factorOn(left)}</p>
      <PartForm
        label={text.factorRenew}
        write={renew}
        onSubmit={(form, element) =>
          renew.mutate(textIn(form, "code").trim(), {
            onSuccess: ({ backup_codes }) => {
              element.reset();
              onCodes(backup_codes);
            },
          })
        }
      >
        <CodeField />
      </PartForm>
      {required ? (
        <p className="fine">{text.factorMust}</p>
      ) : (
        <PartForm
          label={text.factorRemove}
          isDanger
          write={remove}
          onSubmit={(form) => remove.mutate(textIn(form, "code").trim())}
        >
          <CodeField />
        </PartForm>
      )}
    </>
  );
}
