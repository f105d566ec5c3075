import { useAccountText } from "../../i18n/account.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useUser } from "../../session/hooks.ts";
import { useAccount } from "./api.ts";
import { DataPart } from "./data.tsx";
import { PasskeyPart } from "./passkeys.tsx";
import { EmailPart, LanguagePart, NamePart, PasswordPart } from "./profile.tsx";
import { SecondFactorPart } from "./second-factor.tsx";
import { DevicePart, SessionPart } from "./sessions.tsx";

/** Everything that a user decides about their own account. */
export default function AccountPage() {
  const text = useAccountText();
  const user = useUser();
  const account = useAccount();
  if (user === null) return null;
  return (
    <Page title={text.title} lead={<p>{text.lead}</p>}>
      {account.isPending ? <Loading /> : null}
      {account.isError ? <FaultNote fault={account.error} retry={() => void account.refetch()} /> : null}
      <div className="account-parts">
        <NamePart user={user} />
        <LanguagePart />
        {account.data === undefined ? null : (
          <>
            <EmailPart user={user} account={account.data} />
            <PasswordPart account={account.data} />
            <PasskeyPart account={account.data} />
            <SecondFactorPart account={account.data} />
            <SessionPart />
            <DevicePart account={account.data} />
          </>
        )}
        <DataPart user={user} />
      </div>
    </Page>
  );
}
